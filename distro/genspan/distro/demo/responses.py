"""`POST /v1/responses`: the same model behind OpenAI's Responses API, whole or as its stream of events."""

from __future__ import annotations

import time
from collections.abc import Iterator
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

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def response(body: Json) -> Json:
    """The whole response. Raises Refused for a request that the API does not accept."""
    model = required(body, "model", str)
    given = required(body, "input", str, list)
    said = reply(_prompt(body, given))
    text, cut = truncated(said.text or "", typed(body, "max_output_tokens", int))
    spent = token_count(text, *(arguments_json(call) for call in said.calls)) + 5 * len(said.calls)
    read = 3 + token_count(given, body.get("instructions"), body.get("tools"))
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": time.time(),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": model,
        "output": _output(said, text, "incomplete" if cut else "completed"),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "service_tier": "default",
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": cached(read), "cache_write_tokens": 0},
            "output_tokens": spent,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + spent,
        },
    }


def events(body: Json) -> Iterator[Json]:
    """The response as its numbered events. Raises Refused at once, before the first event is asked for."""
    whole = response(body)
    return ({**event, "sequence_number": number} for number, event in enumerate(_events(whole)))


def _events(whole: Json) -> Iterator[Json]:
    begun = {**whole, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(whole["output"]):
        body = _message_events if item["type"] == "message" else _call_events
        blank: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
        here = {"output_index": index}
        yield {"type": "response.output_item.added", **here, "item": {**item, **blank, "status": "in_progress"}}
        for event in body(item):
            yield {**event, **here, "item_id": item["id"]}
        yield {"type": "response.output_item.done", **here, "item": item}
    yield {"type": f"response.{whole['status']}", "response": whole}


def _message_events(item: Json) -> Iterator[Json]:
    for index, part in enumerate(item["content"]):
        here = {"content_index": index}
        yield {"type": "response.content_part.added", **here, "part": {**part, "text": ""}}
        for token in tokens(part["text"]):
            yield {"type": "response.output_text.delta", **here, "delta": token, "logprobs": []}
        yield {"type": "response.output_text.done", **here, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **here, "part": part}


def _call_events(item: Json) -> Iterator[Json]:
    for token in tokens(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", "delta": token}
    yield {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": item["arguments"]}


def _output(said: Reply, text: str, status: str) -> list[Json]:
    if not said.calls:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        return [{"id": new_id("msg_"), "type": "message", "role": "assistant", "status": status, "content": [part]}]
    return [
        {
            "id": new_id("fc_"),
            "type": "function_call",
            "call_id": new_id("call_"),
            "name": call.name,
            "arguments": arguments_json(call),
            "status": "completed",
        }
        for call in said.calls
    ]


def _prompt(body: Json, given: str | list[Any]) -> Prompt:
    instructions = typed(body, "instructions", str)
    turns = (
        [Turn("user", given)] if isinstance(given, str) else [_turn(item, index) for index, item in enumerate(given)]
    )
    choice = typed(body, "tool_choice", str, dict, default="auto")
    return Prompt(
        turns=[Turn("system", instructions), *turns] if instructions else turns,
        tools=[
            Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {})
            for tool in typed(body, "tools", list, default=[])
            if tool.get("type") == "function"
        ],
        tool_choice=choice if isinstance(choice, str) else str(choice.get("name")),
        parallel_tool_calls=typed(body, "parallel_tool_calls", bool, default=True),
        schema=_schema(typed(body, "text", dict)),
    )


def _turn(item: Any, index: int) -> Turn:
    match item:
        case {"type": "function_call", "name": str(name)}:
            return Turn("assistant", "", (name,))
        case {"type": "function_call_output", "output": output}:
            return Turn("tool", text_of(output))
        case {"role": str(role)} if role in _ROLES:
            return Turn(_ROLES[role], text_of(item.get("content")))
        case {"type": str()}:
            # Reasoning items, references and the like hold nothing that this model reads.
            return Turn("assistant", "")
    raise Refused(f"Invalid value: 'input[{index}]'.", f"input[{index}]", "invalid_value")


def _schema(text: Json | None) -> Json | None:
    match (text or {}).get("format"):
        case {"type": "json_schema", "schema": dict(schema)}:
            return schema
        case {"type": "json_object"}:
            return {}
    return None
