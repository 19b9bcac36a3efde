"""Are exported spans, events and metrics what the GenAI conventions say? A strict check against semconv/registry.json.

`assert_conventional(spans=…, events=…, metrics=…)` is for tests of instrumentation; `span_faults`, `event_faults` and
`metric_faults` say what is wrong with one of them. Stricter than the conventions where being lenient would hide a
fault: a number's type is exact, an attribute of the conventions may stand only where they put it, a part of a known
type must match the schema of that type. Spans, events and metrics that are not of the GenAI conventions pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import Histogram, Metric, Sum
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from genspan.instrumentation.core.operations import MODERATION
from support.content_schemas import content_errors
from support.registry import REGISTRY

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """One breach of the conventions."""

    rule: str
    """Which rule, as `span name` or `attribute type`."""
    where: str
    """The name of the span, event or metric."""
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.detail}"


def assert_conventional(
    spans: Iterable[ReadableSpan] = (),
    events: Iterable[ReadableLogRecord] = (),
    metrics: Iterable[Metric] = (),
) -> None:
    """Raises AssertionError naming every fault of all of them."""
    faults = [
        *(fault for span in spans for fault in span_faults(span)),
        *(fault for event in events for fault in event_faults(event)),
        *(fault for metric in metrics for fault in metric_faults(metric)),
    ]
    assert not faults, "not as the conventions say:\n" + "\n".join(f"  {fault}" for fault in faults)


# Spans

_SPANS: dict[str, dict[str, Any]] = REGISTRY["spans"]
_ATTRIBUTES: dict[str, dict[str, Any]] = REGISTRY["attributes"]
_PREFIXES = tuple(f"{name}." for name, spec in _ATTRIBUTES.items() if spec["type"].startswith("template"))
_VOCABULARIES = ("gen_ai.", "openai.", "mcp.", "aws.bedrock.")
_ADDED = {MODERATION: {**_SPANS["gen_ai.client.inference"]}}
"""Operations that the conventions lack, to what their spans are: as an inference, without what providers add to it."""
_MCP = {"CLIENT": "mcp.client", "SERVER": "mcp.server"}

_OPEN_ENUMS = {"gen_ai.provider.name", "openai.request.service_tier", "mcp.method.name"}
"""Attributes that may hold other values than the well-known ones."""

_NOT_REQUIRED = {"aws.bedrock.guardrail.id"}
"""Required by the letter of the registry, which is plainly a mistake upstream (see its own note)."""


def span_faults(span: ReadableSpan) -> list[Fault]:
    """What is wrong with a span; nothing with a span that has no attribute of the GenAI conventions."""
    attributes = dict(span.attributes or {})
    return [Fault(rule, span.name, detail) for rule, detail in _span_faults(span, attributes)]


def _span_faults(span: ReadableSpan, attributes: Attributes) -> Iterator[tuple[str, str]]:
    if not any(name.startswith(_VOCABULARIES) for name in attributes):
        return
    yield from _value_faults(attributes, structured=False)
    yield from _error_faults(span, attributes)
    yield from _relation_faults(attributes)
    spec = _span_type(span, attributes)
    if spec is None:
        yield "operation", f"no span type for {attributes.get('gen_ai.operation.name')!r}"
        return
    kinds = {spec["kind"], *spec["also_kind"]}
    if span.kind.name.lower() not in kinds:
        yield "span kind", f"{span.kind.name}, not {' or '.join(sorted(kinds)).upper()}"
    if span.name not in (names := _names(spec, attributes)):
        yield "span name", f"not {' or '.join(repr(name) for name in names)}"
    yield from _placement_faults(spec, attributes)


def sampling_faults(span: ReadableSpan, at_start: Collection[str]) -> list[Fault]:
    """Attributes that a sampler should have seen and has not: `at_start` names those that the span started with."""
    attributes = dict(span.attributes or {})
    spec = _span_type(span, attributes) or {"sampling_relevant": []}
    return [
        Fault("sampling", span.name, f"{name} was not there at the start")
        for name in spec["sampling_relevant"]
        if name in attributes and name not in at_start
    ]


def _span_type(span: ReadableSpan, attributes: Attributes) -> dict[str, Any] | None:
    """The registry's row for a span: by operation, and by kind where an operation has two; MCP's by its method."""
    if "mcp.method.name" in attributes and span.kind.name in _MCP:
        return _SPANS[_MCP[span.kind.name]]
    operation = attributes.get("gen_ai.operation.name")
    if operation in _ADDED:
        return _ADDED[operation]
    rows = [row for row in _SPANS.values() if operation in row["operations"]]
    of_kind = [row for row in rows if span.kind.name.lower() in {row["kind"], *row["also_kind"]}]
    return next(iter(of_kind or rows), None)


def _names(spec: Mapping[str, Any], attributes: Attributes) -> tuple[str, ...]:
    """The names that the conventions allow a span of this type with these attributes."""
    if "mcp.method.name" in attributes and not spec["operations"]:
        subject = attributes.get("gen_ai.tool.name") or attributes.get("gen_ai.prompt.name")
        return (_joined(attributes["mcp.method.name"], subject),)
    operation = attributes["gen_ai.operation.name"]
    name = _joined(operation, attributes.get(spec["name_key"]) if spec["name_key"] else None)
    details = [
        attributes.get(key) for key in ("gen_ai.skill.name", "gen_ai.skill.resource.name", "process.executable.name")
    ]
    refined = _joined(name, *details) if spec.get("name_prefix_ok") else name
    return (name,) if refined == name else (name, refined)


def _joined(*words: Any) -> str:
    return " ".join(str(word) for word in words if word)


def _error_faults(span: ReadableSpan, attributes: Attributes) -> Iterator[tuple[str, str]]:
    failed = span.status.status_code is StatusCode.ERROR
    if failed and "error.type" not in attributes:
        yield "error type", "status is ERROR, error.type is missing"
    if not failed and "error.type" in attributes:
        yield "error type", f"error.type is {attributes['error.type']!r}, status is {span.status.status_code.name}"


def _placement_faults(spec: Mapping[str, Any], attributes: Attributes) -> Iterator[tuple[str, str]]:
    """Required attributes that are missing, and attributes that stand on the wrong type of span."""
    allowed: dict[str, dict[str, Any]] = {**spec["attributes"], **_refinement(spec, attributes)}
    if "mcp.method.name" in attributes:  # A tool span of an MCP client carries MCP's attributes too.
        allowed = {**_SPANS["mcp.client"]["attributes"], **allowed}
    for name, attribute in allowed.items():
        if attribute["level"] == "required" and name not in attributes and name not in _NOT_REQUIRED:
            yield "required attribute", name
    entity = f"{spec['entity']}." if "entity" in spec else None
    for name in attributes:
        if name in spec.get("forbidden", ()):
            yield "forbidden attribute", name
        elif not (_registered(name) and name.startswith(_VOCABULARIES)):
            continue
        elif not (_registered_as(name) in allowed or (entity and name.startswith(entity))):
            yield "misplaced attribute", name


def _refinement(spec: Mapping[str, Any], attributes: Attributes) -> dict[str, dict[str, Any]]:
    """What providers' own conventions add to this type of span.

    Required is what the span's own provider requires; the others' may stand, as the OpenAI API is spoken by many.
    """
    rows = {name: row for name, row in REGISTRY["refinements"].items() if _SPANS[row["applies_to"]] is spec}
    added = {name: {"level": "recommended"} for row in rows.values() for name in row["attributes"]}
    own = rows.get(attributes.get("gen_ai.provider.name"), {"attributes": {}})["attributes"]
    return {name: row for name, row in {**added, **own}.items() if name not in spec["attributes"] or name in own}


# What holds between attributes, on spans and events alike.


def _at_most(part: str, whole: str) -> Callable[[Attributes], bool]:
    return lambda a: not (part in a and whole in a) or a[part] <= a[whole]


_RELATIONS: tuple[tuple[str, Callable[[Attributes], bool]], ...] = (
    ("server.port goes with server.address", lambda a: ("server.address" in a) == ("server.port" in a)),
    ("gen_ai.request.choice.count is set only if not 1", lambda a: a.get("gen_ai.request.choice.count") != 1),
    ("gen_ai.request.stream is set only if streaming", lambda a: a.get("gen_ai.request.stream", True) is True),
    ("gen_ai.conversation.compacted is only ever true", lambda a: a.get("gen_ai.conversation.compacted", True) is True),
    ("openai.request.service_tier is set only if not auto", lambda a: a.get("openai.request.service_tier") != "auto"),
    (
        "gen_ai.prompt.version needs gen_ai.prompt.name",
        lambda a: "gen_ai.prompt.version" not in a or "gen_ai.prompt.name" in a,
    ),
    (
        "gen_ai.response.time_to_first_chunk is of streams only",
        lambda a: "gen_ai.response.time_to_first_chunk" not in a or "gen_ai.request.stream" in a,
    ),
    (
        "usage is never negative",
        lambda a: all(value >= 0 for name, value in a.items() if name.startswith("gen_ai.usage.")),
    ),
    ("input includes cached tokens", _at_most("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens")),
    ("input includes cache writes", _at_most("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.input_tokens")),
    ("output includes reasoning", _at_most("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.output_tokens")),
    (
        "one finish reason and one output message per choice",
        lambda a: (
            a.get("gen_ai.operation.name") not in _SPANS["gen_ai.client.inference"]["operations"]
            or not {"gen_ai.response.finish_reasons", "gen_ai.output.messages"} <= a.keys()
            or len(a["gen_ai.response.finish_reasons"]) == len(_content(a["gen_ai.output.messages"]))
        ),
    ),
)


def _relation_faults(attributes: Attributes) -> Iterator[tuple[str, str]]:
    for rule, holds in _RELATIONS:
        try:
            broken = not holds(attributes)
        except (TypeError, ValueError):
            continue  # A value of the wrong type, which is a fault of its own.
        if broken:
            yield "relation", rule


def _content(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


# Names, types and values of attributes, wherever they stand.


def _registered(name: str) -> bool:
    return name in _ATTRIBUTES or name.startswith(_PREFIXES)


def _registered_as(name: str) -> str:
    """The registry's name of an attribute: the prefix of a template, the name itself otherwise."""
    return next((prefix.removesuffix(".") for prefix in _PREFIXES if name.startswith(prefix)), name)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "double": lambda value: isinstance(value, float),
    "boolean": lambda value: isinstance(value, bool),
    "string[]": lambda value: isinstance(value, (tuple, list)) and all(isinstance(item, str) for item in value),
    "template[string]": lambda value: isinstance(value, str),
}

