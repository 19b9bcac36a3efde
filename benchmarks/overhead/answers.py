"""What the model's service answers, in memory: the bytes are ready-made, and no socket is opened.

No two answers have the same id: OpenLLMetry records a response once, however often it comes.
"""

from __future__ import annotations

import array
import base64
import itertools
import json
from collections.abc import Callable
from typing import Any, Final

import httpx2

Json = dict[str, Any]

_NUMBER: Final = "the-number"
"""Stands in the ready-made bytes for the number of the answer."""

MODEL: Final = "gpt-4o"
EMBEDDING_MODEL: Final = "text-embedding-3-small"
DIMENSIONS: Final = 1536
TEXTS: Final = 8
"""How many texts an embeddings request has."""
CHUNKS: Final = 200
"""How many chunks a stream has."""
TOOL: Final[Json] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def _chat(message: Json, reason: str) -> Json:
    return {
        "id": f"chatcmpl-{_NUMBER}",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "service_tier": "default",
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 20,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    }


CHAT: Final = _chat({"content": "hello " * 40}, "stop")
TOOL_CALL: Final = _chat(
    {
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}
        ],
    },
    "tool_calls",
)
EMBEDDINGS: Final[Json] = {
    "object": "list",
    "model": EMBEDDING_MODEL,
    "data": [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(array.array("f", [0.1] * DIMENSIONS).tobytes()).decode(),
        }
        for index in range(TEXTS)
    ],
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}
RESPONSE: Final[Json] = {
    "id": f"resp_{_NUMBER}",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": MODEL,
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "hello " * 40, "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "temperature": 1.0,
    "top_p": 1.0,
    "service_tier": "default",
    "usage": {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 30,
    },
}


def _stream() -> bytes:
    lines = []
    for number in range(CHUNKS):
        delta = {"content": "hello "} if number else {"role": "assistant", "content": ""}
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if number == CHUNKS - 1 else None}
        chunk = {"id": f"chatcmpl-{_NUMBER}", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        lines.append(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n")
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


Answer = Callable[[httpx2.Request], httpx2.Response]


def _always(content: bytes, kind: str = "application/json") -> Answer:
    numbers = itertools.count(1)

    def answer(request: httpx2.Request) -> httpx2.Response:
        numbered = content.replace(_NUMBER.encode(), b"%d" % next(numbers))
        return httpx2.Response(200, headers={"content-type": kind}, content=numbered)

    return answer


def _agent(request: httpx2.Request) -> httpx2.Response:
    """A tool call first, and after the tool has run, text."""
    is_answered = json.loads(request.content)["messages"][-1]["role"] == "tool"
    return _ANSWERED(request) if is_answered else _ASKED(request)


_ANSWERED: Final = _always(json.dumps(CHAT).encode())
_ASKED: Final = _always(json.dumps(TOOL_CALL).encode())

ANSWERS: Final[dict[str, Answer]] = {
    "chat": _ANSWERED,
    "tools": _ASKED,
    "stream": _always(_stream(), "text/event-stream"),
    "embeddings": _always(json.dumps(EMBEDDINGS).encode()),
    "responses": _always(json.dumps(RESPONSE).encode()),
    "agent": _agent,
}
