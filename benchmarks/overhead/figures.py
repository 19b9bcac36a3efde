"""Figures from measurements: pure functions."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

Json = dict[str, Any]


class Spread(TypedDict):
    """A median with its quartiles."""

    low: float
    median: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles; of one value, three times that."""
    if len(values) == 1:
        return {"low": values[0], "median": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"low": low, "median": median, "high": high}


def added(rounds: Sequence[Mapping[str, float]], key: str = "on") -> Spread:
    """What recording adds to a call, in the unit of the rounds: each against its own bare calls."""
    return spread([measured[key] - measured["off"] for measured in rounds])


def ratio(spread: Spread, to: Spread) -> float | None:
    """Of the medians. None where one of them is no cost: where so little is added that it is lost in the noise."""
    return spread["median"] / to["median"] if min(spread["median"], to["median"]) > 0 else None
