"""Spans under a policy: what stays, what goes, and that nobody else's span changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exporters.content.conftest import KEY, Recording
from genspan.exporters.content import ContentPolicy, redaction

MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"my key is {KEY}"}]}])
METADATA: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.conversation.id": "c-1",
    "mlflow.spanType": "CHAT_MODEL",
    "mlflow.traceTag.team": "blue",
    "llm.token_count.total": 7,
    "server.address": "api.openai.com",
    "http.request.method": "POST",
    "user.id": "u-1",
    "shop.order": "A-17",
}
CONTENT: dict[str, Any] = {
    "gen_ai.input.messages": MESSAGES,
    "gen_ai.output.messages": MESSAGES,
    "gen_ai.system_instructions": MESSAGES,
    "gen_ai.tool.definitions": "[]",
    "gen_ai.tool.call.arguments": '{"a": 1}',
    "gen_ai.tool.call.result": "42",
    "gen_ai.retrieval.documents": "[]",
    "gen_ai.retrieval.query.text": "where?",
    "gen_ai.memory.records": "[]",
    "gen_ai.prompt.0.content": "hello",
    "gen_ai.prompt.variable.name": "Ada",
    "mlflow.spanInputs": '{"q": 1}',
    "mlflow.spanOutputs": '{"a": 1}',
    "mlflow.traceRequestPreview": "hello",
    "mlflow.trace.intermediate_outputs": "{}",
    "input.value": "hello",
    "llm.input_messages.0.message.content": "hello",
    "traceloop.entity.input": "{}",
    "ai.prompt.messages": "[]",
    "exception.message": "hello",
    "http.request.header.x_custom": ("hello",),
    "db.query.text": "SELECT 'hello'",
    "url.query": "q=hello",
}


def test_without_content_the_metadata_stays(recorded: Recording) -> None:
    before, after = recorded(ContentPolicy(content=False), {**METADATA, **CONTENT}, status="you said hello")
    assert dict(before.attributes or {}) == {**METADATA, **CONTENT}
    assert dict(after.attributes or {}) == METADATA
    assert (after.status.status_code, after.status.description) == (before.status.status_code, None)
    assert before.status.description == "you said hello"
    same = ("name", "context", "parent", "kind", "start_time", "end_time", "resource", "instrumentation_scope")
    assert all(getattr(after, name) == getattr(before, name) for name in same)


def test_without_content_events_links_and_addresses_are_bare(recorded: Recording) -> None:
    failure = {"exception.type": "ValueError", "exception.message": "hello", "exception.stacktrace": "hello"}
    _, after = recorded(
        ContentPolicy(content=False),
        {"url.full": "https://bob:pw@x.org:81/v1?q=hello#h", "http.url": "https://x.org/v1"},
        {"exception": failure, "mlflow.chunk.item.0": {"mlflow.chunk.value": '"hello"'}},
        {"gen_ai.input.messages": "hello", "n": 1},
    )
    assert dict(after.attributes or {}) == {"url.full": "https://x.org:81/v1", "http.url": "https://x.org/v1"}
    assert [dict(event.attributes or {}) for event in after.events] == [{"exception.type": "ValueError"}, {}]
    assert [dict(link.attributes or {}) for link in after.links] == [{"n": 1}]
    assert "hello" not in after.to_json()


def test_redaction_reaches_every_part_and_says_how_much(recorded: Recording) -> None:
    policy = ContentPolicy(redaction=redaction(["secrets"]))
    before, after = recorded(
        policy,
        {"gen_ai.input.messages": MESSAGES, "gen_ai.usage.input_tokens": 3, "my.note": KEY, "list": [KEY, "b"]},
        {"exception": {"exception.message": KEY, "exception.stacktrace": f"in x\n{KEY}"}, f"event {KEY}": {}},
        {"why": KEY},
        f"failed with {KEY}",
        {"process.command_line": f"app --key {KEY}"},
        f"GET {KEY}",
    )
    assert KEY not in after.to_json()
    assert KEY not in str(after.resource.attributes)
    assert after.attributes is not None
    assert after.attributes["genspan.redacted"] == 9
    assert after.attributes["gen_ai.usage.input_tokens"] == 3
    assert after.attributes["list"] == ("[REDACTED:openai_api_key]", "b")
    assert before.to_json().count(KEY) == 10
    assert before.attributes is not None
    assert "genspan.redacted" not in before.attributes


def test_a_span_that_nothing_is_found_in_is_not_copied(recorded: Recording) -> None:
    policy = ContentPolicy(redaction=redaction(["secrets", "personal", "identities"]), limit=100)
    before, after = recorded(
        policy, {"gen_ai.request.model": "gpt-5", "n": (1, 2)}, {"e": {"a": "b"}}, {"c": "d"}, "no"
    )
    assert after is before


def test_the_resource_is_copied_once(recorded: Recording) -> None:
    from genspan.exporters.content.spans import ResourceFilter

    policy = ContentPolicy(redaction=redaction(["secrets"]))
    span, _ = recorded(policy, resource={"key": KEY})
    kept = ResourceFilter(policy)
    assert kept(span.resource) is kept(span.resource)
    assert kept(span.resource).attributes["key"] == "[REDACTED:openai_api_key]"


def test_personal_data_is_not_looked_for_in_metadata(recorded: Recording) -> None:
    given = {"gen_ai.response.id": "4111111111111111", "server.address": "10.0.0.1", "client.address": "10.0.0.1"}
    _, after = recorded(ContentPolicy(redaction=redaction(["personal"])), given)
    assert dict(after.attributes or {}) == {**given, "client.address": "[REDACTED:ip_address]", "genspan.redacted": 1}


def test_identities_go_only_where_asked(recorded: Recording) -> None:
    given = {"user.id": "u-1", "session.id": "s-1", "gen_ai.conversation.id": "c-1", "n": 1}
    before, kept = recorded(ContentPolicy(redaction=redaction(["secrets", "personal"])), given)
    assert kept is before
    _, after = recorded(ContentPolicy(redaction=redaction(["identities"])), given)
    assert dict(after.attributes or {}) == {"n": 1, "genspan.redacted": 3}


def test_a_secret_that_was_streamed_in_pieces(recorded: Recording) -> None:
    chunks = {
        f"mlflow.chunk.item.{n}": {"mlflow.chunk.value": json.dumps({"delta": piece})}
        for n, piece in enumerate(["Take ", KEY[:12], KEY[12:], "."])
    }
    policy = ContentPolicy(redaction=redaction(["secrets"]))
    _, after = recorded(policy, {"n": 1}, chunks)
    assert {(event.attributes or {})["mlflow.chunk.value"] for event in after.events} == {'"[REDACTED:chunks]"'}
    assert dict(after.attributes or {}) == {"n": 1, "genspan.redacted": 1}
    harmless = {name: {"mlflow.chunk.value": '"fine"'} for name in chunks}
    before, same = recorded(policy, {"n": 1}, harmless)
    assert same is before


@pytest.mark.parametrize("limit", [0, 1, 30, 200, 1000, 5000])
def test_content_is_cut_to_a_limit_and_json_stays_json(limit: int, recorded: Recording) -> None:
    message = {"role": "user", "parts": [{"type": "text", "content": "x" * 3000}]}
    given = {
        "gen_ai.input.messages": json.dumps([message, {"role": "assistant", "parts": []}]),
        "gen_ai.retrieval.query.text": "y" * 3000,
        "my.text": "z" * 3000,
    }
    _, after = recorded(ContentPolicy(limit=limit), given)
    attributes = dict(after.attributes or {})
    assert attributes["my.text"] == given["my.text"]
    least = len('"…[CUT:3000]"') + 2
    assert len(attributes["gen_ai.input.messages"]) <= max(limit, least)
    assert len(attributes["gen_ai.retrieval.query.text"]) <= max(limit, least)
    messages = json.loads(attributes["gen_ai.input.messages"])
    if limit >= 200:
        assert [each["role"] for each in messages] == ["user", "assistant"]
        assert messages[0]["parts"][0]["content"].startswith("xxx")
    assert ("CUT" in attributes["gen_ai.input.messages"]) == (limit < 3000)


def test_redaction_comes_before_the_limit(recorded: Recording) -> None:
    policy = ContentPolicy(redaction=redaction(["secrets"]), limit=40)
    _, after = recorded(policy, {"gen_ai.retrieval.query.text": "a" * 20 + " " + KEY})
    assert (after.attributes or {})["gen_ai.retrieval.query.text"].count(KEY[:10]) == 0


def test_dropped_counts_are_the_spans_own() -> None:
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider

    from genspan.exporters.content.spans import SpanCopy

    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=1, max_events=1), shutdown_on_exit=False)
    span = provider.get_tracer("app").start_span("s", attributes={"a": 1, "b": 2, "c": 3})
    span.add_event("one")
    span.add_event("two")
    span.end()
    copy = SpanCopy(span._readable_span(), attributes={})  # type: ignore[attr-defined]
    assert (copy.dropped_attributes, copy.dropped_events, copy.dropped_links) == (2, 1, 0)
