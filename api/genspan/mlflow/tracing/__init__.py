"""`mlflow.tracing`: how traces are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.mlflow.exceptions import MlflowException
from genspan.mlflow.notebook.display import disable as disable_notebook_display
from genspan.mlflow.notebook.display import enable as enable_notebook_display

from .config import configure
from .destination import set_destination
from .distributed import get_tracing_context_headers_for_http_request, set_tracing_context_from_http_request_headers
from .enablement import disable, enable
from .scope import context

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from .live_span import LiveSpan

__all__ = [
    "configure",
    "context",
    "disable",
    "disable_notebook_display",
    "enable",
    "enable_notebook_display",
    "get_bridged_tracer_provider",
    "get_tracing_context_headers_for_http_request",
    "reset",
    "set_destination",
    "set_span_chat_tools",
    "set_tracing_context_from_http_request_headers",
]


def get_bridged_tracer_provider() -> TracerProvider:
    """OpenTelemetry's tracer provider: here there is only one, and spans of all tracers share its traces."""
    from opentelemetry import trace

    from . import provider

    provider.tracer()
    return trace.get_tracer_provider()


def set_span_chat_tools(span: LiveSpan, tools: Sequence[Any]) -> None:
    """Says which tools a model call was offered: OpenAI's function tools, as dicts or objects that hold the same.

    Raises MlflowException for what is no list.
    """
    if not isinstance(tools, (list, tuple)):
        raise MlflowException.invalid_parameter_value(
            f"Invalid type for tools: {type(tools)}. Give a list of function tools."
        )
    span.set_attribute(SpanAttributeKey.CHAT_TOOLS, list(tools))


def reset() -> None:
    """Writes what has ended, and forgets what `set_destination`, `configure` and `disable` said."""
    from . import destination, provider

    provider.flush()
    destination.reset()
    configure(span_processors=[])
    enable()
