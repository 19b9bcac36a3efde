"""What recording adds on a path, in units that mean the same on every machine and, nearly, on every Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import cache
from types import CodeType
from typing import Final, NamedTuple

import genspan
from hot_paths import counting
from hot_paths.paths import HAND_WRITTEN, Path, Prepare, Within

Counted = Counter[CodeType]
Measure = Callable[[Prepare, Within], Counted]

SHORT: Final = "x" * 1_000
LONG: Final = "x" * 1_000_000
"""What the user says, and where bytes are counted. Plain ASCII: one byte a character, in Python and in JSON."""
WARM: Final = 3
SHOWN: Final = 12
"""Functions by which a figure is explained."""


class Figures(NamedTuple):
    """What recording adds."""

    spans: float
    """Bytecode instructions, over those of one span that is written by hand with a chat's attributes."""
    bytes: float
    """Bytes allocated in large pieces, for each byte of the prompt. orjson alone asks for eight when it writes one."""
    instructions: Mapping[str, int]
    """Where most of the instructions are, by function."""
    allocations: Mapping[str, float]
    """Where most of the bytes are."""


@cache
def _instructions(prepare: Prepare, within: Within) -> Counted:
    # The second time may be less by a few, where a thread need not wait for another.
    return _counted(lambda run: min(map(counting.instructions, (run, run)), key=Counter.total), prepare, within, SHORT)


@cache
def _large_bytes(prepare: Prepare, within: Within) -> Counted:
    return _counted(counting.large_bytes, prepare, within, LONG)


def _counted(count: Callable[[counting.Run], Counted], prepare: Prepare, within: Within, text: str) -> Counted:
    run = prepare(text)
    with within():
        for _ in range(WARM):
            run()
        return count(run)


def _added(path: Path, measure: Measure) -> Counted:
    added = Counter(measure(path.prepare, path.recording))
    added.subtract(measure(path.bare or path.prepare, nullcontext))
    if path.beyond is not None:
        added.subtract(_added(path.beyond, measure))
    return added


@cache
def unit() -> int:
    """Instructions of one hand-written span."""
    return _added(HAND_WRITTEN, _instructions).total()


def figures(path: Path) -> Figures:
    """Counts a path."""
    instructions = _added(path, _instructions)
    # A stream's further chunks hold nothing of the prompt.
    allocated = _added(path, _large_bytes) if path.beyond is None else Counter()
    size = path.times * len(LONG)
    return Figures(
        spans=round(instructions.total() / path.times / unit(), 4),
        bytes=round(allocated.total() / size, 2),
        instructions={name: round(count / path.times) for name, count in _most(instructions)},
        allocations={name: share for name, count in _most(allocated) if (share := round(count / size, 2))},
    )


def own_calls(path: Path) -> dict[str, int]:
    """Calls of our own functions that one call on this path makes, by function."""
    counted = _counted(lambda run: counting.calls(run, tuple(genspan.__path__)), path.prepare, path.recording, SHORT)
    return dict(_most(counted, None))


def _most(counted: Counted, shown: int | None = SHOWN) -> list[tuple[str, int]]:
    by_name: Counter[str] = Counter()
    for code, count in counted.items():
        by_name[_name(code)] += count
    return by_name.most_common(shown)


def _name(code: CodeType) -> str:
    """The function and the end of its file's path."""
    name = getattr(code, "co_qualname", code.co_name)  # since 3.11
    return f"{'/'.join(code.co_filename.split('/')[-3:])}: {name}"
