"""A policy applied to spans: a copy where something changes, never the span itself, which other exporters share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status, StatusCode

from genspan.exporters.content.policy import Attributes, ContentPolicy
from genspan.exporters.content.redacting import Tally, mark
from genspan.exporters.content.vocabulary import MARK

_CHUNK: Final = "mlflow.chunk.value"
"""What one event of a stream holds that MLflow's API recorded."""


class SpanCopy(ReadableSpan):
    """A span with other attributes, events, links, status, name or resource."""

    def __init__(self, span: ReadableSpan, **changed: Any) -> None:
        same = {
            "name": span.name,
            "context": span.context,
            "parent": span.parent,
            "resource": span.resource,
            "attributes": span.attributes,
            "events": span.events,
            "links": span.links,
            "kind": span.kind,
            "status": span.status,
            "start_time": span.start_time,
            "end_time": span.end_time,
            "instrumentation_scope": span.instrumentation_scope,
        }
        super().__init__(**{**same, **changed})
        self._dropped = (span.dropped_attributes, span.dropped_events, span.dropped_links)

    @property
    def dropped_attributes(self) -> int:
        """As many as the SDK dropped of the span."""
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        """As many as the SDK dropped of the span."""
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        """As many as the SDK dropped of the span."""
        return self._dropped[2]


class ResourceFilter:
    """Gives the resource that a destination may have; always the same object for the same resource."""

    def __init__(self, policy: ContentPolicy) -> None:
        self._policy = policy
        self._last: tuple[Resource, Resource] | None = None

    def __call__(self, resource: Resource) -> Resource:
        """Of a process there is mostly one, and so one is kept."""
        last = self._last
        if last is not None and last[0] is resource:
            return last[1]
        kept = self._policy.attributes(resource.attributes, Tally())
        made = resource if kept is resource.attributes else Resource(dict(kept or {}), resource.schema_url)
        self._last = (resource, made)
        return made


def apply(policy: ContentPolicy, span: ReadableSpan, resource: Resource) -> ReadableSpan:
    """The span as a destination may have it; the span itself where nothing changes."""
    tally = Tally()
    changed: dict[str, Any] = {}
    attributes = span.attributes
    if (kept := policy.attributes(attributes, tally)) is not attributes:
        changed["attributes"] = kept
    if (name := policy.name(span.name, tally)) != span.name:
        changed["name"] = name
    if (description := policy.text(span.status.description, tally)) != span.status.description:
        changed["status"] = Status(span.status.status_code, description)
    if span.events and (events := _events(policy, span.events, tally)) is not None:
        changed["events"] = events
    if span.links and (links := _links(policy, span.links, tally)) is not None:
        changed["links"] = links
    if resource is not span.resource:
        changed["resource"] = resource
    if tally.count:
        changed["attributes"] = {**(changed.get("attributes", attributes) or {}), MARK: tally.count}
    return SpanCopy(span, **changed) if changed else span


def without_content(span: ReadableSpan) -> ReadableSpan:
    """What may be sent of a span that a policy cannot be applied to: its place and time, and whether it failed."""
    bare = {"attributes": {}, "events": (), "links": (), "resource": Resource({}), "name": mark("failed")}
    return SpanCopy(span, **bare, status=Status(span.status.status_code or StatusCode.UNSET))


def _events(policy: ContentPolicy, events: Sequence[Event], tally: Tally) -> list[Event] | None:
    chunks = [event.attributes[_CHUNK] for event in events if event.attributes and _CHUNK in event.attributes]
    is_split = len(chunks) > 1 and bool(policy.redaction) and _is_found_when_joined(policy, chunks)
    kept, same = [], True
    for event in events:
        attributes: Attributes | None = policy.attributes(event.attributes, tally)
        if is_split and attributes and _CHUNK in attributes:
            attributes = {**attributes, _CHUNK: json.dumps(mark("chunks"))}
        name = policy.name(event.name, tally)
        if attributes is event.attributes and name == event.name:
            kept.append(event)
        else:
            same = False
            kept.append(Event(name, attributes, event.timestamp))
    tally.count += is_split
    return None if same else kept


def _is_found_when_joined(policy: ContentPolicy, chunks: Sequence[Any]) -> bool:
    """Whether the pieces of a stream together hold something to redact, as a key that was streamed in two."""
    tally = Tally()
    policy.redaction.value("".join(text for chunk in chunks for text in _texts(chunk)), tally)
    return tally.count > 0


def _texts(chunk: Any) -> list[str]:
    try:
        value = json.loads(chunk)
    except (TypeError, ValueError, RecursionError):
        return [chunk] if isinstance(chunk, str) else []
    found: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, (dict, list)):
            pending += reversed(list(item.values()) if isinstance(item, dict) else item)
    return found


def _links(policy: ContentPolicy, links: Sequence[Link], tally: Tally) -> list[Link] | None:
    kept = [(link, policy.attributes(link.attributes, tally)) for link in links]
    if all(attributes is link.attributes for link, attributes in kept):
        return None
    return [Link(link.context, attributes) for link, attributes in kept]
