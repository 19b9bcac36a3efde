"""What is being done, on the error stream of a terminal, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Shows that something is being done, while the block lasts; what is given says what else, from then on."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what: None
        return
    with console.status(what) as status:
        yield status.update


def counted(items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
    """The items, with a bar that says how many have come; `total` is None where nobody knows."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(items, total=total, description=what)
