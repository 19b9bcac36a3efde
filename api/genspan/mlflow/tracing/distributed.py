"""One trace over several services, by W3C Trace Context (`traceparent`)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_logger = logging.getLogger("genspan.mlflow")
_PROPAGATOR = TraceContextTextMapPropagator()


def get_tracing_context_headers_for_http_request() -> dict[str, str]:
    """The headers that tell another service which trace and span its work belongs to. Empty without a current span."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    if not headers:
        _logger.warning("No span is under way, so there is no trace to tell of: the headers are empty")
    return headers


@contextmanager
def set_tracing_context_from_http_request_headers(headers: Mapping[str, str]) -> Iterator[None]:
    """Has spans inside the block join the caller's trace, which the headers of its request name.

    Headers' names count in any case. Without a usable `traceparent` the block runs as it would have, and a warning says
    so.
    """
    caller = _PROPAGATOR.extract({key.lower(): value for key, value in headers.items()})
    if not trace.get_current_span(caller).get_span_context().is_remote:
        _logger.warning("The headers have no `traceparent` of a trace: what runs here is a trace of its own")
        yield
        return
    token = context.attach(caller)
    try:
        yield
    finally:
        context.detach(token)