_SENTINEL = re.compile(
    r"NOT_GIVEN|NotGiven(\(\))?|Omit(\(\))?|<openai\..*|<.* object at 0x[0-9a-f]+>|Ellipsis|<class '.*'>", re.DOTALL
)
"""Text that stands for "nothing was given" in a library, or for an object that was not read."""


def is_sentinel(name: str, text: str) -> bool:
    """Whether a text, as the value of an attribute, looks as if something had been written that is none."""
    return bool(_SENTINEL.fullmatch(text)) or (text == "None" and not _ATTRIBUTES.get(name, {}).get("content"))


def _value_faults(attributes: Attributes, *, structured: bool) -> Iterator[tuple[str, str]]:
    """Faults of names and values. `structured`: content is maps and lists, as on events, not JSON text, as on spans."""
    for name, value in attributes.items():
        yield from _sentinel_faults(name, value)
        if not _registered(name):
            if name.startswith(_VOCABULARIES):
                renamed = REGISTRY["renamed"].get(name)
                yield "unknown attribute", f"{name}, now {renamed}" if renamed else name
            continue
        spec = _ATTRIBUTES[_registered_as(name)]
        if spec["type"] == "any":
            yield from _content_faults(name, value, structured=structured)
        elif not _TYPES[spec["type"]](value):
            yield "attribute type", f"{name} is {value!r}, not {spec['type']}"
        elif value == "" and not spec.get("content"):
            yield "empty value", name
        elif "enum" in spec and name not in _OPEN_ENUMS and value not in (*spec["enum"], *_ADDED):
            yield "enum value", f"{name} is {value!r}"


