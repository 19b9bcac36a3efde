"""A few spans of a trace, as OpenTelemetry's SDK ends them, and the traces that they make."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.translate import translate

START = 1_790_000_000_123_456_789


def span(
    trace: int = 1, id: int = 1, parent: int | None = None, remote: bool = False, **attributes: Any
) -> ReadableSpan:
    """A span of 100 ms; two underscores in the name of an attribute are a dot."""
    return ReadableSpan(
        name="root" if parent is None else f"span {id}",
        context=SpanContext(trace, id, is_remote=False),
        parent=None if parent is None else SpanContext(trace, parent, is_remote=remote),
        resource=Resource({"service.name": "shop"}),
        attributes={name.replace("__", "."): value for name, value in attributes.items()},
        start_time=START + id * 1_000_000,
        end_time=START + id * 1_000_000 + 100_000_000,
    )


def chat(trace: int = 1, id: int = 2, parent: int | None = 1, words: str = "hello", **more: Any) -> ReadableSpan:
    """A model call with the user's words, ten tokens of input and five of output."""
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": words}]}])
    usage = {"gen_ai__usage__input_tokens": 10, "gen_ai__usage__output_tokens": 5}
    return span(
        trace,
        id,
        parent,
        **{"gen_ai__operation__name": "chat", "gen_ai__input__messages": messages, **usage, **more},
    )


def traces(*spans: ReadableSpan) -> list[MlflowTrace]:
    """What the exporter makes of spans that it gets together."""
    return assemble([translate(one) for one in spans], {"service.name": "shop"}, {"mlflow.trace_schema.version": "3"})


def trace_id(trace: int = 1) -> str:
    """MLflow's id of a trace."""
    return f"tr-{trace:032x}"
