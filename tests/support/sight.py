"""What an app can see: values, exceptions, warnings, log records. For comparing two runs of the same code."""

from __future__ import annotations

import gc
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import pydantic

_VOLATILE = re.compile(
    r"0x[0-9a-f]+|retry-[0-9a-f-]{36}|\d+\.\d+ seconds|fd=\d+|cancel scope [0-9a-f]+|boundary=[0-9a-f]+"
    r"|\('127.0.0.1', \d+\)"
)
_CHANCE = re.compile(r"asynchronous generator|^Using selector")
"""Which of an abandoned stream's generators asyncio comes to first, and logs, is chance; so are transports' steps."""


@dataclass
class Sight:
    """What one run showed."""

    values: list[Any] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    logs: list[tuple[str, str, str]] = field(default_factory=list)
    unraisable: list[str] = field(default_factory=list)

    def saw(self, value: Any) -> None:
        """Notes a value as it is now."""
        self.values.append(plain(value))


@contextmanager
def looking() -> Iterator[Sight]:
    """Watches everything that shows while the block runs, garbage collection included."""
    sight = Sight()
    handler = _Records(sight)
    root = logging.getLogger()
    level, hook = root.level, sys.unraisablehook
    # What is there already is not what the block drops: garbage collection need not go through it.
    gc.freeze()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    sys.unraisablehook = lambda raised: sight.unraisable.append(repr(raised.exc_value))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield sight
            finally:
                gc.collect()
                gc.unfreeze()
        sight.warnings = sorted((warning.category.__name__, _steady(str(warning.message))) for warning in caught)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        sys.unraisablehook = hook


class _Records(logging.Handler):
    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self._sight = sight

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not record.name.startswith(("httpcore", "websockets")) and not _CHANCE.search(message):
            self._sight.logs.append((record.name, record.levelname, _steady(message)))


def _steady(text: str) -> str:
    return _VOLATILE.sub("…", text)


def plain(value: Any) -> Any:
    """A value in a form that compares by what it says: its class by `isinstance`'s lights, and what it holds."""
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return value
    if isinstance(value, str):
        return _steady(value)
    if isinstance(value, type):
        return f"class {value.__module__}.{value.__qualname__}"
    for kind, read in _READERS:
        if isinstance(value, kind):
            return (_class(value), read(value))
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_class(value), *map(plain, value)]
    if hasattr(value, "status_code") and hasattr(value, "http_version"):
        return (_class(value), value.status_code, plain(value.headers.multi_items()))
    if hasattr(value, "method") and hasattr(value, "url"):
        return (_class(value), value.method, str(value.url), plain(value.headers.multi_items()))
    if is_dataclass(value):
        return (_class(value), [(f.name, plain(getattr(value, f.name))) for f in fields(value)])
    return _class(value)


def _class(value: Any) -> str:
    # `__class__`, not `type()`: what `isinstance` goes by.
    return f"{value.__class__.__module__}.{value.__class__.__qualname__}"


def _model(model: pydantic.BaseModel) -> Any:
    values = {**dict(model), **(model.__pydantic_extra__ or {})}
    return {
        "values": plain(values),
        "set": sorted(model.model_fields_set),
        "request id": getattr(model, "_request_id", None),
    }


def _exception(error: BaseException) -> Any:
    return {
        "args": plain(error.args),
        "vars": plain(vars(error)),
        "cause": plain(error.__cause__),
        "context": plain(error.__context__),
        "suppressed": error.__suppress_context__,
        "notes": plain(getattr(error, "__notes__", None)),
    }


_READERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (pydantic.BaseModel, _model),
    (BaseException, _exception),
)
