"""What is compared: the spans written by hand, genspan, and the instrumentations of others."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Contender:
    """One way to record. Runs in a process of its own."""

    title: str
    recording: Callable[[Calls, str, Setting], AbstractContextManager[Recording]]
    """Takes the calls, the library that is to be instrumented, and the setting."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Those of its environment, beside SHARED, with their versions. None: it runs in the repository's own."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Library to the reason why it is not measured there."""
    modes: Sequence[str] = ("content",)
    exports: Sequence[str] = ()
    """Where it exports to where that is measured: `mlflow`, `otlp`."""
    export_threads: tuple[str, ...] = ("OtelBatchSpan",)
    """What the names of the threads that export start with."""
    stays: bool = False
    """Its `uninstrument` does not undo all. Bare calls are then measured in a process beside it."""
    fewer: int = 1
    """Work is done so many times less often: for a contender that takes very long."""
    counts: bool = True
    """Whether its spans can be counted."""
    overrides: Sequence[str] = ()
    """Requirements that stand whatever the packages ask for."""
    environ: Mapping[str, str] = field(default_factory=dict)


SHARED: Final = (
    "openai",
    "httpx2",
    "pydantic",
    "langchain",
    "langchain-core",
    "langchain-openai",
    "langgraph",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation",
    "opentelemetry-exporter-otlp-proto-http",
    "wrapt",
)
"""Packages that are the same in every environment: in the version that the repository's own has."""


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


def _processor(export: str) -> SpanProcessor:
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
    made.add_span_processor(_processor(setting.export))
    return made


@contextmanager
def _by_hand(calls: Calls, library: str, setting: Setting) -> Iterator[Recording]:
    made = provider(setting)
    yield Recording(_calls_by_hand(setting), made.force_flush)


@cache
def _calls_by_hand(setting: Setting) -> Calls:
    from opentelemetry import trace

    from .by_hand import CallsByHand

    tracers = trace if setting.mode == "no-sdk" else provider(setting)
    return CallsByHand(tracers.get_tracer("by hand"), content=setting.mode == "content")


def _instrumentor(openai: str, langchain: str, stays: bool = False) -> Any:
    """A `recording` by instrumentors of OpenTelemetry's kind, each as `module:class`."""
    found = {"openai": openai, "langchain": langchain}

    @contextmanager
    def recording(calls: Calls, library: str, setting: Setting) -> Iterator[Recording]:
        instrumentor, made = _instance(found[library]), provider(setting)
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(skip_dep_check=True, tracer_provider=made)
        try:
            yield Recording(calls, made.force_flush)
        finally:
            if not stays:
                instrumentor.uninstrument()

    return recording


def _instance(found: str) -> Any:
    module, _, name = found.partition(":")
    return getattr(import_module(module), name)()


@contextmanager
def _genspan(calls: Calls, library: str, setting: Setting) -> Iterator[Recording]:
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    from genspan.instrumentation.langchain import LangChainInstrumentor
    from genspan.instrumentation.openai import OpenAIInstrumentor

    made = provider(setting)
    instrumentor = {"openai": OpenAIInstrumentor, "langchain": LangChainInstrumentor}[library]()
    instrumentor.instrument(
        skip_dep_check=True,
        tracer_provider=None if setting.mode == "no-sdk" else made,
        capture="NO_CONTENT" if setting.mode == "no-content" else "SPAN_ONLY",
    )
    try:
        if setting.mode == "suppressed":
            with suppress_instrumentation():
                yield Recording(calls, made.force_flush)
        else:
            yield Recording(calls, made.force_flush)
    finally:
        instrumentor.uninstrument()


@cache
def _configured_logfire() -> Any:
    import logfire

    logfire.configure(
        send_to_logfire=False, console=False, additional_span_processors=[_processor(DISCARD)], metrics=False
    )
    return logfire


@contextmanager
def _logfire(calls: Calls, library: str, setting: Setting) -> Iterator[Recording]:
    logfire = _configured_logfire()
    with logfire.instrument_openai():
        yield Recording(calls, logfire.force_flush)


@contextmanager
def _mlflow(calls: Calls, library: str, setting: Setting) -> Iterator[Recording]:
    import mlflow

    mlflow.set_tracking_uri(_sqlite())
    flavor = import_module(f"mlflow.{library}")
    flavor.autolog()
    try:
        yield Recording(calls, mlflow.flush_trace_async_logging)
    finally:
        flavor.autolog(disable=True)


_OTEL: Final = "opentelemetry.instrumentation"
_OURS: Final = {"modes": tuple(MODES)}

CONTENDERS: Final[dict[str, Contender]] = {
    "hand-written": Contender("by hand", _by_hand, modes=[mode for mode in MODES if mode != "suppressed"]),
    "genspan": Contender("genspan", _genspan, modes=tuple(MODES), exports=("mlflow", "otlp")),
    "upstream": Contender(
        "upstream",
        _instrumentor(
            f"{_OTEL}.genai.openai:OpenAIInstrumentor",
            f"{_OTEL}.genai.langchain:LangChainInstrumentor",
        ),
        packages={
            "opentelemetry-instrumentation-genai-openai": "1.3b0",
            "opentelemetry-instrumentation-genai-langchain": "1.3b0",
        },
        exports=("otlp",),
        environ={
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        },
    ),
    "openinference": Contender(
        "OpenInference",
        _instrumentor(
            "openinference.instrumentation.openai:OpenAIInstrumentor",
            "openinference.instrumentation.langchain:LangChainInstrumentor",
        ),
        packages={
            "openinference-instrumentation-openai": "0.1.66",
            "openinference-instrumentation-langchain": "0.1.80",
        },
    ),
    "openllmetry": Contender(
        "OpenLLMetry",
        _instrumentor(
            f"{_OTEL}.openai:OpenAIInstrumentor",
            f"{_OTEL}.langchain:LangchainInstrumentor",
            stays=True,
        ),
        stays=True,
        packages={
            "opentelemetry-instrumentation-openai": "0.62.4",
            "opentelemetry-instrumentation-langchain": "0.62.4",
        },
    ),
    "logfire": Contender(
        "Logfire",
        _logfire,
        packages={"logfire": "5.4.0"},
        missing={"langchain": "has none for LangChain"},
        overrides=("certifi==2026.10.18",),
    ),
    "mlflow": Contender(
        "MLflow",
        _mlflow,
        exports=("mlflow",),
        export_threads=("MLflow", "Mlflow"),
        fewer=5,
        counts=False,
        environ={"MLFLOW_MODEL_CATALOG_URI": "", "MLFLOW_DISABLE_TELEMETRY": "true"},
    ),
}
