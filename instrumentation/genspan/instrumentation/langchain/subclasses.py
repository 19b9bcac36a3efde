"""All classes below one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def below(base: Any) -> Iterator[type]:
    """Its subclasses, theirs, and so on; one that is reached by several ways comes several times."""
    for subclass in base.__subclasses__():
        yield subclass
        yield from below(subclass)
