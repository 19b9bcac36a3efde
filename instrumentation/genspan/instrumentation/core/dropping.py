"""Ends what garbage collection drops, when that can do no harm.

The collector runs at any step of any thread, also while OpenTelemetry's SDK holds one of its locks, which are not
reentrant (1.45: each metric's aggregation, the log and span queues). To end an operation there would wait forever.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Final

_SDK: Final = "opentelemetry.sdk."
waiting: Final[deque[Callable[[], None]]] = deque()
"""What `finish_dropped` is to end."""


def drop(finish: Callable[[], None]) -> None:
    """Calls `finish`, from a `__del__`: now, or from `finish_dropped` where the thread is inside the SDK."""
    if _inside_sdk():
        waiting.append(finish)
    else:
        finish()


def finish_dropped() -> None:
    """Ends what waits for it. Called as the next operation starts, and at exit."""
    while waiting:
        try:
            finish = waiting.popleft()
        except IndexError:
            return  # Another thread took the last one.
        finish()


def _inside_sdk() -> bool:
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_SDK):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
