"""`mlflow.tracing`: how traces are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genspan.mlflow.notebook.display import disable as disable_notebook_display
from genspan.mlflow.notebook.display import enable as enable_notebook_display

from .config import configure
from .destination import set_destination
from .distributed import get_tracing_context_headers_for_http_request, set_tracing_context_from_http_request_headers
from .enablement import disable, enable
from .scope import context

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

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
    "set_tracing_context_from_http_request_headers",
]


def get_bridged_tracer_provider() -> TracerProvider:
    """OpenTelemetry's tracer provider: here there is only one, and spans of all tracers share its traces."""
    from opentelemetry import trace

    from . import provider

    provider.tracer()
    return trace.get_tracer_provider()


def reset() -> None:
    """Writes what has ended, and forgets what `set_destination`, `configure` and `disable` said."""
    from . import destination, provider

    provider.flush()
    destination.reset()
    configure(span_processors=[])
    enable()
