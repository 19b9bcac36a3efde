"""Events of the Realtime API, as JSON."""

from __future__ import annotations

import base64
from typing import Any

MODEL = "gpt-realtime-2"
USAGE: dict[str, Any] = {
    "total_tokens": 253,
    "input_tokens": 132,
    "output_tokens": 121,
    "input_token_details": {
        "text_tokens": 119,
        "audio_tokens": 13,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}
SOUND = [b"\x01\x02\x03", b"\x04\x05\x06\x07"]
"""Two pieces that do not end where base64 does."""


def session(**facts: Any) -> dict[str, Any]:
    """What the server tells of a session."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_1",
        "model": MODEL,
        "instructions": "Be brief.",
        "tools": [],
        "output_modalities": ["audio"],
        "max_output_tokens": "inf",
        **facts,
    }


def response(*output: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A response."""
    return {
        "object": "realtime.response",
        "id": "resp_1",
        "status": "completed",
        "status_details": None,
        "output": list(output),
        "conversation_id": "conv_1",
        "output_modalities": ["audio"],
        "max_output_tokens": "inf",
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"}},
        "usage": USAGE,
        "metadata": None,
        **facts,
    }


def spoken(words: str = "Paris.", **facts: Any) -> dict[str, Any]:
    """An answer by voice."""
    return {
        "id": "item_1",
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_audio", "transcript": words}],
        **facts,
    }


def created(**facts: Any) -> dict[str, Any]:
    """A response begins."""
    return event("response.created", response=response(status="in_progress", usage=None, **facts))


def done(*output: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A response is over."""
    return event("response.done", response=response(*output, **facts))


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """An event of the server."""
    return {"type": kind, "event_id": "event_1", **fields}


def piece(kind: str, delta: str, response_id: str = "resp_1", **fields: Any) -> dict[str, Any]:
    """A piece of an item."""
    return event(
        f"response.{kind}.delta",
        response_id=response_id,
        item_id="item_1",
        output_index=0,
        content_index=0,
        delta=delta,
        **fields,
    )


def voice(*words: str, sound: str = "output_audio") -> list[dict[str, Any]]:
    """The pieces of an answer by voice."""
    return [
        event("response.output_item.added", response_id="resp_1", output_index=0, item=spoken(content=[])),
        *(piece(f"{sound}_transcript", word) for word in words),
        *(piece(sound, base64.b64encode(data).decode()) for data in SOUND),
    ]


def answer(**facts: Any) -> list[dict[str, Any]]:
    """A whole answer by voice."""
    return [
        created(**facts),
        *voice("Par", "is."),
        event("response.output_item.done", response_id="resp_1", output_index=0, item=spoken()),
        done(spoken(), **facts),
    ]
