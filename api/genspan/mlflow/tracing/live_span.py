"""A span that is under way, in MLflow's words: an OpenTelemetry span, ours or another instrumentation's."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

from opentelemetry.sdk.trace import Span as OTelSpan
from opentelemetry.trace import Span as AnyOTelSpan
from opentelemetry.trace import Status, StatusCode

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey
from genspan.exporters.mlflow.translate import translate
from genspan.exporters.mlflow.translate.reserved import json_text
from genspan.instrumentation.core.operation import exception_type
from genspan.mlflow.entities import Link, Span, SpanEvent, SpanLogLevel, SpanStatus, SpanStatusCode, SpanType
from genspan.mlflow.entities.span import decoded
from genspan.mlflow.exceptions import MlflowException
from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode

from . import semantics
from .links import otel_link
from .values import attribute_value, read

_logger = logging.getLogger("genspan.mlflow")

NO_OP_SPAN_TRACE_ID = "MLFLOW_NO_OP_SPAN_TRACE_ID"
"""The trace id of spans that nobody records."""

_INPUT_CONTENT = (
    names.GEN_AI_INPUT_MESSAGES,
    names.GEN_AI_SYSTEM_INSTRUCTIONS,
    names.GEN_AI_TOOL_CALL_ARGUMENTS,
    names.GEN_AI_TOOL_DEFINITIONS,
    names.GEN_AI_RETRIEVAL_QUERY_TEXT,
    names.GEN_AI_MEMORY_QUERY_TEXT,
)
_OUTPUT_CONTENT = (
    names.GEN_AI_OUTPUT_MESSAGES,
    names.GEN_AI_TOOL_CALL_RESULT,
    names.GEN_AI_RETRIEVAL_DOCUMENTS,
    names.GEN_AI_MEMORY_RECORDS,
)


class LiveSpan(Span):
    """A span that can be written to until it ends. What is set after that is dropped, with a word from OpenTelemetry.

    Inputs, outputs and attributes take values of any type (see `values.attribute_value`); none raises.
    """

    def __init__(self, otel_span: OTelSpan) -> None:
        self._span = otel_span

    @property
    def _trace_id(self) -> str:
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def _json_attributes(self) -> Mapping[str, Any]:
        return translate(self._span).attributes

    @property
    def trace_id(self) -> str:
        """`tr-` and 32 hexadecimal digits."""
        return f"{TRACE_ID_PREFIX}{self._trace_id}"

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return f"{self._span.get_span_context().span_id:016x}"

    @property
    def parent_id(self) -> str | None:
        """The parent's span id; None for the root."""
        return f"{self._span.parent.span_id:016x}" if self._span.parent else None

    @property
    def name(self) -> str:
        """The span's name."""
        return self._span.name

    @property
    def start_time_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._span.start_time or 0

    @property
    def end_time_ns(self) -> int | None:
        """Nanoseconds since the epoch; None while the span is under way."""
        return self._span.end_time

    @property
    def status(self) -> SpanStatus:
        """UNSET until it is set or the span ends."""
        return SpanStatus(SpanStatusCode(self._span.status.status_code.name), self._span.status.description or "")

    @property
    def span_type(self) -> str:
        """MLflow's span type."""
        given = (self._span.attributes or {}).get(SpanAttributeKey.SPAN_TYPE)
        return str(given) if given else translate(self._span).type or SpanType.UNKNOWN

    @property
    def events(self) -> list[SpanEvent]:
        """Events so far."""
        return [
            SpanEvent(name=event.name, timestamp=event.timestamp, attributes=dict(event.attributes or {}))
            for event in self._span.events
        ]

    @property
    def links(self) -> list[Link]:
        """Links so far."""
        return [
            Link(
                trace_id=f"{TRACE_ID_PREFIX}{link.context.trace_id:032x}",
                span_id=f"{link.context.span_id:016x}",
                attributes=dict(link.attributes) if link.attributes else None,
            )
            for link in self._span.links
        ]

    def get_attribute(self, key: str) -> Any:
        """One attribute in plain JSON types; None where it is not set."""
        given = self._span.attributes or {}
        if key in given:
            return decoded(json_text(key, given[key])) if key.startswith("mlflow.") else read(given[key])
        return decoded(self._json_attributes.get(key))

    def to_immutable_span(self) -> Span:
        """A copy that no longer changes."""
        return Span.from_dict(self.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NoReturn:
        """Not for spans that are under way: raises NotImplementedError."""
        raise NotImplementedError("A span that is under way cannot be read from a dict: use Span.from_dict.")

    def __reduce__(self) -> NoReturn:
        raise TypeError("A span that is under way cannot be pickled or copied: use span.to_immutable_span().")

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self.__reduce__()

    def set_inputs(self, inputs: Any) -> None:
        """Sets what went in: any value; it replaces what an instrumentation recorded."""
        self._set_content(SpanAttributeKey.INPUTS, inputs, _INPUT_CONTENT)

    def set_outputs(self, outputs: Any) -> None:
        """Sets what came out: any value; it replaces what an instrumentation recorded."""
        self._set_content(SpanAttributeKey.OUTPUTS, outputs, _OUTPUT_CONTENT)

    def _set_content(self, key: str, value: Any, replaced: tuple[str, ...]) -> None:
        if not self._span.is_recording():
            return
        attributes: Any = self._span._attributes
        for name in replaced:
            if name in attributes:
                del attributes[name]
        self._span.set_attribute(key, encode(value))

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Sets attributes to values of any type."""
        if not isinstance(attributes, Mapping):
            _logger.warning("Attributes are a dict of names and values; %s is left out", type(attributes).__name__)
            return
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: Any) -> None:
        """Sets an attribute to a value of any type."""
        if key in (SpanAttributeKey.INPUTS, SpanAttributeKey.OUTPUTS):
            (self.set_inputs if key == SpanAttributeKey.INPUTS else self.set_outputs)(value)
        elif key == SpanAttributeKey.SPAN_TYPE:
            self.set_span_type(value)
        else:
            self._span.set_attribute(str(key), attribute_value(value))

    def set_span_type(self, span_type: str) -> None:
        """Sets MLflow's span type, and the operation that it is in OpenTelemetry's conventions."""
        self._span.set_attribute(SpanAttributeKey.SPAN_TYPE, str(span_type))
        self._span.set_attributes(semantics.identity(str(span_type), self.name))

    def set_description(self, description: str) -> None:
        """Says in words what the span is about."""
        self.set_attribute(SpanAttributeKey.DESCRIPTION, description)

    def set_log_level(self, level: SpanLogLevel | str) -> None:
        """Sets how severe it is: a `SpanLogLevel` or its name. Raises MlflowException for any other."""
        self.set_attribute(SpanAttributeKey.LOG_LEVEL, int(SpanLogLevel.from_value(level)))

    def set_status(self, status: SpanStatus | SpanStatusCode | str) -> None:
        """Sets the status: a `SpanStatus`, a `SpanStatusCode` or its name.

        Raises MlflowException for any other. OpenTelemetry keeps the first OK.
        """
        if not isinstance(status, SpanStatus):
            status = SpanStatus(status)
        code = StatusCode[SpanStatusCode(status.status_code).value]
        self._span.set_status(Status(code, status.description or None if code is StatusCode.ERROR else None))

    def add_event(self, event: SpanEvent) -> None:
        """Adds an event; one of an exception also raises the log level to ERROR."""
        self._span.add_event(event.name, dict(event.attributes), event.timestamp)
        if event.name == "exception" and (self.get_attribute(SpanAttributeKey.LOG_LEVEL) or 0) < SpanLogLevel.ERROR:
            self.set_log_level(SpanLogLevel.ERROR)

    def add_link(self, link: Link) -> None:
        """Adds a link to a span of this or another trace. Raises MlflowException where it names none."""
        linked = otel_link(link)
        if self._span.is_recording():
            self._span.add_link(linked.context, linked.attributes)

    def record_exception(self, exception: BaseException | str) -> None:
        """Records an exception (or a text that describes one), and sets the status to ERROR."""
        if isinstance(exception, str):
            exception = Exception(exception)
        if not isinstance(exception, BaseException):
            raise MlflowException.invalid_parameter_value(
                f"record_exception takes an exception or a text, not a {type(exception).__name__}."
            )
        fail(self._span, exception)
        self.set_log_level(SpanLogLevel.ERROR)

    def end(
        self,
        outputs: Any | None = None,
        attributes: dict[str, Any] | None = None,
        status: SpanStatus | SpanStatusCode | str | None = None,
        end_time_ns: int | None = None,
    ) -> None:
        """Ends the span, once; a status that was not set becomes OK. Never raises."""
        if not self._span.is_recording():
            return
        try:
            self.set_attributes(attributes or {})
            if outputs is not None:
                self.set_outputs(outputs)
            if status is not None:
                self.set_status(status)
        except Exception:
            _logger.warning("What was said of span %r at its end is not recorded", self.name, exc_info=True)
        if self._span.status.status_code is StatusCode.UNSET:
            self._span.set_status(Status(StatusCode.OK))
        self._span.end(end_time=end_time_ns)


class NoOpSpan(Span):
    """In place of a span that nobody records: sampled out, or tracing is off. Takes everything, and keeps nothing.

    `otel_span` is what OpenTelemetry has in its place: children inherit its context, and so its sampling decision.
    """

    def __init__(self, otel_span: AnyOTelSpan | None = None) -> None:
        super().__init__({"attributes": {}})
        self._span = otel_span

    @property
    def trace_id(self) -> str:
        """The same for all, and of no trace."""
        return NO_OP_SPAN_TRACE_ID

    # MLflow says None of whatever else is asked.
    span_id = None  # type: ignore[assignment]
    name = None  # type: ignore[assignment]
    start_time_ns = None  # type: ignore[assignment]
    end_time_ns = None
    parent_id = None
    status = None  # type: ignore[assignment]
    events = ()  # type: ignore[assignment]
    links = ()  # type: ignore[assignment]

    def set_inputs(self, inputs: Any) -> None:
        """Nothing."""

    def set_outputs(self, outputs: Any) -> None:
        """Nothing."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Nothing."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Nothing."""

    def set_span_type(self, span_type: str) -> None:
        """Nothing."""

    def set_description(self, description: str) -> None:
        """Nothing."""

    def set_log_level(self, level: SpanLogLevel | str) -> None:
        """Nothing."""

    def set_status(self, status: SpanStatus | SpanStatusCode | str) -> None:
        """Nothing."""

    def add_event(self, event: SpanEvent) -> None:
        """Nothing."""

    def add_link(self, link: Link) -> None:
        """Nothing."""

    def record_exception(self, exception: BaseException | str) -> None:
        """Nothing."""

    def end(
        self,
        outputs: Any | None = None,
        attributes: Mapping[str, Any] | None = None,
        status: SpanStatus | SpanStatusCode | str | None = None,
        end_time_ns: int | None = None,
    ) -> None:
        """Nothing."""


def fail(span: AnyOTelSpan, exception: BaseException) -> None:
    """Records an exception on a span and sets its status, as the conventions have it (`error.type`)."""
    span.add_event(
        "exception",
        {
            "exception.type": exception_type(exception),
            "exception.message": _message(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
        },
    )
    span.set_attribute(names.ERROR_TYPE, exception_type(exception))
    span.set_status(Status(StatusCode.ERROR, f"{type(exception).__name__}: {_message(exception)}"))


def _message(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return f"<{type(exception).__qualname__}>"