def _content_faults(name: str, value: Any, *, structured: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) is structured:
        yield "attribute type", f"{name} is {type(value).__name__}, not {'structured' if structured else 'JSON text'}"
        return
    try:
        content = _plain(value) if structured else json.loads(value, parse_constant=_refuse)
    except ValueError as error:
        yield "attribute type", f"{name} is not JSON text: {error}"
        return
    for error_text in content_errors(name, content):
        yield "content schema", f"{name} {error_text}"
    yield from _sentinel_faults(name, content)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _plain(value: Any) -> Any:
    """Maps and lists as JSON has them; the SDK keeps sequences as tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _sentinel_faults(name: str, value: Any) -> Iterator[tuple[str, str]]:
    for text in _texts(value):
        if is_sentinel(name, text):
            yield "sentinel", f"{name} holds {text!r}"
    if value is None:
        yield "sentinel", f"{name} is None"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)


# Events

_EVENTS: dict[str, dict[str, Any]] = REGISTRY["events"]
_EXCEPTION = "gen_ai.client.operation.exception"


def event_faults(event: ReadableLogRecord) -> list[Fault]:
    """What is wrong with an event; nothing with a log record that is none, or no GenAI event."""
    record = event.log_record
    name = record.event_name or ""
    attributes = dict(record.attributes or {})
    return [Fault(rule, name, detail) for rule, detail in _event_faults(name, record, attributes)]


def _event_faults(name: str, record: Any, attributes: Attributes) -> Iterator[tuple[str, str]]:
    if not name.startswith("gen_ai."):
        return
    if name not in _EVENTS:
        yield "event name", name
        return
    spec = _EVENTS[name]
    severity = record.severity_number.value if record.severity_number is not None else None
    if severity != spec["severity"]:
        yield "severity", f"{severity}, not {spec['severity']}"
    if record.body is not None:
        yield "body", "an event has none"
    yield from _value_faults(attributes, structured=True)
    yield from _relation_faults(attributes)
    refined = {attribute for row in REGISTRY["refinements"].values() for attribute in row["attributes"]}
    for attribute, row in spec["attributes"].items():
        if row["level"] == "required" and attribute not in attributes:
            yield "required attribute", attribute
    for attribute in attributes:
        known = _registered_as(attribute) in {*spec["attributes"], *refined}
        if not known and name != _EXCEPTION and _registered(attribute) and attribute.startswith(_VOCABULARIES):
            yield "misplaced attribute", attribute


# Metrics

_METRICS: dict[str, dict[str, Any]] = REGISTRY["metrics"]


def metric_faults(metric: Metric) -> list[Fault]:
    """What is wrong with a metric; nothing with one that is none of the GenAI or MCP conventions."""
    return [Fault(rule, metric.name, detail) for rule, detail in _metric_faults(metric)]


def _metric_faults(metric: Metric) -> Iterator[tuple[str, str]]:
    if not metric.name.startswith(("gen_ai.", "mcp.")):
        return
    if metric.name not in _METRICS:
        yield "metric name", metric.name
        return
    spec = _METRICS[metric.name]
    if metric.unit != spec["unit"]:
        yield "unit", f"{metric.unit!r}, not {spec['unit']!r}"
    if spec["instrument"] == "histogram" and isinstance(metric.data, Histogram):
        for histogram in metric.data.data_points:
            if list(histogram.explicit_bounds) != spec["buckets"]:
                yield "buckets", f"{list(histogram.explicit_bounds)}"
            yield from _point_faults(spec, histogram.sum, histogram.attributes)
    elif spec["instrument"] == "counter" and isinstance(metric.data, Sum):
        if not metric.data.is_monotonic:
            yield "instrument", "a counter only grows"
        for number in metric.data.data_points:
            yield from _point_faults(spec, number.value, number.attributes)
    else:
        yield "instrument", f"{type(metric.data).__name__}, not {spec['instrument']}"


def _point_faults(spec: Mapping[str, Any], value: float, attributes: Attributes | None) -> Iterator[tuple[str, str]]:
    whole = spec["instrument"] == "histogram" and spec["value_type"] == "int"  # OTLP has no integer histograms.
    if not (float(value).is_integer() if whole else _TYPES[spec["value_type"]](value)):
        yield "value type", f"{value!r} is not {spec['value_type']}"
    attributes = dict(attributes or {})
    legacy = {name: value for name, value in attributes.items() if name in spec["attributes"] and not _registered(name)}
    yield from _value_faults({name: value for name, value in attributes.items() if name not in legacy}, structured=True)
    for name, row in spec["attributes"].items():
        if row["level"] == "required" and name not in attributes:
            yield "required attribute", name
    for name in attributes:
        if name not in spec["attributes"]:
            yield "misplaced attribute", name
