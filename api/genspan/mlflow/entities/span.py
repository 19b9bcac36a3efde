"""Spans as MLflow's users see them."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from genspan.exporters.mlflow.keys import SpanAttributeKey, SpanType
from genspan.mlflow.entities import trace_id as trace_ids
from genspan.mlflow.entities.link import Link
from genspan.mlflow.entities.span_event import SpanEvent
from genspan.mlflow.entities.span_log_level import SpanLogLevel
from genspan.mlflow.entities.span_status import SpanStatus, SpanStatusCode
from genspan.mlflow.exceptions import MlflowException

if TYPE_CHECKING:
    from genspan.mlflow.tracing.live_span import NO_OP_SPAN_TRACE_ID, LiveSpan, NoOpSpan

__all__ = ["NO_OP_SPAN_TRACE_ID", "LiveSpan", "NoOpSpan", "Span", "SpanType"]

TRACE_ID_OCTETS: Final = 16
SPAN_ID_OCTETS: Final = 8


class Span:
    """A span that has ended and been stored; nothing of it changes.

    Made from its content as MLflow stores it (`spans.content`): ids in base64, every attribute's value JSON text. Use
    `from_dict` for content that may be of an older MLflow, or wrong.
    """

    # A span that still runs has these from elsewhere; all below stands on them.

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._stored = content
        self._decoded: dict[str, Any] = {}

    @property
    def _trace_id(self) -> str:
        """OpenTelemetry's id of the trace: 32 hexadecimal digits."""
        return _hexadecimal(self._stored["trace_id"], TRACE_ID_OCTETS)

    @property
    def _json_attributes(self) -> Mapping[str, Any]:
        """The attributes, each value JSON text."""
        attributes: Mapping[str, Any] = self._stored["attributes"]
        return attributes

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return _hexadecimal(self._stored["span_id"], SPAN_ID_OCTETS)

    @property
    def parent_id(self) -> str | None:
        """The span id of the parent; None for a root."""
        parent = _hexadecimal(self._stored.get("parent_span_id") or "", SPAN_ID_OCTETS)
        return parent if parent.strip("0") else None

    @property
    def name(self) -> str:
        """What was done."""
        name: str = self._stored["name"]
        return name

    @property
    def start_time_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return int(self._stored["start_time_unix_nano"])

    @property
    def end_time_ns(self) -> int | None:
        """Nanoseconds since the epoch; None where it is not known."""
        end = self._stored.get("end_time_unix_nano")
        return int(end) if end else None

    @property
    def status(self) -> SpanStatus:
        """How it ended."""
        status = self._stored["status"]
        code = SpanStatusCode(status["code"].removeprefix("STATUS_CODE_"))
        # As in OpenTelemetry, errors alone are described.
        return SpanStatus(code, (status.get("message") or "") if code == SpanStatusCode.ERROR else "")

    @property
    def events(self) -> list[SpanEvent]:
        """What happened meanwhile."""
        return [
            SpanEvent(event["name"], int(event["time_unix_nano"]), dict(event.get("attributes") or {}))
            for event in self._stored.get("events") or ()
        ]

    @property
    def links(self) -> list[Link]:
        """The spans of other traces that it has to do with."""
        return [
            Link(
                link["trace_id"], link["span_id"], dict(attributes) if (attributes := link.get("attributes")) else None
            )
            for link in self._stored.get("links") or ()
        ]

    def get_attribute(self, key: str) -> Any:
        """The value of an attribute; None where there is none."""
        if key not in self._decoded:
            self._decoded[key] = decoded(self._json_attributes.get(key))
        return self._decoded[key]

    # All else follows.

    @property
    def attributes(self) -> dict[str, Any]:
        """All attributes."""
        return {key: self.get_attribute(key) for key in self._json_attributes}

    @property
    def trace_id(self) -> str:
        """MLflow's id of the trace: `tr-` and 32 hexadecimal digits."""
        trace_id: str = self.get_attribute(SpanAttributeKey.REQUEST_ID)
        return trace_id

    @property
    def request_id(self) -> str:
        """The same as `trace_id`, as it was called before MLflow 3."""
        return self.trace_id

    @property
    def inputs(self) -> Any:
        """What it was given."""
        return self.get_attribute(SpanAttributeKey.INPUTS)

    @property
    def outputs(self) -> Any:
        """What came of it."""
        return self.get_attribute(SpanAttributeKey.OUTPUTS)

    @property
    def span_type(self) -> str:
        """One of `SpanType`, or any other word."""
        span_type: str = self.get_attribute(SpanAttributeKey.SPAN_TYPE)
        return span_type

    @property
    def log_level(self) -> SpanLogLevel | None:
        """How much it matters; None where nobody said."""
        level = self.get_attribute(SpanAttributeKey.LOG_LEVEL)
        return None if level is None else SpanLogLevel(level)

    @property
    def description(self) -> str | None:
        """What there is to say of it."""
        description: str | None = self.get_attribute(SpanAttributeKey.DESCRIPTION)
        return description

    @property
    def model_name(self) -> str | None:
        """The model that was called."""
        name: str | None = self.get_attribute(SpanAttributeKey.MODEL)
        return name

    @property
    def llm_cost(self) -> dict[str, float] | None:
        """US dollars: `input_cost`, `output_cost` and `total_cost`."""
        cost: dict[str, float] | None = self.get_attribute(SpanAttributeKey.LLM_COST)
        return cost

    def to_dict(self) -> dict[str, Any]:
        """The span as MLflow stores it."""
        status, parent_id = self.status, self.parent_id
        return {
            "trace_id": _base64(self._trace_id, TRACE_ID_OCTETS),
            "span_id": _base64(self.span_id, SPAN_ID_OCTETS),
            "parent_span_id": _base64(parent_id, SPAN_ID_OCTETS) if parent_id else None,
            "name": self.name,
            "start_time_unix_nano": self.start_time_ns,
            "end_time_unix_nano": self.end_time_ns,
            "events": [
                {"name": event.name, "time_unix_nano": event.timestamp, "attributes": event.attributes}
                for event in self.events
            ],
            "status": {
                "code": status.status_code.to_otel_proto_status_code_name(),
                "message": status.description,
            },
            "attributes": dict(self._json_attributes),
            "links": [link.to_dict() for link in self.links],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Span:
        """What `to_dict` wrote, here or in any MLflow since 2.14. Raises MlflowException where that is no span."""
        try:
            if not data.get("attributes", {}).get(SpanAttributeKey.REQUEST_ID):
                raise MlflowException.invalid_parameter_value(
                    f"The {SpanAttributeKey.REQUEST_ID} attribute is empty or missing."
                )
            span = Span(_of_version_2(data) if "context" in data else _of_version_3(data))
            span.to_dict()  # Reads it all once: what is wrong is said here.
        except Exception as error:
            raise MlflowException.invalid_parameter_value(
                "Failed to create a Span object from the given dictionary"
            ) from error
        return span

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(name={self.name!r}, trace_id={self.trace_id!r}, "
            f"span_id={self.span_id!r}, parent_id={self.parent_id!r})"
        )

    # A span is not a dict, and says so: `__getitem__` alone would make `iter(span)` begin.
    __iter__ = None

    def __getitem__(self, item: object) -> NoReturn:
        """Raises TypeError that says how to read a span."""
        hint = "Use attribute access instead, e.g. `span.inputs`, `span.outputs`, or `span.attributes`."
        if isinstance(item, str) and item.isidentifier() and not item.startswith("_") and hasattr(type(self), item):
            hint = f"Use attribute access instead, e.g. `span.{item}`."
        elif isinstance(item, str) and item in self._json_attributes:
            hint = f"To access span attributes, use `span.get_attribute({item!r})` or `span.attributes[{item!r}]`."
        raise TypeError(f"'{type(self).__name__}' object is not subscriptable. {hint}")


def __getattr__(name: str) -> Any:
    # Spans under way are OpenTelemetry's, and its SDK takes a while to import.
    if name in ("LiveSpan", "NoOpSpan", "NO_OP_SPAN_TRACE_ID"):
        from genspan.mlflow.tracing import live_span

        return getattr(live_span, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def decoded(text: Any) -> Any:
    """The value that an attribute's JSON text stands for; the text itself where it is none, None where it is empty."""
    if not text:
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


def _of_version_3(data: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a span, whichever MLflow 3 wrote it."""
    content = dict(data)
    if not _is_base64(data["trace_id"]):  # 3.5.0 wrote ids in hexadecimal, the trace's with a prefix.
        parent_id = data["parent_span_id"]
        content["trace_id"] = _base64(trace_ids.hexadecimal(data["trace_id"]), TRACE_ID_OCTETS)
        content["span_id"] = _base64(data["span_id"], SPAN_ID_OCTETS)
        content["parent_span_id"] = _base64(parent_id, SPAN_ID_OCTETS) if parent_id else None
    return content


def _of_version_2(data: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a span that MLflow 2 wrote."""
    parent_id = data["parent_id"]
    return {
        "trace_id": _base64(data["context"]["trace_id"], TRACE_ID_OCTETS),
        "span_id": _base64(data["context"]["span_id"], SPAN_ID_OCTETS),
        "parent_span_id": _base64(parent_id, SPAN_ID_OCTETS) if parent_id else None,
        "name": data["name"],
        "start_time_unix_nano": data["start_time"],
        "end_time_unix_nano": data["end_time"],
        "events": [
            {"name": event["name"], "time_unix_nano": event["timestamp"], "attributes": event["attributes"]}
            for event in data["events"]
        ],
        "status": {"code": SpanStatusCode(data["status_code"]).value, "message": data["status_message"]},
        "attributes": data["attributes"],
        "links": data.get("links") or [],
    }


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return False
    return True


def _hexadecimal(text: str, octets: int) -> str:
    return b64decode(text).rjust(octets, b"\0").hex()


def _base64(digits: str, octets: int) -> str:
    # MLflow 2 wrote `0x` before ids, and none of the zeros that they begin with.
    return b64encode(int(digits, 16).to_bytes(octets, "big")).decode()
