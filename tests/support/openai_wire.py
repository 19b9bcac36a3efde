"""Answers of OpenAI's API, as JSON."""

from __future__ import annotations

from typing import Any

MODEL = "gpt-5-mini"
ANSWERED_BY = "gpt-5-mini-2026-08-01"
USAGE: dict[str, Any] = {
    "prompt_tokens": 19,
    "completion_tokens": 10,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0},
}
WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
ASK: dict[str, Any] = {"model": MODEL, "messages": QUESTION}


def choice(content: Any = "Paris.", *, index: int = 0, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """One choice of a completion."""
    return {
        "index": index,
        "message": {"role": "assistant", "content": content, "refusal": None, **message},
        "logprobs": None,
        "finish_reason": finish,
    }


def completion(*choices: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A chat completion, by default of one choice saying "Paris."."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1790000000,
        "model": ANSWERED_BY,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": list(choices or [choice()]),
        "usage": USAGE,
        **facts,
    }


def chunk(*choices: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """One chunk of a streamed completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": ANSWERED_BY,
        "system_fingerprint": "fp_1",
        "choices": list(choices),
        **facts,
    }


def delta(content: Any = None, *, index: int = 0, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """What a chunk adds to one choice."""
    said = {} if content is None else {"content": content}
    return {"index": index, "delta": {**said, **more}, "logprobs": None, "finish_reason": finish}


def text_chunks(*pieces: str, usage: bool = True) -> list[dict[str, Any]]:
    """A whole streamed answer, word by word."""
    said = [chunk(delta(piece)) for piece in pieces or ("Par", "is", ".")]
    last = [chunk(usage=USAGE)] if usage else []
    return [chunk(delta("", role="assistant")), *said, chunk(delta(finish="stop")), *last]


def tool_call(name: str = "weather", arguments: str = '{"city":"Paris"}', call_id: str = "call_1") -> dict[str, Any]:
    """A call that the model asks for."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
