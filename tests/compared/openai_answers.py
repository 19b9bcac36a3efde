"""Answers of OpenAI's APIs that only the comparison needs, as JSON."""

from __future__ import annotations

from typing import Any

from support import openai_families_wire as wire

SOUND = b"a sound"
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
COMPACTION: dict[str, Any] = {"id": "cmp_1", "type": "compaction", "encrypted_content": "…"}
_DRAWN: dict[str, Any] = {
    "b64_json": wire.PIXEL,
    "background": "auto",
    "created_at": 1790000000,
    "output_format": "png",
    "quality": "low",
    "size": "1024x1024",
}
IMAGE_EVENTS: list[dict[str, Any]] = [
    {"type": "image_generation.partial_image", "partial_image_index": 0, **_DRAWN},
    {"type": "image_generation.completed", "usage": wire.images()["usage"], **_DRAWN},
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
COMPLETION_CHUNKS: list[dict[str, Any]] = [
    wire.text_completion("Par", usage=None),
    wire.text_completion("is.", usage=None),
    {**wire.text_completion(), "choices": []},
]
