"""Exit codes of `genspan`, for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import click

FINE: Final = 0
NOTHING: Final = 1
WRONG: Final = 2
"""click's own for what was asked wrongly."""
LOST: Final = 3
UNREACHABLE: Final = 4

MEANINGS: Final[Mapping[int, str]] = {
    FINE: "It was done.",
    NOTHING: "There is nothing to show, something waits, or `doctor` found a problem.",
    WRONG: "What was asked cannot be done: an option, a filter, a tracking URI or a file is wrong.",
    LOST: "Some traces will not be written by themselves (`status`, `import`).",
    UNREACHABLE: "The place where the traces are cannot be reached or read now; the same may work later.",
}
"""What each says, wherever a command says nothing else."""


class Missing(click.ClickException):
    """Ends the command: what was asked for is not there."""

    exit_code: ClassVar[int] = NOTHING


class Wrong(click.ClickException):
    """Ends the command: what was asked cannot be done."""

    exit_code: ClassVar[int] = WRONG


class Unreachable(click.ClickException):
    """Ends the command: the place where the traces are cannot be reached now."""

    exit_code: ClassVar[int] = UNREACHABLE
