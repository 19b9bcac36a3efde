"""Operators as SQL."""

from __future__ import annotations

import re
from typing import Final

from genspan.mlflow.store.search import Operator, Value
from genspan.mlflow.store.sqlite.sql import Sql, marks

_GLOB_SPECIAL: Final = re.compile(r"[*?\[]")


def compared(column: Sql, operator: Operator, value: Value) -> Sql:
    """A column or expression compared with a value. RLIKE needs `regexp` in the connection."""
    if operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        return column + f" {operator}"
    if isinstance(value, tuple):
        return column + f" {operator} " + marks(value)
    if operator is Operator.LIKE:
        return column + Sql(" GLOB ?", (glob(str(value)),))
    if operator is Operator.ILIKE:
        return column + Sql(" LIKE ?", (value,))
    if operator is Operator.RLIKE:
        return Sql("regexp(?, ", (value,)) + column + ")"
    return column + Sql(f" {operator} ?", (value,))


def glob(pattern: str) -> str:
    """A LIKE pattern for GLOB, which minds capitals whatever the connection's settings."""
    return _GLOB_SPECIAL.sub(r"[\g<0>]", pattern).replace("%", "*").replace("_", "?")


def regexp(pattern: str, text: str | None) -> bool | None:
    """SQL's `regexp`. A pattern that is none once the text of an attribute is wrapped around it finds nothing, as in
    MLflow."""
    try:
        return None if text is None else re.search(pattern, text) is not None
    except re.error:
        return False
