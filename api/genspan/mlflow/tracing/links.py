"""Links between spans, from MLflow's form to OpenTelemetry's."""

from __future__ import annotations

from opentelemetry.trace import Link as OTelLink
from opentelemetry.trace import SpanContext, TraceFlags

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX
from genspan.mlflow.entities import Link
from genspan.mlflow.exceptions import MlflowException


def otel_link(link: Link) -> OTelLink:
    """OpenTelemetry's link. Raises MlflowException where the ids name no span."""
    if not isinstance(link, Link):
        raise MlflowException.invalid_parameter_value(f"A link is a `Link`, not a {type(link).__name__}.")
    try:
        trace_id = int(link.trace_id.removeprefix(TRACE_ID_PREFIX), 16)
        context = SpanContext(trace_id, int(link.span_id, 16), is_remote=True, trace_flags=TraceFlags(1))
    except (ValueError, AttributeError) as error:
        raise _unusable(link) from error
    if not context.is_valid:
        raise _unusable(link)
    return OTelLink(context, dict(link.attributes) if link.attributes else None)


def _unusable(link: Link) -> MlflowException:
    return MlflowException.invalid_parameter_value(
        f"Link to trace {link.trace_id!r}, span {link.span_id!r}: a trace id is `tr-` and 32 hexadecimal digits, a "
        "span id 16."
    )
