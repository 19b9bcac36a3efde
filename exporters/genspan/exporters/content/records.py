"""A policy applied to log records, events among them: a copy where something changes."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Final

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from genspan.exporters.content.policy import ContentPolicy
from genspan.exporters.content.redacting import Tally
from genspan.exporters.content.vocabulary import MARK

_LIBRARIES: Final = ("openai", "anthropic", "langchain", "langgraph", "langsmith", "llama_index", "litellm", "httpcore")
"""Loggers that write requests and answers down where they log at DEBUG."""


def apply(policy: ContentPolicy, readable: ReadableLogRecord, resource: Resource) -> ReadableLogRecord:
    """The record as a destination may have it; the record itself where nothing changes."""
    tally, record = Tally(), readable.log_record
    body = policy.body(record.body, tally, is_conversation(readable))
    attributes = policy.attributes(record.attributes, tally)
    if body is record.body and attributes is record.attributes and resource is readable.resource:
        return readable
    if tally.count:
        attributes = {**(attributes or {}), MARK: tally.count}
    changed = copy.copy(record)
    changed.body, changed.attributes = body, attributes
    changed.exception = None
    return replace(readable, log_record=changed, resource=resource)


def without_content(readable: ReadableLogRecord) -> ReadableLogRecord:
    """What may be sent of a record that a policy cannot be applied to."""
    bare = copy.copy(readable.log_record)
    bare.body, bare.attributes, bare.exception = None, {}, None
    return replace(readable, log_record=bare, resource=Resource({}))


def is_conversation(readable: ReadableLogRecord) -> bool:
    """Whether the body is content: of the conventions' events, and of what model libraries log of themselves."""
    record, scope = readable.log_record, readable.instrumentation_scope
    name = record.event_name or (record.attributes or {}).get("event.name") or ""
    logger = scope.name if scope is not None else ""
    return str(name).startswith("gen_ai.") or logger.partition(".")[0].startswith(_LIBRARIES)
