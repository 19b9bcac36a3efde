"""Counts the hot paths, beside their budgets.

    PYTHONPATH=tests .venv/bin/python -m hot_paths [--write | --json | --functions PATH]

`--write` makes what is counted the budgets (`make budgets`); `--functions` shows where a path's instructions and bytes
are; `--json` is for the tests. Takes 15 s.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from hot_paths import budgets

_MEANING_SOMETHING = ("OTEL_", "GENSPAN_", "MLFLOW_", "OPENAI_", "LANGCHAIN_", "LANGSMITH_", "PYTHON")
"""How the names of variables begin that could change what is counted."""


def _alike_everywhere() -> None:
    """Starts anew where the environment is not the one to count in: no settings, and sets in the same order."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_MEANING_SOMETHING)}
    wanted = {**kept, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONHASHSEED": "0"}
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, "-m", "hot_paths", *sys.argv[1:]], wanted)


def main() -> None:
    parser = argparse.ArgumentParser("hot_paths", description="Counts the hot paths, beside their budgets.")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--write", action="store_true", help="make what is counted the budgets")
    one.add_argument("--json", action="store_true", help="print all that the tests look at")
    one.add_argument("--functions", metavar="PATH", help="show where a path's instructions and bytes are")
    chosen = parser.parse_args()
    _alike_everywhere()

    from hot_paths.measuring import figures, own_calls
    from hot_paths.paths import OFF, PATHS
    from hot_paths.slower import SLOWER

    if chosen.functions:
        if chosen.functions not in PATHS:
            parser.error(f"no such path; there are: {', '.join(PATHS)}")
        found = figures(PATHS[chosen.functions])
        for title, where in (("instructions", found.instructions), ("bytes/byte", found.allocations)):
            print(f"{title:>12}")
            for name, count in where.items():
                print(f"{count:12} {name}")
        return
    counted: dict[str, Any] = {name: figures(path)._asdict() for name, path in PATHS.items()}
    if chosen.json:
        slower = {name: figures(path)._asdict() for name, path in SLOWER.items()}
        calls = {name: own_calls(PATHS[name]) for name in OFF}
        print(json.dumps({"paths": counted, "slower": slower, "calls": calls}))
        return
    allowed = budgets.read()["paths"]
    nowhere = budgets.Cost(spans=0, bytes=0)
    print(f"{'':45}{'spans':>9}{'budget':>9}{'bytes':>9}{'budget':>9}")
    for name, cost in counted.items():
        budget = allowed.get(name, nowhere)
        verdict = budgets.excess(cost, budget) or budgets.looseness(cost, budget) or ""
        print(
            f"{name:45}{cost['spans']:9.4f}{budget['spans']:9.4f}{cost['bytes']:9.2f}{budget['bytes']:9.2f}  {verdict}"
        )
    if chosen.write:
        budgets.write({name: budgets.Cost(spans=cost["spans"], bytes=cost["bytes"]) for name, cost in counted.items()})


if __name__ == "__main__":
    main()
