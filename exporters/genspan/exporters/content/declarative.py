"""An exporter under a policy, as a component of OpenTelemetry's declarative configuration (`OTEL_CONFIG_FILE`).

    batch:
      exporter:
        genspan_content:
          redact: [secrets]
          exporter: {otlp_http: {endpoint: "http://collector:4318/v1/traces"}}

The component stands where an exporter may stand, of spans or of log records, and holds the exporter that it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from opentelemetry.configuration import ConfigurationError
from opentelemetry.configuration._conversion import _dict_to_dataclass
from opentelemetry.configuration._logger_provider import _create_log_record_exporter
from opentelemetry.configuration._tracer_provider import _create_span_exporter
from opentelemetry.configuration.models import LogRecordExporter, SpanExporter

from genspan.exporters.content.exporter import ContentLogRecordExporter, ContentSpanExporter
from genspan.exporters.content.policy import ContentPolicy
from genspan.exporters.content.redacting import Redaction
from genspan.exporters.content.settings import COMPONENT

Model = TypeVar("Model", SpanExporter, LogRecordExporter)

# How a component creates the ones inside it is not public (opentelemetry-configuration 0.66b2): the four above.


class DeclaredSpanExporter(ContentSpanExporter):
    """The component for spans: the options of `policy`, and `exporter`, as it would stand by itself.

    Raises ConfigurationError for an option of another type, an unknown rule, and an exporter that cannot be made: as
    for any mistake in the file, nothing is set up then.
    """

    def __init__(self, exporter: Mapping[str, Any] | SpanExporter | None = None, **options: Any) -> None:
        model, policy = declared(SpanExporter, exporter, **options)
        super().__init__(_create_span_exporter(model), policy)


class DeclaredLogRecordExporter(ContentLogRecordExporter):
    """The component for log records: see `DeclaredSpanExporter`."""

    def __init__(self, exporter: Mapping[str, Any] | LogRecordExporter | None = None, **options: Any) -> None:
        model, policy = declared(LogRecordExporter, exporter, **options)
        super().__init__(_create_log_record_exporter(model), policy)


def declared(kind: type[Model], exporter: Any = None, **options: Any) -> tuple[Model, ContentPolicy]:
    """The exporter in the component, as the model that it would be by itself, and its policy; nothing is made of them.

    Raises ConfigurationError, but not for an exporter that nobody has.
    """
    policy = declared_policy(**options)
    return _model(exporter, kind), policy


def declared_policy(
    content: bool | None = None,
    redact: list[str] | None = None,
    limit: int | None = None,
    policy: ContentPolicy | None = None,
    **others: Any,
) -> ContentPolicy:
    """The policy by its options; an option that is null is as one that is not there.

    `content` false: metadata alone; `redact`: names of rules, see `rules.redaction`; `limit`: characters of an
    attribute of content. `policy` is for configuration that is built in code, in place of the three.

    Raises ConfigurationError.
    """
    if others:
        raise _mistake(f"has no option {', '.join(map(repr, others))}: there are content, redact, limit and exporter")
    if policy is not None:
        return policy
    if content is not None and not isinstance(content, bool):
        raise _mistake(f"has content {content!r}: it should be true or false")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise _mistake(f"has limit {limit!r}: it should be a number of characters")
    if redact is not None and not (isinstance(redact, list) and all(isinstance(name, str) for name in redact)):
        raise _mistake(f"has redact {redact!r}: it should be a list of names")
    return ContentPolicy(content is not False, _redaction(redact or []), limit)


def _redaction(names: list[str]) -> Redaction:
    if not names:
        return Redaction()
    # Its patterns take time to compile, which a process that asks for none does not spend.
    from genspan.exporters.content.rules import redaction

    try:
        return redaction(dict.fromkeys(names))
    except Exception as error:  # An entry point may raise what it likes as it is loaded.
        raise _mistake(f"has redact {names}: {error}") from error


def _model(exporter: Any, kind: type[Model]) -> Model:
    if isinstance(exporter, kind):
        return exporter
    if not isinstance(exporter, Mapping) or len(exporter) != 1:
        raise _mistake("needs one exporter, as exporter: {console: {}}")
    try:
        return _dict_to_dataclass(exporter, kind)
    except (TypeError, ValueError) as error:
        raise _mistake(f"has an exporter that is none: {error}") from error


def _mistake(what: str) -> ConfigurationError:
    return ConfigurationError(f"{COMPONENT} {what}")
