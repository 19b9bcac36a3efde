"""How calls are recorded: each way as a context manager, while it is open."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .calls import Calls

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanProcessor

MODES: Final = {
    "content": "prompts and answers recorded",
    "no-content": "without prompts and answers",
    "sampled-out": "sampled out",
    "suppressed": "suppressed",
    "no-sdk": "no SDK",
}
"""What is recorded, and what it is called."""
DISCARD: Final = "discard"
"""An export that forgets the spans. Other values: `mlflow`, a SQLite file; or the URL of an OTLP collector."""


class Setting(NamedTuple):
    """How calls are recorded."""

    mode: str = "content"
    """A key of MODES."""
    export: str = DISCARD


class Recording(NamedTuple):
    """Calls that are recorded, while it is open."""

    calls: Calls
    flush: Callable[[], object]
    """Waits until all that was recorded is exported."""


Record = Callable[[Calls, Sequence[str], Setting], AbstractContextManager[Recording]]
"""Takes the calls, the libraries that are to be instrumented, and the setting."""


class Discarded:
    """A span exporter that counts."""

    spans = 0

    def export(self, spans: Sequence[ReadableSpan]) -> Any:
        from opentelemetry.sdk.trace.export import SpanExportResult

        Discarded.spans += len(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Has nothing to end."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Has nothing to flush."""
        return True


def processor(export: str) -> SpanProcessor:
    """OpenTelemetry's own."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if export == DISCARD:
        # Exports when it is told to, which is when nothing is measured.
        exporter: Any = Discarded()
        waiting = 200_000
        return BatchSpanProcessor(exporter, waiting, schedule_delay_millis=3_600_000, max_export_batch_size=waiting)
    return BatchSpanProcessor(_exporter(export), max_queue_size=20_000)


def _exporter(export: str) -> SpanExporter:
    if export == "mlflow":
        from genspan.exporters.mlflow import MlflowSpanExporter

        return MlflowSpanExporter(_sqlite())
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(export)


@cache
def _sqlite() -> str:
    """A tracking URI."""
    return f"sqlite:///{Path(tempfile.mkdtemp()) / 'mlflow.db'}"


@cache
def provider(setting: Setting) -> TracerProvider:
    """OpenTelemetry's SDK, in the usual setup."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

    made = TracerProvider(sampler=ALWAYS_OFF if setting.mode == "sampled-out" else ALWAYS_ON)
    made.add_span_processor(processor(setting.export))
    return made


@contextmanager
def by_hand(calls: Calls, libraries: Sequence[str], setting: Setting) -> Iterator[Recording]:
    made = provider(setting)
    yield Recording(_calls_by_hand(setting, "openai" in libraries), made.force_flush)


@cache
def _calls_by_hand(setting: Setting, of_openai: bool) -> Calls:
    from opentelemetry import trace

    from .by_hand import CallsByHand

    tracers = trace if setting.mode == "no-sdk" else provider(setting)
    return CallsByHand(tracers.get_tracer("by hand"), setting.mode == "content", of_openai)


def instrumented(found: Mapping[str, str], stays: bool = False) -> Record:
    """By instrumentors of OpenTelemetry's kind, which are found at `module:class` for each library."""

    @contextmanager
    def recording(calls: Calls, libraries: Sequence[str], setting: Setting) -> Iterator[Recording]:
        made = provider(setting)
        with ExitStack() as undo:
            for instrumentor in (_instance(found[library]) for library in libraries):
                if not instrumentor.is_instrumented_by_opentelemetry:
                    instrumentor.instrument(skip_dep_check=True, tracer_provider=made)
                if not stays:
                    undo.callback(instrumentor.uninstrument)
            yield Recording(calls, made.force_flush)

    return recording


def _instance(found: str) -> Any:
    module, _, name = found.partition(":")
    return getattr(import_module(module), name)()


@contextmanager
def genspan(calls: Calls, libraries: Sequence[str], setting: Setting) -> Iterator[Recording]:
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    from genspan.instrumentation.langchain import LangChainInstrumentor
    from genspan.instrumentation.openai import OpenAIInstrumentor

    made = provider(setting)
    instrumentors = {"openai": OpenAIInstrumentor, "langchain": LangChainInstrumentor}
    with ExitStack() as undo:
        for instrumentor in (instrumentors[library]() for library in libraries):
            instrumentor.instrument(
                skip_dep_check=True,
                tracer_provider=None if setting.mode == "no-sdk" else made,
                capture="NO_CONTENT" if setting.mode == "no-content" else "SPAN_ONLY",
            )
            undo.callback(instrumentor.uninstrument)
        if setting.mode == "suppressed":
            undo.enter_context(suppress_instrumentation())
        yield Recording(calls, made.force_flush)


@cache
def _configured_logfire() -> Any:
    import logfire

    logfire.configure(
        send_to_logfire=False, console=False, additional_span_processors=[processor(DISCARD)], metrics=False
    )
    return logfire


@contextmanager
def logfire(calls: Calls, libraries: Sequence[str], setting: Setting) -> Iterator[Recording]:
    configured = _configured_logfire()
    with configured.instrument_openai():
        yield Recording(calls, configured.force_flush)


@contextmanager
def mlflow(calls: Calls, libraries: Sequence[str], setting: Setting) -> Iterator[Recording]:
    import mlflow

    mlflow.set_tracking_uri(_sqlite())
    flavors = [import_module(f"mlflow.{library}") for library in libraries]
    for flavor in flavors:
        flavor.autolog()
    try:
        yield Recording(calls, mlflow.flush_trace_async_logging)
    finally:
        for flavor in flavors:
            flavor.autolog(disable=True)
