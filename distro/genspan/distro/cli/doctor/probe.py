"""The app that `genspan doctor` starts under `opentelemetry-instrument`: makes a span, and tells what becomes of it.

`python -m genspan.distro.cli.doctor.probe <file for the answer>`. It knows nothing of click and rich.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util._importlib_metadata import entry_points

from genspan.exporters.content import behind
from genspan.exporters.mlflow import MlflowSpanExporter

NAME: Final = "genspan doctor"
"""Of the span."""
TRIES: Final = 200
"""Spans that are started until the sampler takes one."""
FLUSH_TIME: Final = 20_000
"""Milliseconds."""


class Watch(logging.Handler):
    """Remembers what is logged while one exporter is at work, in its thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[int, list[str]] = {}
        self.log: list[str] = []
        """All of it, from every thread."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        message = record.getMessage()
        self.log.append(message)
        self._said.setdefault(threading.get_ident(), []).append(message)

    def taken(self) -> list[str]:
        """What this thread has logged since it was asked last."""
        return self._said.pop(threading.get_ident(), [])


def main(answer: str) -> None:
    """Writes the answer, as JSON, to a file, and ends the process without waiting for anything."""
    told = _told()
    with open(f"{answer}.part", "w", encoding="utf-8") as file:
        json.dump(told, file)
    os.replace(f"{answer}.part", answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _told() -> dict[str, Any]:
    provider = trace.get_tracer_provider()
    told: dict[str, Any] = {"provider": type(provider).__qualname__, "active": sorted(_active()), "exports": []}
    if not isinstance(provider, TracerProvider):
        return told
    watch = Watch()
    logging.getLogger().addHandler(watch)
    exporters = list(_exporters(provider._active_span_processor))
    for exporter in exporters:
        _watched(exporter, watch, told["exports"])
    told["destinations"] = [_name(exporter) for exporter in exporters]
    sending = (behind(exporter) for exporter in exporters)
    told["tracking_uris"] = [one.tracking_uri for one in sending if isinstance(one, MlflowSpanExporter)]
    told["distro"] = provider.resource.attributes.get("telemetry.distro.name")
    told["sampler"] = provider.sampler.get_description()
    for _ in range(TRIES):
        span = trace.get_tracer("genspan.doctor").start_span(NAME)
        context = span.get_span_context()
        span.end()
        if context.trace_flags.sampled:
            told["trace_id"] = f"{context.trace_id:032x}"
            break
    told["flushed"] = provider.force_flush(FLUSH_TIME)
    for exporter in exporters:
        exporter.force_flush(FLUSH_TIME // 2)
    told["log"] = watch.log
    return told


def _active() -> Iterator[str]:
    """Names of the instrumentors that have been turned on."""
    for point in entry_points(group="opentelemetry_instrumentor"):
        module, _, name = point.value.partition(":")
        loaded = sys.modules.get(module)  # What was not loaded was not turned on.
        instrumentor = getattr(loaded, name, None)
        instance = getattr(instrumentor, "_instance", None)
        if instance is not None and getattr(instance, "is_instrumented_by_opentelemetry", False):
            yield point.name


def _exporters(processor: Any, depth: int = 4) -> Iterator[SpanExporter]:
    """The exporters at the end of span processors, one in another (opentelemetry-sdk 1.38 to 1.45)."""
    if depth == 0:
        return
    held = [
        *(getattr(processor, "_span_processors", None) or ()),
        *(getattr(processor, name, None) for name in ("_batch_processor", "_processor", "_wrapped", "_inner")),
    ]
    exporter = getattr(processor, "span_exporter", None) or getattr(processor, "_exporter", None)
    if isinstance(exporter, SpanExporter):
        yield exporter
        return
    for inner in held:
        if inner is not None:
            yield from _exporters(inner, depth - 1)


def _watched(exporter: SpanExporter, watch: Watch, exports: list[dict[str, Any]]) -> None:
    export = exporter.export

    def watched(spans: Sequence[ReadableSpan]) -> SpanExportResult:
        watch.taken()
        error = None
        try:
            result = export(spans)
        except Exception as raised:
            error, result = f"{type(raised).__name__}: {raised}", SpanExportResult.FAILURE
            raise
        finally:
            said = ([error] if error else []) + watch.taken()
            if any(span.name == NAME for span in spans):
                exports.append({"to": _name(exporter), "ok": result is SpanExportResult.SUCCESS, "said": said})
        return result

    exporter.export = watched  # type: ignore[method-assign]


def _name(exporter: SpanExporter) -> str:
    sending = type(behind(exporter))
    return f"{sending.__module__}.{sending.__qualname__}"


if __name__ == "__main__":
    main(sys.argv[1])
