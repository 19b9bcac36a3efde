"""Spans as the exporter gets them, with times and ids of a test's choice, and the traces that MLflow's client reads."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND

OF_INGESTION = {"mlflow.trace.infoFinalized"}
"""Metadata that MLflow's server adds."""

SIZES = {"mlflow.trace.sizeStats", "mlflow.trace.sizeBytes"}
"""Metadata that is about the same whoever writes a trace, but not to the byte: see `sizes`."""

NOT_KEPT = ("kind", "flags")
"""What the SQLite store writes of a span beyond MLflow, and the server does not keep (3.17.2)."""


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def new_id() -> int:
    return uuid.uuid4().int


def span(
    trace: int,
    number: int = 1,
    parent: int | None = None,
    *,
    is_remote: bool = False,
    start: float = 0,
    end: float | None = 1,
    service: str = "shop",
    name: str | None = None,
    **more: Any,
) -> ReadableSpan:
    """A span that starts and ends so many seconds after a moment that is the same for all."""
    return ReadableSpan(
        name=name or f"span {number}",
        context=SpanContext(trace, number, is_remote=False),
        parent=SpanContext(trace, parent, is_remote=is_remote) if parent else None,
        resource=_resource(service),
        start_time=START + int(start * SECOND),
        end_time=None if end is None else START + int(end * SECOND),
        **more,
    )


@cache
def _resource(service: str) -> Resource:
    """The same for all spans of a process, as with the SDK."""
    return Resource({"service.name": service})


def chat(question: str, answer: str, tokens: int = 0, model: str = "house-model") -> dict[str, Any]:
    usage = {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": tokens} if tokens else {}
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": model,
        "gen_ai.input.messages": said("user", question),
        "gen_ai.output.messages": said("assistant", answer),
        **usage,
    }


def export(uri: str, *batches: Sequence[ReadableSpan]) -> None:
    """Each batch by an exporter of its own, as another process would."""
    for batch in batches:
        exporter = MlflowSpanExporter(uri)
        assert exporter.export(batch) is SpanExportResult.SUCCESS
        assert exporter.force_flush()
        exporter.shutdown()


def facts(trace: Any) -> dict[str, Any]:
    """All that MLflow's client tells of a trace, but for what depends on where it is stored."""
    whole: dict[str, Any] = trace.to_dict()
    info = whole["info"]
    info["tags"].pop("mlflow.artifactLocation")
    info["trace_metadata"] = {k: v for k, v in info["trace_metadata"].items() if k not in OF_INGESTION | SIZES}
    for stored in whole["data"]["spans"]:
        for key in NOT_KEPT:
            stored.pop(key, None)
        stored["attributes"] = {key: json.loads(text) for key, text in stored["attributes"].items()}
    return whole


def get(mlflow: Any, trace: int) -> Any:
    return mlflow.get_trace(f"tr-{trace:032x}")


def sizes(trace: Any) -> tuple[dict[str, int], dict[str, int]]:
    """What the metadata of a trace says of its size, and what MLflow's own exporter would say of it."""
    from mlflow.tracing.utils import add_size_stats_to_trace_metadata

    metadata = trace.info.trace_metadata
    stated = json.loads(metadata.pop("mlflow.trace.sizeStats"))
    assert metadata.pop("mlflow.trace.sizeBytes") == str(stated["total_size_bytes"])
    add_size_stats_to_trace_metadata(trace)
    return stated, json.loads(metadata["mlflow.trace.sizeStats"])


def of_sqlite(tmp_path: Path, trace: int, *batches: Sequence[ReadableSpan]) -> dict[str, Any]:
    """The same spans, written by the SQLite store and read by the same client."""
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/{uuid.uuid4().hex}.db"
    export(uri, *batches)
    return facts(get(MlflowClient(tracking_uri=uri), trace))
