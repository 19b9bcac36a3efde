"""Keeps our own work out of the traces that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value


@contextmanager
def untraced() -> Iterator[None]:
    """No instrumentation makes spans in this thread while the block lasts: not of sqlite3, not of requests."""
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        yield
    finally:
        detach(token)
