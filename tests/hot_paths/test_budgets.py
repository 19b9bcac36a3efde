"""No hot path costs more than its budget, counted in bytecode instructions and bytes: nothing here is timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hot_paths import budgets
from hot_paths.budgets import COPY, MARGIN, OTHER_PYTHON, PYTHON, Cost, excess, looseness

BUDGETS = budgets.read()
SAME_PYTHON = BUDGETS["python"] == PYTHON
REWRITE = "`make budgets` makes what is counted the budgets; look at `git diff` and say why it changed."

SLOWER = {
    "10 µs of Python": "chat",
    "a JSON round trip in C": "chat",
    "a copy of the prompt": "chat",
    "a copy of the prompt, content off": "chat, content off",
    "three isinstance a chunk": "stream, each further chunk",
}
"""Regressions of `slower`, and the paths that they are on."""

OWN_CALLS = {"chat, sampled out": 20, "chat, suppressed": 6, "chat, no SDK": 7}
"""Calls of our own functions, at the most, where nothing is recorded."""


@pytest.fixture(scope="module")
def counted() -> Mapping[str, Any]:
    pytest.importorskip("langchain", "1.0")
    path = os.pathsep.join([str(Path(__file__).parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    run = subprocess.run(
        [sys.executable, "-m", "hot_paths", "--json"],
        check=True,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        timeout=300,
    )
    found: Mapping[str, Any] = json.loads(run.stdout)
    return found


def test_every_path_has_a_budget(counted: Mapping[str, Any]) -> None:
    assert BUDGETS["paths"].keys() == counted["paths"].keys(), REWRITE


@pytest.mark.parametrize("path", BUDGETS["paths"])
def test_no_slower(path: str, counted: Mapping[str, Any]) -> None:
    budget, cost = BUDGETS["paths"][path], counted["paths"][path]
    above = excess(cost, budget, MARGIN if SAME_PYTHON else OTHER_PYTHON)
    if above:
        pytest.fail(
            f"{path}: {above} than the budget allows. Most are in\n{_table(cost)}\n"
            f"Where that is what the change is worth, {REWRITE}",
            pytrace=False,
        )


@pytest.mark.skipif(not SAME_PYTHON, reason=f"the budgets are counted by Python {BUDGETS['python']}")
@pytest.mark.parametrize("path", BUDGETS["paths"])
def test_budget_is_not_loose(path: str, counted: Mapping[str, Any]) -> None:
    """Else what was won could be lost again unnoticed."""
    below = looseness(counted["paths"][path], BUDGETS["paths"][path])
    if below:
        pytest.fail(f"{path} has become faster: {below} than its budget. {REWRITE}", pytrace=False)


@pytest.mark.parametrize("regression", SLOWER)
def test_regressions_are_seen(regression: str, counted: Mapping[str, Any]) -> None:
    assert excess(counted["slower"][regression], counted["paths"][SLOWER[regression]], OTHER_PYTHON)


@pytest.mark.parametrize("path", OWN_CALLS)
def test_off_is_next_to_nothing(path: str, counted: Mapping[str, Any]) -> None:
    ours = counted["calls"][path]
    number = sum(ours.values())
    assert 0 < number <= OWN_CALLS[path], ours
    assert counted["paths"][path]["bytes"] == 0


def test_content_off_copies_nothing(counted: Mapping[str, Any]) -> None:
    assert counted["paths"]["chat, content off"]["bytes"] == 0


BUDGET = Cost(spans=2.0, bytes=9.3)


@pytest.mark.parametrize(
    ("cost", "more", "fewer"),
    [
        (BUDGET, None, None),
        (Cost(spans=2.06, bytes=9.3), None, None),
        (Cost(spans=2.08, bytes=9.3), "4% more instructions", None),
        (Cost(spans=1.81, bytes=9.3), None, None),
        (Cost(spans=1.6, bytes=9.3), None, "25% fewer instructions"),
        (Cost(spans=2.0, bytes=9.3 + COPY), None, None),
        (Cost(spans=2.0, bytes=10.3), "1.0 more bytes for each of the prompt", None),
        (Cost(spans=2.0, bytes=8.3), None, "1.0 fewer bytes for each of the prompt"),
    ],
)
def test_verdicts(cost: Cost, more: str | None, fewer: str | None) -> None:
    assert (excess(cost, BUDGET), looseness(cost, BUDGET)) == (more, fewer)


def test_what_costs_nothing_has_no_room() -> None:
    nothing = Cost(spans=0.0, bytes=0.0)
    assert excess(Cost(spans=0.01, bytes=0.0), nothing) == "0.010 spans more instructions"
    assert excess(nothing, nothing) is None


def test_writing_keeps_what_has_hardly_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "FILE", tmp_path / "budgets.json")
    budgets.FILE.write_text('{"python": "3.1", "paths": {}}')
    budgets.write({"chat": BUDGET, "stream": BUDGET, "gone": BUDGET})
    budgets.write({"chat": Cost(spans=2.01, bytes=9.4), "stream": Cost(spans=2.03, bytes=9.3)})
    assert budgets.read() == {"python": PYTHON, "paths": {"chat": BUDGET, "stream": Cost(spans=2.03, bytes=9.3)}}


def _table(cost: Mapping[str, Any]) -> str:
    lines = [f"{count:8} instructions   {name}" for name, count in cost["instructions"].items()]
    return "\n".join([*lines, *(f"{share:8} bytes a byte   {name}" for name, share in cost["allocations"].items())])
