"""`POST /v1/chat/completions`: the model behind OpenAI's Chat Completions, whole or in chunks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from genspan.distro.demo.model import Prompt, Reply, Role, Tool, Turn, reply
from genspan.distro.demo.protocol import (
    Json,
    Refused,
    arguments_json,
    cached,
    new_id,
    required,
    text_of,
    token_count,
    truncated,
    typed,
)
from genspan.distro.demo.words import tokens

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def completion(body: Json) -> Json:
    """The whole response. Raises Refused for a request that the API does not accept."""
    answer = _answer(body)
    return {
        **answer.envelope("chat.completion"),
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
            for index, message in enumerate(answer.messages)
        ],
        "usage": answer.usage,
    }


def chunks(body: Json) -> Iterator[Json]:
    """The response as its stream of chunks; the last one carries the usage where `stream_options` ask for it.

    Raises Refused at once, before the first chunk is asked for.
    """
    answer = _answer(body)
    with_usage = bool((typed(body, "stream_options", dict) or {}).get("include_usage"))
    return _chunks(answer, with_usage)


def _chunks(answer: _Answer, with_usage: bool) -> Iterator[Json]:
    envelope = answer.envelope("chat.completion.chunk") | ({"usage": None} if with_usage else {})
    for index, message in enumerate(answer.messages):
        for delta in _deltas(message):
            yield {**envelope, "choices": [_choice(index, delta, None)]}
        yield {**envelope, "choices": [_choice(index, {}, answer.finish_reason)]}
    if with_usage:
        yield {**envelope, "choices": [], "usage": answer.usage}


def _choice(index: int, delta: Json, finish_reason: str | None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _deltas(message: Json) -> Iterator[Json]:
    yield {"role": "assistant", "content": None if "tool_calls" in message else "", "refusal": None}
    for token in tokens(message["content"] or ""):
        yield {"content": token}
    for index, call in enumerate(message.get("tool_calls", ())):
        function = {"name": call["function"]["name"], "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": function}]}
        for token in tokens(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": token}}]}


@dataclass(slots=True)
class _Answer:
    """What whole response and stream have in common."""

    model: str
    messages: list[Json]
    finish_reason: str
    usage: Json
    id: str = field(default_factory=lambda: new_id("chatcmpl-"))
    created: int = field(default_factory=lambda: int(time.time()))

    def envelope(self, kind: str) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_" + hashlib.sha256(self.model.encode()).hexdigest()[:10],
        }


def _answer(body: Json) -> _Answer:
    model = required(body, "model", str)
    messages = required(body, "messages", list)
    count = typed(body, "n", int, default=1)
    if not 1 <= count <= 128:
        raise Refused(f"Invalid 'n': expected between 1 and 128, got {count}.", "n", "integer_out_of_range")
    limit = typed(body, "max_completion_tokens", int) or typed(body, "max_tokens", int)
    said = reply(_prompt(body, messages))
    text, cut = truncated(said.text or "", limit)
    answers = [_message(said, text) for _ in range(count)]
    spent = token_count(text, *(arguments_json(call) for call in said.calls)) + 5 * len(said.calls)
    return _Answer(
        model,
        answers,
        "tool_calls" if said.calls else "length" if cut else "stop",
        _usage(3 + token_count(messages, body.get("tools")), count * spent),
    )


def _message(said: Reply, text: str) -> Json:
    message: Json = {"role": "assistant", "content": text or None, "refusal": None, "annotations": []}
    if said.calls:
        message["tool_calls"] = [
            {
                "id": new_id("call_"),
                "type": "function",
                "function": {"name": call.name, "arguments": arguments_json(call)},
            }
            for call in said.calls
        ]
    return message


def _usage(prompt_tokens: int, completion_tokens: int) -> Json:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": cached(prompt_tokens), "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _prompt(body: Json, messages: list[Any]) -> Prompt:
    if not messages:
        raise Refused("Invalid 'messages': empty array. Expected at least one message.", "messages", "empty_array")
    offered = typed(body, "tools", list, default=[])
    return Prompt(
        turns=list(_turns(messages)),
        tools=[_tool(tool, f"tools[{index}]") for index, tool in enumerate(offered)],
        tool_choice=_tool_choice(body),
        parallel_tool_calls=typed(body, "parallel_tool_calls", bool, default=True),
        schema=_schema(typed(body, "response_format", dict)),
    )


def _turns(messages: list[Any]) -> Iterator[Turn]:
    asked: set[str] = set()
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            known = ", ".join(f"'{name}'" for name in _ROLES)
            raise Refused(f"Invalid value: {role!r}. Supported values are: {known}.", f"{where}.role", "invalid_value")
        calls = message.get("tool_calls") or ()
        asked |= {call["id"] for call in calls}
        if role == "tool" and message.get("tool_call_id") not in asked:
            wanted = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            raise Refused(f"Invalid parameter: {wanted}", f"{where}.role")
        called = tuple(call["function"]["name"] for call in calls if call.get("type", "function") == "function")
        yield Turn(_ROLES[role], text_of(message.get("content")), called)


def _tool(tool: Any, where: str) -> Tool:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Refused(f"Missing required parameter: '{where}.function.name'.", where, "missing_required_parameter")
    return Tool(function["name"], function.get("description") or "", function.get("parameters") or {})


def _tool_choice(body: Json) -> str:
    choice = typed(body, "tool_choice", str, dict, default="auto")
    if choice != "auto" and not body.get("tools"):
        raise Refused("Invalid value for 'tool_choice': only allowed when 'tools' are specified.", "tool_choice")
    return choice if isinstance(choice, str) else str(choice.get("function", {}).get("name"))


def _schema(response_format: Json | None) -> Json | None:
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object"}:
            return {}
    return None
