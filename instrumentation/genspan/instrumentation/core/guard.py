"""Our faults stay ours: whatever goes wrong in recording is logged once per place, and the app never sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing_extensions import TypeVarTuple, Unpack

    P = TypeVarTuple("P")
T = TypeVar("T")

_logger = logging.getLogger("genspan.instrumentation")
_reported: set[str] = set()


def report(place: str) -> None:
    """Logs the exception being handled, the first time that `place` sees one."""
    if place in _reported:
        return
    _reported.add(place)
    try:
        _logger.warning(
            "genspan could not record all of %s; the application is not affected. "
            "Further failures there are not logged.",
            place,
            exc_info=True,
        )
    except Exception:  # noqa: BLE001 - a log handler of the app's own must not break the app's call either
        pass


def place_of(function: Callable[..., Any]) -> str:
    """The dotted name of a function, for `report`."""
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"


def guarded(function: Callable[[Unpack[P]], T], *args: Unpack[P]) -> T | None:
    """What `function` returns, or None where it raised."""
    try:
        return function(*args)
    except Exception:  # noqa: BLE001 - the guard itself
        report(place_of(function))
        return None
