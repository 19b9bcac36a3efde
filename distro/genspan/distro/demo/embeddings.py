"""`POST /v1/embeddings`: hashed bags of words, so that texts which share words are near each other."""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from collections import Counter
from typing import Any

from genspan.distro.demo.protocol import Json, Refused, required, token_count, typed
from genspan.distro.demo.words import stem, stems, words

_DIMENSIONS = {"text-embedding-3-large": 3072}
_USUAL = 1536


def embeddings(body: Json) -> Json:
    """The whole response: one vector of length 1 for each input. Raises Refused for a request that is not accepted."""
    model = required(body, "model", str)
    texts = _texts(required(body, "input", str, list))
    dimensions = typed(body, "dimensions", int, default=_DIMENSIONS.get(model, _USUAL))
    if not 0 < dimensions <= 4096:
        raise Refused(f"Invalid 'dimensions': {dimensions}.", "dimensions", "invalid_value")
    encode = _ENCODINGS.get(typed(body, "encoding_format", str, default="float"))
    if encode is None:
        raise Refused("Invalid 'encoding_format': expected 'float' or 'base64'.", "encoding_format", "invalid_value")
    used = token_count(*texts)
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": encode(vector(text, dimensions))}
            for index, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def vector(text: str, dimensions: int) -> list[float]:
    """The text's direction: each stem adds to one coordinate, which its hash picks with its sign."""
    coordinates = [0.0] * dimensions
    meaningful = stems(text)
    counted = Counter(found for found in map(stem, words(text)) if found in meaningful)
    for found, times in (counted or Counter({"": 1})).items():
        hashed = int.from_bytes(hashlib.blake2b(found.encode(), digest_size=8).digest(), "little")
        coordinates[(hashed >> 1) % dimensions] += math.sqrt(times) * (1 if hashed & 1 else -1)
    length = math.hypot(*coordinates) or 1.0
    return [coordinate / length for coordinate in coordinates]


def _base64(coordinates: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(coordinates)}f", *coordinates)).decode()


_ENCODINGS: dict[str, Any] = {"float": list, "base64": _base64}


def _texts(given: Any) -> list[str]:
    """The inputs as texts. Token ids, which the API takes as well, stand for themselves: equal ids, equal words."""
    if isinstance(given, str):
        return [given]
    if given and all(isinstance(item, int) for item in given):
        return [_from_ids(given)]
    if given and all(isinstance(item, (str, list)) and item for item in given):
        return [item if isinstance(item, str) else _from_ids(item) for item in given]
    raise Refused("Invalid 'input': expected text, token ids, or a list of either.", "input", "invalid_value")


def _from_ids(ids: list[int]) -> str:
    return " ".join(f"token{number}" for number in ids)
