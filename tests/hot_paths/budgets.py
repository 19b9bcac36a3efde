"""What each hot path may cost, from `budgets.json`, and what is said of one that does not keep to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypedDict

FILE: Final = Path(__file__).with_name("budgets.json")
PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"

MARGIN: Final = 0.03
"""Part of its budget by which a path may be above it: 200 bytecode instructions of a chat, some 5 µs."""
OTHER_PYTHON: Final = 0.1
"""The same where the budget was counted by another Python, whose bytecode is another: they differ by up to 5 %."""
LOOSE: Final = 0.1
"""Part by which a path may be below its budget. Further down, the budget would let as much slip in again."""
CHANCE: Final = 0.01
"""Part by which two counts may differ: threads wait for each other now and then, and numbers have more digits."""
SLACK: Final = 0.002
"""Spans: five instructions, for paths that cost next to nothing."""
COPY: Final = 0.5
"""Bytes for each byte of the prompt. A copy of it is one."""


class Cost(TypedDict):
    """What a path costs, or may cost. See `measuring.Figures`."""

    spans: float
    bytes: float


class Budgets(TypedDict):
    """The file."""

    python: str
    """The minor version that counted."""
    paths: dict[str, Cost]


def read() -> Budgets:
    budgets: Budgets = json.loads(FILE.read_text())
    return budgets


def write(costs: Mapping[str, Cost]) -> None:
    """Makes these the budgets; one that has hardly changed stays, so that a diff shows what has."""
    before = read()["paths"]
    costs = {name: before[name] if _alike(cost, before.get(name)) else cost for name, cost in costs.items()}
    # A line for each path, so that a diff shows it whole.
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(cost)}" for name, cost in costs.items())
    FILE.write_text(f'{{\n  "python": "{PYTHON}",\n  "paths": {{\n{lines}\n  }}\n}}\n')


def _alike(cost: Cost, other: Cost | None) -> bool:
    return (
        other is not None
        and abs(cost["spans"] - other["spans"]) <= other["spans"] * CHANCE
        and abs(cost["bytes"] - other["bytes"]) < COPY
    )


def excess(cost: Cost, budget: Cost, margin: float = MARGIN) -> str | None:
    """What is above the budget, None where nothing is."""
    if cost["spans"] > budget["spans"] * (1 + margin) + SLACK:
        return f"{_more(cost, budget)} more instructions"
    if cost["bytes"] > budget["bytes"] + COPY:
        return f"{cost['bytes'] - budget['bytes']:.1f} more bytes for each of the prompt"
    return None


def looseness(cost: Cost, budget: Cost) -> str | None:
    """What is far below the budget, None where nothing is."""
    if cost["spans"] < budget["spans"] * (1 - LOOSE) - SLACK:
        return f"{_more(budget, cost)} fewer instructions"
    if cost["bytes"] < budget["bytes"] - COPY:
        return f"{budget['bytes'] - cost['bytes']:.1f} fewer bytes for each of the prompt"
    return None


def _more(cost: Cost, budget: Cost) -> str:
    more = cost["spans"] - budget["spans"]
    return f"{more / budget['spans']:.0%}" if budget["spans"] else f"{more:.3f} spans"
