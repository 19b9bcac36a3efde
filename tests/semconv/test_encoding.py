"""The JSON encoder takes whatever an app hands it."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import math
import unittest.mock
import uuid
from collections import ChainMap, OrderedDict, deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genspan.semconv.encoding import decode, encode


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


class Model(pydantic.BaseModel):
    name: str
    when: datetime.date


class Colour(enum.Enum):
    RED = "red"


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    def model_dump(self, **_: Any) -> Any:
        raise RuntimeError("no")

    def to_dict(self) -> Any:
        raise RuntimeError("no")


# How long one example takes is the machine's affair.
ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters()),  # surrogates too
    st.binary(),
    st.complex_numbers(),
    st.decimals(),
    st.fractions(),
    st.datetimes(),
    st.timedeltas(),
    st.uuids(),
    st.just(Colour.RED),
    st.builds(Hostile),
    st.builds(object),
    st.just(Hostile),
    st.just(len),
)
HASHABLE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.binary(), st.uuids()
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.lists(inner).map(deque),
        st.dictionaries(HASHABLE, inner),
        st.dictionaries(HASHABLE, inner).map(MappingProxyType),
        st.frozensets(HASHABLE),
        st.builds(Point, st.integers(), inner),
        inner.map(lambda value: (item for item in [value])),
    ),
    max_leaves=20,
)


def strict(text: str) -> Any:
    """Parsed by the standard library, with what JSON does not have refused."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@ANY_PACE
@given(ANYTHING)
def test_anything_becomes_json_text_that_is_utf8(value: Any) -> None:
    text = encode(value)
    text.encode()
    strict(text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@ANY_PACE
@given(JSON)
def test_json_values_come_back_as_they_were(value: Any) -> None:
    assert decode(encode(value)) == value
    assert strict(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": [1, 2.5, None, True, "é"]}, {"a": [1, 2.5, None, True, "é"]}),
        (Model(name="n", when=datetime.date(2026, 1, 2)), {"name": "n", "when": "2026-01-02"}),
        ([Model(name="n", when=datetime.date(2026, 1, 2))], [{"name": "n", "when": "2026-01-02"}]),
        (Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}),
        (b"\x00\xff", base64.b64encode(b"\x00\xff").decode()),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (ChainMap({"a": 1}), {"a": 1}),
        ({"a"}, ["a"]),
        ((1, 2), [1, 2]),
        (deque([1, 2]), [1, 2]),
        ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
        (math.nan, None),
        (math.inf, None),
        (2**70, str(2**70)),
        ([2**70, Model(name="n", when=datetime.date(2026, 1, 2))], [str(2**70), {"name": "n", "when": "2026-01-02"}]),
        ("\ud800", "\\ud800"),
        ({"\ud800": "\udfff"}, {"\\ud800": "\\udfff"}),
        (Colour.RED, "red"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (decimal.Decimal("1.50"), "Decimal('1.50')"),
    ],
)
def test_writes_what_a_value_holds(value: Any, written: Any) -> None:
    assert strict(encode(value)) == written


def test_a_value_that_cannot_even_be_described_is_named() -> None:
    assert strict(encode({"it": Hostile()}))["it"].endswith("Hostile>")


class HostileMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Any:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


class HostileSet(set[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("no")


class HostileDict(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("no")


@dataclasses.dataclass
class HostileDataclass:
    x: int = 0

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class HostileClass:
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no")


class HostileMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(name)


def of_hostile_metaclass() -> Any:
    return HostileMeta("OfHostileMeta", (), {})()


class Endless:
    def to_dict(self) -> Any:
        return {"more": Endless()}


class HostileZone(datetime.tzinfo):
    def utcoffset(self, dt: datetime.datetime | None) -> Any:
        raise RuntimeError("no")

    dst = tzname = utcoffset


# Made in the test: pytest itself would look into them.
HOSTILE: dict[str, Callable[[], Any]] = {
    "mapping": HostileMapping,
    "set": lambda: HostileSet({1}),
    "dict": lambda: HostileDict(a=1),
    "dataclass": HostileDataclass,
    "class": HostileClass,
    "metaclass": of_hostile_metaclass,
    "endless": Endless,
    "time zone": lambda: datetime.datetime(2026, 1, 1, tzinfo=HostileZone()),
    "mock": unittest.mock.MagicMock,
    "key": lambda: {Hostile(): 1},
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("beside", [1, 2**70], ids=["fast", "slow"])
def test_a_hostile_value_spoils_nothing_else(make: Callable[[], Any], beside: int) -> None:
    assert strict(encode({"beside": beside, "it": make(), "after": [1]}))["after"] == [1]


def test_cycles_are_cut_and_the_rest_is_kept() -> None:
    value: dict[str, Any] = {"name": "loop"}
    value["self"] = value
    assert strict(encode(value)) == {"name": "loop", "self": "<dict>"}


def test_depth_is_cut_and_the_rest_is_kept() -> None:
    value: Any = "deep"
    for _ in range(10_000):
        value = [value]
    assert strict(encode({"name": "n", "deep": value}))["name"] == "n"


def test_a_generator_is_not_consumed() -> None:
    items = (n for n in range(3))
    strict(encode({"messages": items}))
    assert list(items) == [0, 1, 2]


def test_decode_refuses_what_is_no_json() -> None:
    with pytest.raises(ValueError):
        decode("{'a': 1}")
