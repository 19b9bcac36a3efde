"""A limit to the size of content: long texts are cut, and JSON stays JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from genspan.exporters.content.redacting import json_text

_KEPT: Final = (10_000, 3_000, 1_000, 300, 100, 30, 0)
"""Characters left of each long text in a JSON text, tried in turn."""


def cut(text: str, limit: int) -> str:
    """Text of at most `limit` characters, or of the few more that the mark takes where the limit is smaller than that.

    What is left out is marked with its length, as `…[CUT:1200]`. Of JSON, the longest texts are cut until it fits; if
    that is not enough, the mark alone is left, as JSON.
    """
    if len(text) <= limit:
        return text
    if text[:1] in ("{", "[", '"'):
        try:
            return _cut_json(json.loads(text), len(text), limit)
        except (ValueError, RecursionError):
            pass
    return _cut_text(text, limit)


def _cut_json(value: Any, length: int, limit: int) -> str:
    for kept in (limit, *(kept for kept in _KEPT if kept < limit)):
        shorter = json_text(_shortened(value, kept))
        if len(shorter) <= limit:
            return shorter
    return json_text(_mark(length))


def _shortened(value: Any, kept: int) -> Any:
    if isinstance(value, str):
        # A text that is as short as its mark is left whole.
        return value if len(value) <= kept + 16 else value[:kept] + _mark(len(value) - kept)
    if isinstance(value, dict):
        return {key: _shortened(item, kept) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item, kept) for item in value]
    return value


def _cut_text(text: str, limit: int) -> str:
    kept = max(0, limit - len(_mark(len(text))))
    return text[:kept] + _mark(len(text) - kept)


def _mark(characters: int) -> str:
    return f"…[CUT:{characters}]"
