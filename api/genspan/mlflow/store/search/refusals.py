"""Errors of a filter or an order: what is wrong, where, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from genspan.mlflow.exceptions import MlflowException


def refusal(source: str, at: int, problem: str, advice: str = "") -> MlflowException:
    """An error of the text `source`, found at the character with index `at`."""
    place = f"at character {at + 1} of {source!r}" if at < len(source) else f"at the end of {source!r}"
    return MlflowException.invalid_parameter_value(f"{problem}, {place}.{advice and ' '}{advice}")


def listed(words: Iterable[str]) -> str:
    """Words for a sentence: `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
