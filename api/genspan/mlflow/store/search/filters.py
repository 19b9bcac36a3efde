"""Filters: conditions that a trace must all meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Union

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.mlflow.store.search.fields import (
    Assessed,
    Field,
    Issue,
    Metadata,
    Number,
    Prompt,
    SpanAttribute,
    SpanColumn,
    SpanContent,
    Tag,
    Text,
    field_of,
)
from genspan.mlflow.store.search.operators import EQUALITY, MAGNITUDE, MEMBERSHIP, PATTERN, PRESENCE, Operator
from genspan.mlflow.store.search.refusals import listed, refusal
from genspan.mlflow.store.search.tokens import Kind, Token, tokenize

Value = Union[str, int, float, tuple[str, ...], None]
"""A list only with IN and NOT IN, None only with IS NULL and IS NOT NULL."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition."""

    field: Field
    operator: Operator
    value: Value


OPERATORS: Final[dict[type[Field], tuple[Operator, ...]]] = {
    Number: (*EQUALITY, *MAGNITUDE),
    Text: (*EQUALITY, *PATTERN, *MEMBERSHIP),
    Tag: (*EQUALITY, *PATTERN, *PRESENCE),
    Metadata: (*EQUALITY, *PATTERN, *PRESENCE),
    Prompt: (Operator.EQUAL,),
    SpanColumn: (*EQUALITY, *PATTERN, *MEMBERSHIP),
    SpanAttribute: (*EQUALITY, *PATTERN),
    SpanContent: (Operator.LIKE, Operator.ILIKE),
    Assessed: (*EQUALITY, *MAGNITUDE, *PATTERN, *PRESENCE),
    Issue: (Operator.EQUAL,),
}
"""Which operators a field takes."""

COUNTED: Final = (TraceMetadataKey.TOKEN_USAGE, TraceMetadataKey.COST)
"""Metadata that is stored as numbers: it can be there or not, and be exactly so, no more."""

_64_BITS: Final = range(-(2**63), 2**63)

_WORDS: Final = {
    ("LIKE",): Operator.LIKE,
    ("ILIKE",): Operator.ILIKE,
    ("RLIKE",): Operator.RLIKE,
    ("IN",): Operator.IN,
    ("NOT", "IN"): Operator.NOT_IN,
    ("IS", "NULL"): Operator.IS_NULL,
    ("IS", "NOT", "NULL"): Operator.IS_NOT_NULL,
}


