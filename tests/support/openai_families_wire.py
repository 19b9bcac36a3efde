"""Answers of OpenAI's APIs other than chat completions, as JSON."""

from __future__ import annotations

from typing import Any

from support.openai_wire import ANSWERED_BY, MODEL

USAGE: dict[str, Any] = {
    "input_tokens": 19,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 29,
}
SAY: dict[str, Any] = {"model": MODEL, "input": "What is the capital of France?"}
PIXEL = "iVBORw0KGgo="
"""The first eight bytes of every PNG."""


def said(words: str = "Paris.", item_id: str = "msg_1", **more: Any) -> dict[str, Any]:
    """An output message."""
    return {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": words, "annotations": []}],
        **more,
    }


def response(*output: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A response, by default saying "Paris."."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1790000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": ANSWERED_BY,
        "output": list(output or [said()]),
        "parallel_tool_calls": True,
        "service_tier": "default",
        "tool_choice": "auto",
        "tools": [],
        "usage": USAGE,
        "metadata": {},
        **facts,
    }


def numbered(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Events of a streamed response, in their order."""
    return [{"sequence_number": number, **event} for number, event in enumerate(events)]


def opening(**facts: Any) -> list[dict[str, Any]]:
    """The events that every streamed response begins with."""
    started = response(**{"status": "in_progress", "output": [], "usage": None, **facts})
    started["output"] = []
    return [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]


def added(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """An item begins."""
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """An item is whole."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def text_delta(piece: str) -> dict[str, Any]:
    """A few letters."""
    return {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": piece,
        "logprobs": [],
    }


def text_events(*pieces: str, end: bool = True) -> list[dict[str, Any]]:
    """A whole streamed response, or one that only breaks off."""
    pieces = pieces or ("Par", "is", ".")
    words = "".join(pieces)
    part = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    whole = {"type": "output_text", "text": words, "annotations": []}
    events = [
        *opening(),
        added(said(content=[], status="in_progress")),
        {"type": "response.content_part.added", **part, "part": {**whole, "text": ""}},
        *map(text_delta, pieces),
    ]
    if end:
        events += [
            {"type": "response.output_text.done", **part, "text": words, "logprobs": []},
            {"type": "response.content_part.done", **part, "part": whole},
            done(said(words)),
            {"type": "response.completed", "response": response(said(words))},
        ]
    return numbered(*events)


def compaction() -> dict[str, Any]:
    """What `responses.compact` answers."""
    return {
        "id": "cmp_1",
        "object": "response.compaction",
        "created_at": 1790000000,
        "output": [
            {"id": "msg_0", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]},
            {"id": "cmp_2", "type": "compaction", "encrypted_content": "…"},
        ],
        "usage": USAGE,
    }


def text_completion(*texts: str, **facts: Any) -> dict[str, Any]:
    """A completion of the API from before chat; also one of its chunks."""
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1790000000,
        "model": "gpt-3.5-turbo-instruct",
        "system_fingerprint": "fp_1",
        "choices": [
            {"text": text, "index": index, "logprobs": None, "finish_reason": "stop"}
            for index, text in enumerate(texts or ("Paris.",))
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        **facts,
    }


def embeddings(*vectors: Any, **facts: Any) -> dict[str, Any]:
    """An answer of three numbers a text; base64 where a vector is text."""
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors or ([0.5, 0.25, -1.0],))
        ],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
        **facts,
    }


def images(*data: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """An answer with images, by default one as bytes."""
    return {
        "created": 1790000000,
        "data": list(data or [{"b64_json": PIXEL}]),
        "usage": {
            "input_tokens": 50,
            "output_tokens": 40,
            "total_tokens": 90,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
        },
        **facts,
    }


def moderation(*flagged: str, results: int = 1) -> dict[str, Any]:
    """An answer that flags the categories named."""
    categories = {name: name in flagged for name in ("harassment", "hate", "violence")}
    scores = {name: 0.9 if name in flagged else 0.1 for name in categories}
    result = {
        "flagged": bool(flagged),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in categories},
    }
    return {"id": "modr-1", "model": "omni-moderation-2026", "results": [result] * results}


def found(**more: Any) -> dict[str, Any]:
    """A page of search results."""
    return {
        "object": "vector_store.search_results.page",
        "search_query": ["return policy"],
        "data": [
            {
                "file_id": "file_1",
                "filename": "returns.md",
                "score": 0.75,
                "attributes": {"region": "EU"},
                "content": [{"type": "text", "text": "30 days."}, {"type": "text", "text": "Free."}],
            }
        ],
        "has_more": False,
        "next_page": None,
        **more,
    }


def decision() -> dict[str, Any]:
    """An answer to one question."""
    return {
        "answers": [{"type": "predicate", "name": "polite", "probability": 0.75}],
        "model": "gpt-6-luna-2026-09-01",
        "usage": USAGE,
    }
