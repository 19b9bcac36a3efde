"""What a condition or an order may be about, and how it is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Union

from genspan.exporters.mlflow.keys import TraceMetadataKey, TraceTagKey
from genspan.mlflow.store.search.refusals import listed, refusal
from genspan.mlflow.store.search.tokens import Kind, Token


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the trace itself: `timestamp_ms`, `execution_time_ms` or `end_time_ms`, in milliseconds."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the trace itself: `request_id`, `client_request_id` or `status`."""

    name: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag; the trace's name is one."""

    key: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """An entry of the trace's metadata."""

    key: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt version that is linked to the trace, as `name/version`."""


@dataclass(frozen=True, slots=True)
class SpanColumn:
    """`name`, `type` or `status` of a span."""

    name: str


@dataclass(frozen=True, slots=True)
class SpanAttribute:
    """An attribute of a span."""

    key: str


@dataclass(frozen=True, slots=True)
class SpanContent:
    """The whole text of a span as it is stored, JSON."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """The value of an assessment that counts."""

    type: str
    """`feedback` or `expectation`."""
    name: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that the trace has been found to have, by its id."""


Field = Union[Number, Text, Tag, Metadata, Prompt, SpanColumn, SpanAttribute, SpanContent, Assessed, Issue]

LINKED_PROMPTS: Final = "mlflow.linkedPrompts"

ATTRIBUTES: Final[Mapping[str, Field]] = {
    "client_request_id": Text("client_request_id"),
    "end_time": Number("end_time_ms"),
    "end_time_ms": Number("end_time_ms"),
    "execution_time": Number("execution_time_ms"),
    "execution_time_ms": Number("execution_time_ms"),
    "name": Tag(TraceTagKey.TRACE_NAME),
    "prompt": Prompt(),
    "request_id": Text("request_id"),
    "run_id": Metadata(TraceMetadataKey.SOURCE_RUN),
    "status": Text("status"),
    "text": SpanContent(),
    "timestamp": Number("timestamp_ms"),
    "timestamp_ms": Number("timestamp_ms"),
}
"""Attributes of a trace that a filter knows, written alone or after `trace.`, `attribute.` or `attributes.`."""

SPAN_COLUMNS: Final = ("name", "status", "type")

ENTITIES: Final[Mapping[str, str]] = {
    "attribute": "attribute",
    "attributes": "attribute",
    "expectation": "expectation",
    "feedback": "feedback",
    "issue": "issue",
    "metadata": "metadata",
    "request_metadata": "metadata",
    "span": "span",
    "tag": "tag",
    "tags": "tag",
    "trace": "attribute",
}
"""What may stand before the first dot."""

_RENAMED: Final = {"timestamp": "timestamp_ms", "execution_time": "execution_time_ms", "end_time": "end_time_ms"}

_WANTED: Final = {
    "execution_duration": "execution_time_ms",
    "experiment_id": "the argument `experiment_ids`",
    "model_id": "metadata.`mlflow.modelId`",
    "request_time": "timestamp_ms",
    "session": "metadata.`mlflow.trace.session`",
    "session_id": "metadata.`mlflow.trace.session`",
    "state": "status",
    "trace_id": "request_id",
    "trace_name": "name",
    "type": "span.type",
    "user": "metadata.`mlflow.trace.user`",
    "user_id": "metadata.`mlflow.trace.user`",
}
"""Names that are asked for elsewhere, and what filters call them."""


def field_of(source: str, token: Token, attributes: Mapping[str, Field] = ATTRIBUTES) -> Field:
    """The field that a token names. Raises MlflowException where it names none."""
    if token.kind is not Kind.NAME and not token.text.startswith('"'):
        raise refusal(
            source, token.start, f"Expected a field, found {token}", f"Fields are {listed(_examples(attributes))}."
        )
    entity, dot, key = token.text.partition(".")
    if not dot:
        entity, key = "attribute", entity
    known = ENTITIES.get(_bare(entity, "`"))
    if known is None:
        raise refusal(
            source, token.start, f"Invalid entity type '{entity}'", f"A field begins with {listed(ENTITIES)}."
        )
    return _field(source, token, known, _bare(_bare(key, "'\""), "`"), attributes)


def _field(source: str, token: Token, entity: str, key: str, attributes: Mapping[str, Field]) -> Field:
    if entity == "span":
        return _span_field(source, token, key)
    if entity == "attribute" and key not in attributes:
        wanted = _WANTED.get(key)
        raise refusal(
            source,
            token.start,
            f"Invalid attribute key '{key}'",
            (f"Use {wanted}. " if wanted else "") + f"Attributes are {listed(attributes)}.",
        )
    # Whatever stands before the dot, MLflow (3.17.2) takes these keys for the trace's own: `tag.name` is its name.
    folded = key.lower()
    if folded in ("name", "prompt", "run_id", "text") or entity == "attribute":
        return ATTRIBUTES.get(folded) or attributes[key]
    key = _RENAMED.get(folded, key)
    if entity == "tag":
        return Prompt() if key == LINKED_PROMPTS else Tag(key)
    if entity == "metadata":
        return Metadata(key)
    if entity == "issue":
        if key != "id":
            raise refusal(source, token.start, f"Invalid issue attribute '{key}'", "Issues are found by issue.id.")
        return Issue()
    if not key:
        raise refusal(source, token.start, "The name of an assessment is missing", f"Write {entity}.<name>.")
    return Assessed(entity, key)


def _span_field(source: str, token: Token, key: str) -> Field:
    attribute = key.removeprefix("attributes.")
    if attribute != key:
        if not attribute:
            raise refusal(
                source, token.start, "The name of a span attribute is missing", "Write span.attributes.<name>."
            )
        return SpanAttribute(_bare(attribute, "`"))
    if key == "content":
        return SpanContent()
    if key in SPAN_COLUMNS:
        return SpanColumn(key)
    columns = listed((*(f"span.{column}" for column in SPAN_COLUMNS), "span.content", "span.attributes.<name>"))
    raise refusal(source, token.start, f"Invalid span attribute '{key}'", f"Of spans, filters know {columns}.")


def _bare(name: str, quotes: str) -> str:
    """The name without a pair of quotes around it."""
    return name[1:-1] if len(name) > 1 and name[0] in quotes and name[-1] == name[0] else name


def _examples(attributes: Mapping[str, Field]) -> tuple[str, ...]:
    return (*attributes, "tag.<key>", "metadata.<key>", "span.<name>", "feedback.<name>", "expectation.<name>")