def parse_filter(source: str | None) -> tuple[Comparison, ...]:
    """The conditions of a filter; none for no filter.

    AND may be left out, or stand once too often, as MLflow (3.17.2) takes it. Raises MlflowException with
    INVALID_PARAMETER_VALUE for what is no filter.
    """
    if not source:
        return ()
    return tuple(_Parser(source).conditions())


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = list(tokenize(source))
        self.next = 0

    def conditions(self) -> list[Comparison]:
        found = []
        while True:
            while self.token.is_word("AND"):
                self.take()
            if self.token.kind is Kind.END:
                break
            if self.token.text in ("(", ";") or self.token.is_word("OR") or self.token.is_word("NOT"):
                raise refusal(
                    self.source,
                    self.token.start,
                    f"Invalid clause {self.token}",
                    "Conditions are joined by AND; there is no OR, no NOT before a condition, and no group.",
                )
            found.append(self.condition())
        if not self.source.strip():
            raise refusal(self.source, 0, "Expected a condition", "Such as status = 'OK'.")
        return found

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.token
        self.next += 1
        return token

    def condition(self) -> Comparison:
        name = self.take()
        field = field_of(self.source, name)
        operator_at = self.token
        operator = self.operator(name)
        allowed = COUNTED_OPERATORS if isinstance(field, Metadata) and field.key in COUNTED else OPERATORS[type(field)]
        if operator not in allowed:
            raise refusal(
                self.source,
                operator_at.start,
                f"Invalid comparator '{operator}' for {name}",
                f"It can be compared by {listed(allowed)}.",
            )
        if operator in PRESENCE:
            return Comparison(field, operator, None)
        value_at = self.token
        value = self.value(name, operator)
        problem = _unfit(field, operator, value)
        if problem:
            raise refusal(self.source, value_at.start, *problem)
        return Comparison(field, operator, value)

    def operator(self, name: Token) -> Operator:
        first = self.token
        if first.kind is Kind.SYMBOL:
            self.take()
            for operator in (*EQUALITY, *MAGNITUDE):
                if first.text == operator:
                    return operator
        elif first.kind is Kind.NAME:
            for words, operator in _WORDS.items():
                following = self.tokens[self.next : self.next + len(words)]
                if len(following) == len(words) and all(map(Token.is_word, following, words)):
                    self.next += len(words)
                    return operator
        raise refusal(
            self.source, first.start, f"Expected an operator after {name}, found {first}", f"Operators are {_ALL}."
        )

    def value(self, name: Token, operator: Operator) -> str | int | float | tuple[str, ...]:
        if operator in MEMBERSHIP:
            return self.texts(name, operator)
        token = self.take()
        if token.kind is Kind.TEXT:
            return token.text[1:-1]
        if token.kind is Kind.NUMBER:
            return self.number(token)
        raise refusal(
            self.source,
            token.start,
            f"Expected a value after '{operator}', found {token}",
            "A value is a quoted text, such as 'OK', or a number.",
        )

    def number(self, token: Token) -> int | float:
        if not token.text.lstrip("-").isdecimal():
            return float(token.text)
        number = int(token.text)
        if number not in _64_BITS:
            raise refusal(self.source, token.start, f"The number {number} is too large", "Numbers have 64 bits.")
        return number

    def texts(self, name: Token, operator: Operator) -> tuple[str, ...]:
        """A list in parentheses. MLflow (3.17.2) reads it as Python, so quotes may be escaped in it."""
        opening = self.take()
        if opening.text != "(" or opening.kind is not Kind.PUNCTUATION:
            raise refusal(self.source, opening.start, f"Expected a list after '{operator}', found {opening}", _LIST)
        depth = 1
        while depth:
            token = self.take()
            if token.kind is Kind.END:
                raise refusal(self.source, opening.start, "A list has no end", "Close it with ')'.")
            if token.kind is Kind.PUNCTUATION:
                depth += {"(": 1, ")": -1}.get(token.text, 0)
        try:
            listed = ast.literal_eval(self.source[opening.start : token.end])
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            listed = None
        texts = listed if isinstance(listed, tuple) else (listed,)
        if not texts or not all(isinstance(text, str) for text in texts):
            raise refusal(self.source, opening.start, f"Expected a list of texts for {name}", _LIST)
        return texts


COUNTED_OPERATORS: Final = (*EQUALITY, *PRESENCE)

_ALL: Final = listed(Operator)
_LIST: Final = "A list is quoted texts in parentheses, such as ('a', 'b')."


def _unfit(field: Field, operator: Operator, value: Value) -> Sequence[str]:
    """What is wrong with a value, and what to do; nothing where it is right."""
    wants_number = isinstance(field, Assessed) and operator in MAGNITUDE
    if wants_number and isinstance(value, str):
        return f"Expected a number after '{operator}', found the text {value!r}", "Write it without quotes."
    if not wants_number and not isinstance(field, Number) and isinstance(value, (int, float)):
        return f"Expected a quoted text, found the number {value}", f"Write '{value}'."
    if isinstance(field, Prompt) and isinstance(value, str) and value.count("/") != 1:
        return f"Invalid prompt {value!r}", "A prompt is found by 'name/version'."
    if operator is Operator.RLIKE and isinstance(value, str):
        try:
            re.compile(value)
        except re.error as error:
            return f"Invalid regular expression {value!r}: {error}", "See Python's `re`."
    return ()
