"""The operators of filters, and those that go together."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Operator(str, Enum):
    """What a condition asks of its field and value."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    LIKE = "LIKE"
    """`%` stands for any characters, `_` for one; capitals count."""
    ILIKE = "ILIKE"
    """LIKE without regard to capitals (of ASCII, as SQLite has it)."""
    RLIKE = "RLIKE"
    """A regular expression of Python's, found anywhere."""
    IN = "IN"
    NOT_IN = "NOT IN"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"

    def __str__(self) -> str:
        return self.value


EQUALITY: Final = (Operator.EQUAL, Operator.UNEQUAL)
MAGNITUDE: Final = (Operator.LESS, Operator.AT_MOST, Operator.GREATER, Operator.AT_LEAST)
PATTERN: Final = (Operator.LIKE, Operator.ILIKE, Operator.RLIKE)
MEMBERSHIP: Final = (Operator.IN, Operator.NOT_IN)
PRESENCE: Final = (Operator.IS_NULL, Operator.IS_NOT_NULL)
