"""Answers of OpenAI's other APIs, as JSON; those of chat completions are in `support.openai_wire`."""

from __future__ import annotations

import base64
from typing import Any

from support.openai_wire import ANSWERED_BY

PICTURE = base64.b64encode(b"a picture").decode()
SOUND = b"a sound"
USAGE: dict[str, Any] = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 8,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 20,
}
SAYS: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Paris.", "annotations": []}],
}
SEARCHES: dict[str, Any] = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "capital of France"},
}
CALLS: dict[str, Any] = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Paris"}',
    "status": "completed",
}
THINKS: dict[str, Any] = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "France's capital is asked for."}],
}


def response(*output: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A response of the Responses API, by default one that says "Paris."."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1790000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": ANSWERED_BY,
        "output": list(output or (SAYS,)),
        "parallel_tool_calls": True,
        "service_tier": "default",
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": USAGE,
        **facts,
    }


def response_events() -> list[dict[str, Any]]:
    """A streamed response."""
    begun = {**response(status="in_progress", usage=None), "output": []}
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "annotations": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**SAYS, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **where, "delta": "Par", "logprobs": []},
        {"type": "response.output_text.delta", **where, "delta": "is.", "logprobs": []},
        {"type": "response.output_text.done", **where, "text": "Paris.", "logprobs": []},
        {"type": "response.content_part.done", **where, "part": {**part, "text": "Paris."}},
        {"type": "response.output_item.done", "output_index": 0, "item": SAYS},
        {"type": "response.completed", "response": response()},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


EMBEDDING: dict[str, Any] = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2, 0.3]}],
    "usage": {"prompt_tokens": 5, "total_tokens": 5},
}
_IMAGE_USAGE: dict[str, Any] = {
    "input_tokens": 9,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 9},
    "output_tokens": 1056,
    "total_tokens": 1065,
}
IMAGE: dict[str, Any] = {
    "created": 1790000000,
    "output_format": "png",
    "data": [{"b64_json": PICTURE}],
    "usage": _IMAGE_USAGE,
}
_DRAWN: dict[str, Any] = {
    "b64_json": PICTURE,
    "background": "auto",
    "created_at": 1790000000,
    "output_format": "png",
    "quality": "low",
    "size": "1024x1024",
}
IMAGE_EVENTS: list[dict[str, Any]] = [
    {"type": "image_generation.partial_image", "partial_image_index": 0, **_DRAWN},
    {"type": "image_generation.completed", "usage": _IMAGE_USAGE, **_DRAWN},
]
TRANSCRIPT: dict[str, Any] = {
    "text": "Hello.",
    "usage": {
        "type": "tokens",
        "input_tokens": 14,
        "input_token_details": {"audio_tokens": 14, "text_tokens": 0},
        "output_tokens": 2,
        "total_tokens": 16,
    },
}
TRANSCRIPT_EVENTS: list[dict[str, Any]] = [
    {"type": "transcript.text.delta", "delta": "Hel"},
    {"type": "transcript.text.delta", "delta": "lo."},
    {"type": "transcript.text.done", **TRANSCRIPT},
]
MODERATED: dict[str, Any] = {
    "id": "modr-1",
    "model": "omni-moderation-latest",
    "results": [
        {
            "flagged": True,
            "categories": {"violence": True, "hate": False},
            "category_scores": {"violence": 0.9, "hate": 0.0},
            "category_applied_input_types": {"violence": ["text"], "hate": ["text"]},
        }
    ],
}
FOUND: dict[str, Any] = {
    "object": "vector_store.search_results.page",
    "search_query": ["refunds"],
    "data": [
        {
            "file_id": "file-1",
            "filename": "refunds.md",
            "score": 0.9,
            "attributes": {},
            "content": [{"type": "text", "text": "Within 30 days."}],
        }
    ],
    "has_more": False,
    "next_page": None,
}
COMPLETED: dict[str, Any] = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1790000000,
    "model": "gpt-3.5-turbo-instruct",
    "choices": [{"text": "Paris.", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}
COMPLETED_CHUNKS: list[dict[str, Any]] = [
    {**COMPLETED, "choices": [{"text": "Par", "index": 0, "logprobs": None, "finish_reason": None}], "usage": None},
    {**COMPLETED, "choices": [{"text": "is.", "index": 0, "logprobs": None, "finish_reason": "stop"}], "usage": None},
    {**COMPLETED, "choices": []},
]
DECIDED: dict[str, Any] = {
    "answers": [{"type": "predicate", "name": "angry", "probability": 0.1}],
    "model": "gpt-6-luna",
    "usage": USAGE,
}
COMPACTED: dict[str, Any] = {
    "id": "resp_2",
    "object": "response.compaction",
    "created_at": 1790000000,
    "output": [{"id": "cmp_1", "type": "compaction", "encrypted_content": "…"}],
    "usage": USAGE,
}
