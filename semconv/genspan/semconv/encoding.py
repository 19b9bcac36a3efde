"""The one JSON encoder of structured attributes.

OpenTelemetry's span attributes hold no maps, so the conventions ask for JSON text there.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
from collections import deque
from collections.abc import Mapping, Set
from typing import Any

import orjson

# Dataclasses and dates come to us: orjson 3.13 crashes the process on a dataclass whose `__dict__` cannot be read,
# and on a time zone that raises.
_OPTIONS = (
    orjson.OPT_NON_STR_KEYS
    | orjson.OPT_SERIALIZE_NUMPY
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)


def encode(value: object) -> str:
    """JSON text of any value.

    Pydantic models, dataclasses, mappings, sets, deques and bytes (base64) are written as what they hold;
    whatever else JSON has no form for is written as its `repr`, or its type's name where that fails.
    Never raises for a value of any type.
    """
    try:
        return orjson.dumps(value, _plain, _OPTIONS).decode()
    except (TypeError, ValueError, RecursionError):
        # Lone surrogates, integers beyond 64 bits, cycles, depth: orjson refuses the whole document.
        return orjson.dumps(_rebuilt(value, depth=0, above=()), _plain, _OPTIONS).decode()


def decode(text: str | bytes) -> Any:
    """The value that JSON text stands for. Raises ValueError where it is not JSON."""
    return orjson.loads(text)


def _plain(value: Any) -> Any:
    """What orjson writes in place of a value that it does not know."""
    for method in ("model_dump", "dict", "to_dict"):
        dump = getattr(type(value), method, None)
        if dump is not None:
            try:
                return value.model_dump(mode="json", warnings=False) if method == "model_dump" else dump(value)
            except Exception:  # noqa: BLE001 - a stranger's method; the next form is tried
                continue
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (Set, deque)):
        return list(value)
    return described(value)


def described(value: object) -> str:
    """`repr` of a value, or the name of its type where `repr` raises or cannot be UTF-8."""
    try:
        return repr(value).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - a stranger's __repr__
        return object.__repr__(value).partition(" object at ")[0] + ">"


_DEEPEST = 100


def _rebuilt(value: Any, depth: int, above: tuple[int, ...]) -> Any:
    """The value in forms that orjson accepts, slowly: cycles cut, surrogates escaped, huge integers as text."""
    try:
        return _taken_apart(value, depth, above)
    except Exception:  # noqa: BLE001 - a stranger's iterator, property or mapping; the rest of the document is kept
        return described(value)


def _taken_apart(value: Any, depth: int, above: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if depth > _DEEPEST or id(value) in above:
        return f"<{type(value).__name__}>"
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {
            _rebuilt(key if isinstance(key, str) else described(key), depth, above): _rebuilt(item, depth + 1, above)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_rebuilt(item, depth + 1, above) for item in value]
    plain = _plain(value)
    return plain if isinstance(plain, str) else _rebuilt(plain, depth + 1, above)
