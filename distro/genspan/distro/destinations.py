"""The exporters that the configurator builds, each under the content policy that the environment has for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.environment_variables import OTEL_LOGS_EXPORTER, OTEL_TRACES_EXPORTER
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util._importlib_metadata import entry_points

from genspan.exporters.content.settings import ContentSettings, installed_destinations

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter
    from opentelemetry.sdk.trace.export import SpanExporter

    from genspan.exporters.content import ContentPolicy, ContentSpanExporter
    from genspan.exporters.mlflow import MlflowSpanExporter

_logger = logging.getLogger(__name__)

Exporter = TypeVar("Exporter", "SpanExporter", "MlflowSpanExporter")


def under_policies(content: ContentSettings, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of OpenTelemetry's configurator, by which it puts each exporter under its policy.

    The same arguments where no variable asks for a policy.
    """
    if not content.given:
        return dict(arguments)
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    tell_of_strangers(content)
    spans_to = arguments.get("export_span_processor") or BatchSpanProcessor
    records_to = arguments.get("export_log_record_processor") or BatchLogRecordProcessor

    def spans(exporter: SpanExporter, *args: Any, **kwargs: Any) -> Any:
        name = _name(exporter, "opentelemetry_traces_exporter", OTEL_TRACES_EXPORTER)
        return spans_to(span_exporter(name, exporter, content), *args, **kwargs)

    def records(exporter: LogRecordExporter, *args: Any, **kwargs: Any) -> Any:
        name = _name(exporter, "opentelemetry_logs_exporter", OTEL_LOGS_EXPORTER)
        return records_to(log_record_exporter(name, exporter, content), *args, **kwargs)

    return {**arguments, "export_span_processor": spans, "export_log_record_processor": records}


def span_exporter(name: str, exporter: Exporter, content: ContentSettings) -> Exporter | ContentSpanExporter:
    """The exporter of that name, under its policy; the exporter itself where the policy asks for nothing."""
    from genspan.exporters.content import ContentSpanExporter

    policy = policy_of(name, content)
    return ContentSpanExporter(exporter, policy) if policy.changes else exporter


def log_record_exporter(name: str, exporter: LogRecordExporter, content: ContentSettings) -> LogRecordExporter:
    """The same for log records."""
    from genspan.exporters.content import ContentLogRecordExporter

    policy = policy_of(name, content)
    return ContentLogRecordExporter(exporter, policy) if policy.changes else exporter


def policy_of(name: str, content: ContentSettings) -> ContentPolicy:
    """The policy of the exporter of that name; what cannot be understood of it is logged, once."""
    policy, problems = content.of(name)
    _tell(problems)
    return policy


def tell_of_provider(content: ContentSettings) -> None:
    """Says that the variables reach the MLflow exporter alone in a tracer provider that somebody else set up."""
    if content.given:
        _logger.warning(
            "There is a tracer provider already, so these hold for MLflow alone: %s. Its own exporters get content as "
            "recorded",
            ", ".join(sorted(content.given)),
        )


def tell_of_strangers(content: ContentSettings) -> None:
    """Says which variables are for a destination that is no exporter's name: a slip that would let content out."""
    known = installed_destinations()
    for name in sorted(content.strangers(known)):
        _tell((f"{name} does nothing: exporters are {', '.join(sorted(known))}",))


_told: set[str] = set()


def _tell(problems: tuple[str, ...]) -> None:
    for problem in problems:
        if problem not in _told:
            _told.add(problem)
            _logger.error("%s", problem)


def _name(exporter: object, group: str, variable: str) -> str:
    """The name of an exporter that `OTEL_…_EXPORTER` asked for; OTLP's, by the package that it is from."""
    module = type(exporter).__module__
    if module.startswith("opentelemetry.exporter.otlp."):
        return "otlp"
    for name in (name.strip() for name in os.environ.get(variable, "").split(",")):
        for point in entry_points(group=group, name=name):
            if point.load() is type(exporter):
                return name
    return type(exporter).__name__
