"""The registry checker accepts what the conventions ask for and names every kind of fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, Status, StatusCode

from support.conventions import assert_conventional, event_faults, metric_faults, sampling_faults, span_faults

MISSING = object()

CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.request.temperature": 1.0,
    "gen_ai.request.max_tokens": 64,
    "gen_ai.request.stop_sequences": ("END",),
    "gen_ai.request.stream": True,
    "gen_ai.response.model": "gpt-5-2026",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.response.time_to_first_chunk": 0.25,
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.cache_read.input_tokens": 4,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.prompt.variable.topic": "weather",
    "openai.api.type": "chat_completions",
    "openai.response.system_fingerprint": "fp_1",
    "server.address": "api.openai.com",
    "server.port": 443,
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Omit nothing"}]}]),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "None"}], "finish_reason": "stop"}]
    ),
    "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "weather"}]),
    "vendor.own": "anything",
}


def a_span(
    attributes: dict[str, Any],
    name: str = "chat gpt-5",
    kind: SpanKind = SpanKind.CLIENT,
    status: StatusCode = StatusCode.UNSET,
) -> ReadableSpan:
    given = {key: value for key, value in attributes.items() if value is not MISSING}
    return ReadableSpan(name, attributes=given, kind=kind, status=Status(status))


def rules(faults: list[Any]) -> set[str]:
    return {fault.rule for fault in faults}


VALID = {
    "chat": a_span(CHAT),
    "chat in the app's process": a_span(CHAT, kind=SpanKind.INTERNAL),
    "failed chat": a_span(CHAT | {"error.type": "RateLimitError"}, status=StatusCode.ERROR),
    "a provider nobody listed": a_span(CHAT | {"gen_ai.provider.name": "acme"}),
    "no model known": a_span(
        {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme"},
        name="chat",
    ),
    "agent in the app": a_span(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Ada", "gen_ai.main_agent.name": "Ada"},
        name="invoke_agent Ada",
        kind=SpanKind.INTERNAL,
    ),
    "agent elsewhere": a_span(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "openai", "gen_ai.agent.id": "a1"},
        name="invoke_agent",
    ),
    "tool": a_span(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.call.arguments": '{"city":"Bern"}',
        },
        name="execute_tool weather",
        kind=SpanKind.INTERNAL,
    ),
    "tool of a skill": a_span(
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "load_skill", "gen_ai.skill.name": "pdf"},
        name="execute_tool load_skill pdf",
        kind=SpanKind.INTERNAL,
    ),
    "retrieval": a_span({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.top_k": 4}, name="retrieval"),
    "MCP call": a_span(
        {
            "mcp.method.name": "tools/call",
            "gen_ai.tool.name": "weather",
            "gen_ai.operation.name": "execute_tool",
        },
        name="tools/call weather",
    ),
    "no GenAI span": a_span({"http.request.method": "GET"}, name="GET"),
}


@pytest.mark.parametrize("span", VALID.values(), ids=VALID.keys())
def test_accepts(span: ReadableSpan) -> None:
    assert_conventional(spans=[span])


def part(**fields: Any) -> str:
    return json.dumps([{"role": "user", "parts": [fields]}])


FAULTY: list[tuple[str, ReadableSpan]] = [
    ("span name", a_span(CHAT, name="ChatCompletion")),
    ("span name", a_span(CHAT, name="chat")),
    ("span kind", a_span(CHAT, kind=SpanKind.SERVER)),
    ("operation", a_span(CHAT | {"gen_ai.operation.name": MISSING})),
    ("operation", a_span(CHAT | {"gen_ai.operation.name": "rerank"})),
    ("enum value", a_span(CHAT | {"gen_ai.operation.name": "rerank"})),
    ("enum value", a_span(CHAT | {"gen_ai.output.type": "xml"})),
    ("required attribute", a_span(CHAT | {"gen_ai.provider.name": MISSING})),
    ("required attribute", a_span(CHAT | {"gen_ai.request.model": MISSING}, name="chat")),
    (
        "forbidden attribute",
        a_span(
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "openai"},
            name="invoke_agent",
            kind=SpanKind.INTERNAL,
        ),
    ),
    ("misplaced attribute", a_span(CHAT | {"gen_ai.tool.name": "weather"})),
    ("misplaced attribute", a_span(CHAT | {"gen_ai.main_agent.name": "Ada"})),
    ("unknown attribute", a_span(CHAT | {"gen_ai.request.wish": "x"})),
    ("unknown attribute", a_span(CHAT | {"gen_ai.system": "openai"})),
    ("unknown attribute", a_span(CHAT | {"openai.mood": "good"})),
    ("attribute type", a_span(CHAT | {"gen_ai.request.temperature": 1})),
    ("attribute type", a_span(CHAT | {"gen_ai.request.max_tokens": 64.0})),
    ("attribute type", a_span(CHAT | {"gen_ai.request.max_tokens": True})),
    ("attribute type", a_span(CHAT | {"gen_ai.request.max_tokens": "64"})),
    ("attribute type", a_span(CHAT | {"gen_ai.request.stop_sequences": "END"})),
    ("attribute type", a_span(CHAT | {"gen_ai.request.model": 5}, name="chat 5")),
    ("attribute type", a_span(CHAT | {"gen_ai.prompt.variable.n": 5})),
    ("attribute type", a_span(CHAT | {"gen_ai.input.messages": "hello"})),
    ("attribute type", a_span(CHAT | {"gen_ai.input.messages": '[{"role":NaN}]'})),
    ("attribute type", a_span(CHAT | {"gen_ai.input.messages": ("[]",)})),
    ("empty value", a_span(CHAT | {"gen_ai.response.model": ""})),
    ("error type", a_span(CHAT, status=StatusCode.ERROR)),
    ("error type", a_span(CHAT | {"error.type": "ValueError"})),
    ("sentinel", a_span(CHAT | {"gen_ai.conversation.id": "None"})),
    ("sentinel", a_span(CHAT | {"gen_ai.request.reasoning.level": "NOT_GIVEN"})),
    ("sentinel", a_span(CHAT | {"gen_ai.request.reasoning.level": "<openai.Omit object at 0x7f00>"})),
    ("sentinel", a_span(CHAT | {"gen_ai.request.stop_sequences": ("END", "NotGiven()")})),
    ("sentinel", a_span(CHAT | {"gen_ai.input.messages": part(type="text", content="<app.Image object at 0x7f1>")})),
    ("sentinel", a_span(CHAT | {"vendor.own": "Omit()"})),
    ("content schema", a_span(CHAT | {"gen_ai.input.messages": '{"role":"user"}'})),
    ("content schema", a_span(CHAT | {"gen_ai.input.messages": '[{"role":"user"}]'})),
    ("content schema", a_span(CHAT | {"gen_ai.input.messages": part(type="text", text="hi")})),
    ("content schema", a_span(CHAT | {"gen_ai.input.messages": part(type="tool_call_response", id="1", result="x")})),
    ("content schema", a_span(CHAT | {"gen_ai.input.messages": part(type="blob", modality="image")})),
    ("content schema", a_span(CHAT | {"gen_ai.input.messages": part(kind="text")})),
    ("content schema", a_span(CHAT | {"gen_ai.system_instructions": '["be kind"]'})),
    ("content schema", a_span(CHAT | {"gen_ai.system_instructions": '[{"type":"text"}]'})),
    ("content schema", a_span(CHAT | {"gen_ai.tool.definitions": '[{"type":"function"}]'})),
    (
        "content schema",
        a_span(CHAT | {"gen_ai.tool.definitions": '[{"type":"function","name":"f","parameters":"x"}]'}),
    ),
    (
        "content schema",
        a_span(
            {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f", "gen_ai.tool.call.arguments": '"x"'},
            name="execute_tool f",
            kind=SpanKind.INTERNAL,
        ),
    ),
    ("relation", a_span(CHAT | {"server.port": MISSING})),
    ("relation", a_span(CHAT | {"gen_ai.request.choice.count": 1})),
    ("relation", a_span(CHAT | {"gen_ai.request.stream": False})),
    ("relation", a_span(CHAT | {"gen_ai.request.stream": MISSING})),
    ("relation", a_span(CHAT | {"gen_ai.conversation.compacted": False})),
    ("relation", a_span(CHAT | {"openai.request.service_tier": "auto"})),
    ("relation", a_span(CHAT | {"gen_ai.prompt.version": "2"})),
    ("relation", a_span(CHAT | {"gen_ai.usage.output_tokens": -1})),
    ("relation", a_span(CHAT | {"gen_ai.usage.cache_read.input_tokens": 11})),
    ("relation", a_span(CHAT | {"gen_ai.usage.reasoning.output_tokens": 6})),
    ("relation", a_span(CHAT | {"gen_ai.response.finish_reasons": ("stop", "stop")})),
    (
        "span name",
        a_span({"mcp.method.name": "tools/call", "gen_ai.tool.name": "weather"}, name="tools/call"),
    ),
]


@pytest.mark.parametrize(("rule", "span"), FAULTY, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(FAULTY)])
def test_rejects(rule: str, span: ReadableSpan) -> None:
    assert rule in rules(span_faults(span))


def test_names_what_a_sampler_did_not_see() -> None:
    span = a_span(CHAT)
    relevant = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address"]
    assert sampling_faults(span, [*relevant, "server.port"]) == []
    assert [fault.detail for fault in sampling_faults(span, relevant)] == ["server.port was not there at the start"]


def test_names_each_fault_of_each_span() -> None:
    with pytest.raises(AssertionError, match=r"(?s)chat gpt-5: unknown attribute.*Chat: span name"):
        assert_conventional(spans=[a_span(CHAT | {"gen_ai.x": 1}), a_span(CHAT), a_span(CHAT, name="Chat")])


DETAILS = CHAT | {
    name: json.loads(CHAT[name])
    for name in ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions")
}


def an_event(
    attributes: dict[str, Any],
    name: str = "gen_ai.client.inference.operation.details",
    severity: SeverityNumber | None = SeverityNumber.DEBUG,
    body: Any = None,
) -> ReadableLogRecord:
    record = LogRecord(event_name=name, severity_number=severity, attributes=attributes, body=body)
    return ReadableLogRecord(record, Resource.get_empty())


def test_accepts_events() -> None:
    evaluation = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.5}
    assert_conventional(
        events=[
            an_event(DETAILS),
            an_event(evaluation, name="gen_ai.evaluation.result", severity=None),
            an_event({}, name="", severity=SeverityNumber.ERROR, body="a log line"),
        ]
    )


@pytest.mark.parametrize(
    ("rule", "event"),
    [
        ("event name", an_event(DETAILS, name="gen_ai.user.message")),
        ("severity", an_event(DETAILS, severity=SeverityNumber.INFO)),
        ("severity", an_event(DETAILS, severity=None)),
        ("body", an_event(DETAILS, body="hello")),
        ("attribute type", an_event(DETAILS | {"gen_ai.input.messages": CHAT["gen_ai.input.messages"]})),
        ("content schema", an_event(DETAILS | {"gen_ai.input.messages": [{"role": "user", "parts": [{}]}]})),
        ("required attribute", an_event({"gen_ai.operation.name": "chat"})),
        ("misplaced attribute", an_event(DETAILS | {"gen_ai.tool.name": "weather"})),
        ("unknown attribute", an_event(DETAILS | {"gen_ai.token.type": "input"})),
        ("sentinel", an_event(DETAILS | {"gen_ai.response.id": None})),
    ],
)
def test_rejects_events(rule: str, event: ReadableLogRecord) -> None:
    assert rule in rules(event_faults(event))


MA = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
SECONDS = [0.01 * 2**n for n in range(14)]


def a_metric(
    value: float,
    attributes: dict[str, Any],
    name: str = "gen_ai.client.inference.duration",
    unit: str = "s",
    instrument: str = "histogram",
    buckets: list[float] | None = None,
) -> Metric:
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    if instrument == "histogram":
        meter.create_histogram(name, unit, explicit_bucket_boundaries_advisory=buckets or SECONDS).record(
            value, attributes
        )
    elif instrument == "counter":
        meter.create_counter(name, unit).add(value, attributes)
    else:
        meter.create_up_down_counter(name, unit).add(value, attributes)
    data = reader.get_metrics_data()
    assert data is not None
    return data.resource_metrics[0].scope_metrics[0].metrics[0]


INPUT_TOKENS = "gen_ai.client.inference.usage.input_tokens"
MODALITY = MA | {"gen_ai.token.modality": "unknown"}


def test_accepts_metrics() -> None:
    legacy = MA | {"gen_ai.token.type": "input"}
    assert_conventional(
        metrics=[
            a_metric(0.5, MA | {"error.type": "timeout"}),
            a_metric(7, MODALITY, name=INPUT_TOKENS, unit="{token}", instrument="counter"),
            a_metric(7, legacy, "gen_ai.client.token.usage", "{token}", buckets=[4**n for n in range(14)]),
            a_metric(1, {}, name="http.client.request.duration"),
        ]
    )


@pytest.mark.parametrize(
    ("rule", "metric"),
    [
        ("metric name", a_metric(0.5, MA, name="gen_ai.client.mood")),
        ("unit", a_metric(0.5, MA, unit="ms")),
        ("buckets", a_metric(0.5, MA, buckets=[1.0, 2.0])),
        ("value type", a_metric(1, MA)),
        ("value type", a_metric(1.5, MA, "gen_ai.client.inference.operation.input_tokens", "{token}")),
        ("value type", a_metric(1.5, MODALITY, name=INPUT_TOKENS, unit="{token}", instrument="counter")),
        ("instrument", a_metric(1, MODALITY, name=INPUT_TOKENS, unit="{token}")),
        ("instrument", a_metric(1, MODALITY, name=INPUT_TOKENS, unit="{token}", instrument="up and down")),
        ("required attribute", a_metric(0.5, {"gen_ai.operation.name": "chat"})),
        ("required attribute", a_metric(1, MA, name=INPUT_TOKENS, unit="{token}", instrument="counter")),
        ("misplaced attribute", a_metric(0.5, MA | {"gen_ai.response.id": "r1"})),
        ("misplaced attribute", a_metric(0.5, MA | {"user.id": "u1"})),
        ("enum value", a_metric(0.5, MA | {"gen_ai.operation.name": "rerank"})),
        ("sentinel", a_metric(0.5, MA | {"gen_ai.request.model": "NOT_GIVEN"})),
    ],
)
def test_rejects_metrics(rule: str, metric: Metric) -> None:
    assert rule in rules(metric_faults(metric))
