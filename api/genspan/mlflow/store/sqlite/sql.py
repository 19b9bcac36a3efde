"""Pieces of SQL that carry their parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

MOST_PARAMETERS: Final = 500
"""SQLite before 3.32 takes 999 in one query."""


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL text with a `?` for each parameter. Nothing that a user gave stands in the text."""

    text: str
    parameters: tuple[object, ...] = ()

    def __add__(self, other: Sql | str) -> Sql:
        if isinstance(other, str):
            return Sql(self.text + other, self.parameters)
        return Sql(self.text + other.text, self.parameters + other.parameters)

    def __radd__(self, text: str) -> Sql:
        return Sql(text + self.text, self.parameters)


def joined(separator: str, pieces: Iterable[Sql]) -> Sql:
    """Pieces in a row."""
    listed = list(pieces)
    return Sql(
        separator.join(piece.text for piece in listed),
        tuple(parameter for piece in listed for parameter in piece.parameters),
    )


def marks(values: Sequence[object]) -> Sql:
    """Values in parentheses, for IN; however many they are, at most MOST_PARAMETERS of the query's."""
    if len(values) > MOST_PARAMETERS:
        return Sql("(SELECT value FROM json_each(?))", (json.dumps(values),))
    return Sql(f"({', '.join('?' * len(values))})", tuple(values))
