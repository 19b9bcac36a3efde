"""Where prompts and answers are recorded, by mode; and what a message becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genspan.instrumentation.openai.messages import input_messages, output_messages, tool_definitions
from support.content_schemas import content_errors
from support.openai_scenario import App, compare
from support.openai_wire import ASK, USAGE, WEATHER_TOOL, completion, text_chunks, tool_call
from support.scripted_server import Failure, Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS, Way

DETAILS = "gen_ai.client.inference.operation.details"
EXCEPTION = "gen_ai.client.operation.exception"
INPUT = [{"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]}]
OUTPUT = [{"role": "assistant", "parts": [{"type": "text", "content": "Paris."}], "finish_reason": "stop"}]
MODES = [
    ("NO_CONTENT", False, False),
    ("SPAN_ONLY", True, False),
    ("EVENT_ONLY", False, True),
    ("SPAN_AND_EVENT", True, True),
    ("span_only", True, False),
    ("true", True, False),
    ("false", False, False),
]


async def _create(app: App) -> object:
    return await app.create(tools=[WEATHER_TOOL])


async def _stream(app: App) -> object:
    await app.read(await app.stream(tools=iter([WEATHER_TOOL])))
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize(("capture", "on_span", "on_event"), MODES)
@pytest.mark.parametrize(("body", "answer"), [(_create, Json(completion())), (_stream, Sse(text_chunks()))])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_modes(
    way: Way, body: Any, answer: Any, capture: str, on_span: bool, on_event: bool, server: ScriptedServer
) -> None:
    telemetry = InMemoryTelemetry()
    compare(body, way, server, [answer], telemetry, capture)
    recorded = dict(telemetry.span.attributes or {})
    content = {"gen_ai.input.messages": INPUT, "gen_ai.output.messages": OUTPUT}
    for name, value in content.items():
        assert (json.loads(recorded[name]) == value) if on_span else (name not in recorded)
    assert ("gen_ai.tool.definitions" in recorded) is on_span
    events = telemetry.events_named(DETAILS)
    assert len(events) == on_event
    for event in events:
        attributes = _plain(event.log_record.attributes)
        assert {name: attributes[name] for name in content} == content
        assert attributes["gen_ai.tool.definitions"][0]["name"] == "weather"
        assert attributes["gen_ai.usage.input_tokens"] == USAGE["prompt_tokens"]
        assert event.log_record.span_id == telemetry.span.context.span_id


def test_exception_event(server: ScriptedServer) -> None:
    telemetry = InMemoryTelemetry()
    compare(_create, WAYS[0], server, [Failure(429, "slow down")], telemetry, "NO_CONTENT")
    (event,) = telemetry.events_named(EXCEPTION)
    attributes = dict(event.log_record.attributes or {})
    assert attributes["exception.type"] == "openai.RateLimitError"
    assert "slow down" in str(attributes["exception.message"])
    assert event.log_record.trace_id == telemetry.span.context.trace_id
    assert [event.name for event in telemetry.span.events] == ["exception"]
    assert "slow down" in (telemetry.span.status.description or "")


def test_off_unless_asked_for(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", raising=False)
    telemetry = InMemoryTelemetry()
    compare(_create, WAYS[0], server, [Json(completion())], telemetry, None)
    assert "gen_ai.input.messages" not in (telemetry.span.attributes or {})


def test_environment_chooses(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")
    telemetry = InMemoryTelemetry()
    compare(_create, WAYS[0], server, [Json(completion())], telemetry, None)
    assert "gen_ai.input.messages" in (telemetry.span.attributes or {})


def test_unknown_mode_is_logged_and_off(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "everything")
    telemetry = InMemoryTelemetry()
    compare(_create, WAYS[0], server, [Json(completion())], telemetry, None)
    assert "gen_ai.input.messages" not in (telemetry.span.attributes or {})
    assert "'everything'" in caplog.text


def test_history_as_it_was_when_sent(server: ScriptedServer) -> None:
    """An app may change its list of messages as soon as the stream is there."""

    async def body(app: App) -> object:
        messages = [dict(ASK["messages"][0])]
        stream = await app.stream(messages=messages)
        messages[0]["content"] = "changed"
        messages.clear()
        await app.read(stream)
        return messages

    telemetry = InMemoryTelemetry()
    compare(body, WAYS[0], server, [Sse(text_chunks())], telemetry, "SPAN_AND_EVENT")
    assert json.loads(str((telemetry.span.attributes or {})["gen_ai.input.messages"])) == INPUT
    (event,) = telemetry.events_named(DETAILS)
    assert _plain((event.log_record.attributes or {})["gen_ai.input.messages"]) == INPUT


MESSAGES: list[tuple[Any, list[dict[str, Any]]]] = [
    ({"role": "user", "content": "Hi"}, [{"type": "text", "content": "Hi"}]),
    ({"role": "user", "content": ""}, []),
    ({"role": "user", "content": [{"type": "text", "text": "Hi"}]}, [{"type": "text", "content": "Hi"}]),
    (
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}]},
        [{"type": "uri", "modality": "image", "uri": "https://x/y.png"}],
    ),
    (
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}],
    ),
    (
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]},
        [{"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "AAAA"}],
    ),
    (
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]},
        [{"type": "file", "modality": "document", "file_id": "file-1"}],
    ),
    (
        {"role": "user", "content": [{"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}]},
        [{"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "AAAA"}],
    ),
    (
        {"role": "user", "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}}]},
        [{"type": "blob", "modality": "document", "content": "AAAA"}],
    ),
    (
        {"role": "tool", "tool_call_id": "c", "content": "12"},
        [{"type": "tool_call_response", "id": "c", "response": "12"}],
    ),
    (
        {"role": "assistant", "content": None, "tool_calls": [tool_call()]},
        [{"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}],
    ),
    (
        {"role": "assistant", "content": "A", "refusal": "B", "reasoning_content": "C"},
        [
            {"type": "reasoning", "content": "C"},
            {"type": "text", "content": "A"},
            {"type": "text", "content": "B"},
        ],
    ),
    ({"role": "assistant", "audio": {"id": "a1"}}, [{"type": "file", "modality": "audio", "file_id": "a1"}]),
    ({"role": "user", "content": [{"type": "odd", "x": 1}]}, [{"type": "odd"}]),
]


@pytest.mark.parametrize(("message", "parts"), MESSAGES)
def test_messages(message: Any, parts: list[dict[str, Any]]) -> None:
    converted = input_messages([message])
    assert converted == [{"role": message["role"], "parts": parts}]
    assert not list(content_errors("gen_ai.input.messages", converted))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "text", "text": None}]},
        {"role": "user", "content": [{"type": "file", "file": None}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": None}]},
        {"role": "user", "content": [{"type": "input_audio"}]},
        {"role": "user", "content": [None, 5, "text", ["x"]]},
        {"role": None, "content": 5},
        {"role": "tool", "content": None},
        {"role": "tool", "tool_call_id": 5, "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "tool_calls": [{"id": 5, "function": "x"}]},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": "[1"}},
        {"role": "assistant", "function_call": {"name": "f", "arguments": '"text"'}},
        None,
        5,
        "text",
        [],
    ],
)
def test_odd_messages_are_still_messages(message: Any) -> None:
    assert not list(content_errors("gen_ai.input.messages", input_messages([message])))
    answered = output_messages([{"message": message, "finish_reason": None}]) or []
    assert not list(content_errors("gen_ai.output.messages", answered))


@pytest.mark.parametrize(
    ("tool", "definition"),
    [
        (WEATHER_TOOL, {"type": "function", **WEATHER_TOOL["function"]}),
        ({"type": "web_search"}, {"type": "web_search", "name": "web_search"}),
        (
            {"type": "custom", "custom": {"name": "f", "description": "d"}},
            {"type": "custom", "name": "f", "description": "d"},
        ),
        ({"type": "function", "function": {"name": "f", "parameters": "x"}}, {"type": "function", "name": "f"}),
        (None, {"type": "function", "name": "function"}),
    ],
)
def test_tool_definitions(tool: Any, definition: dict[str, Any]) -> None:
    assert tool_definitions([tool]) == [definition]
    assert not list(content_errors("gen_ai.tool.definitions", [definition]))
