"""Whether the clock here agrees with others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genspan.distro.cli.doctor.causes import Finding, found
from genspan.mlflow.notebook.amounts import duration

TOLERANCE: Final = 30.0
"""Seconds; HTTP dates have whole ones, and answers take a while."""


def differing(ahead: float | None, address: str) -> Iterator[Finding]:
    """A finding where another's clock is ahead of ours, or behind it."""
    if ahead is not None and abs(ahead) > TOLERANCE:
        direction = "behind" if ahead > 0 else "ahead of"
        yield found("clock-differs", difference=spoken(abs(ahead)), direction=direction, address=address)


def spoken(seconds: float) -> str:
    """A time of any length for people to read."""
    if seconds < 2 * 3600:
        return duration(round(seconds * 1e9))
    return f"{seconds / 3600:,.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days"
