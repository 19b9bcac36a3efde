"""Readers give what an attribute needs, or None."""

from __future__ import annotations

import math
from collections import ChainMap, UserList
from typing import Any

import pytest

from genspan.instrumentation.core.reading import count, double, field, integer, items, string, strings, tokens, watched


class NotGiven:
    pass


class Broken:
    @property
    def value(self) -> Any:
        return 5


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (string, "x", "x"),
        (string, "", None),
        (string, 5, None),
        (string, "é", "é"),
        (string, "\ud800", "\\ud800"),
        (strings, "x", ["x"]),
        (strings, ["x", 5, ""], ["x"]),
        (strings, [], None),
        (strings, {"x": 1}, None),
        (integer, 5, 5),
        (integer, 5.0, 5),
        (integer, 5.5, None),
        (integer, True, None),
        (integer, "5", None),
        (integer, 2**63, None),
        (integer, -(2**63), -(2**63)),
        (integer, 1e300, None),
        (integer, math.nan, None),
        (integer, math.inf, None),
        (tokens, -1, None),
        (tokens, 0, 0),
        (count, 0, None),
        (count, -1, None),
        (double, 1, 1.0),
        (double, True, None),
        (double, 10**400, None),
        (double, "1", None),
    ],
)
def test_readers(reader: Any, value: Any, expected: Any) -> None:
    read = reader(value)
    assert read == expected
    assert type(read) is type(expected)


def test_field() -> None:
    assert field({"a": 1}, "a") == 1
    assert field(ChainMap({"a": 1}), "a") == 1
    assert field(Broken(), "value") == 5
    assert field({"a": NotGiven()}, "a") is None
    assert [field(holder, "a") for holder in (None, 5, "text", [], {}, Broken())] == [None] * 6


def test_items() -> None:
    assert list(items(UserList([1]))) == [1]
    assert [list(items(value)) for value in (None, "ab", b"ab", {"a": 1}, 5, iter([1]))] == [[]] * 6


def test_watched_is_lazy() -> None:
    seen: list[Any] = []
    passing = watched(iter([1, 2, 3]), seen)
    assert seen == []
    assert next(passing) == 1
    assert seen == [1]
    assert list(passing) == [2, 3]
    assert seen == [1, 2, 3]
