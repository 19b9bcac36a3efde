"""Attribute values of any type, there and back."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from genspan.mlflow.tracing.values import attribute_value, read

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=9,
)


@settings(deadline=None)
@given(
    JSON
    | st.sampled_from(
        ["null", " null ", '"', '""', "[", "[]", "{}", '{"a":1}', ' {"a":1}', '"x"', "1", "true", "", "nul"]
    )
)
def test_what_json_can_say_comes_back(value: Any) -> None:
    stored = attribute_value(value)
    assert isinstance(stored, (str, bool, int, float))
    assert read(stored) == value


@settings(deadline=None)  # The first value has modules imported.
@given(st.binary() | st.complex_numbers() | st.text() | st.integers() | st.sets(st.integers()) | st.floats())
def test_anything_else_becomes_something_that_opentelemetry_takes(value: Any) -> None:
    assert isinstance(attribute_value(value), (str, bool, int, float))
