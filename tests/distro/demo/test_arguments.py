from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genspan.distro.demo.arguments import NotFound, fill


def filled(text: str, required: bool = True, **properties: Any) -> dict[str, Any]:
    return fill({"properties": properties, "required": list(properties) if required else []}, text, text)


INTEGER = {"type": "integer"}
STRING = {"type": "string"}


def test_the_number_beside_the_name_wins() -> None:
    text = "I paid 20 for 3 seats of booking 77."
    assert filled(text, booking_id=INTEGER, seats=INTEGER) == {"booking_id": 77, "seats": 3}


def test_no_value_is_used_twice() -> None:
    assert filled("From 8 to 12.", start=INTEGER, end=INTEGER) == {"start": 8, "end": 12}
    with pytest.raises(NotFound):
        filled("At 8.", start=INTEGER, end=INTEGER)


def test_dates_and_codes_are_not_numbers() -> None:
    with pytest.raises(NotFound):
        filled("Order A-17 of 2026-11-20, 4.5 kg.", count=INTEGER)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Where is order A-17 now?", "order_id", "A-17"),
        ('Play "Blue in Green" now.', "title", "Blue in Green"),
        ("Do you ship to New Zealand?", "country", "New Zealand"),
        ("Which tea is best?", "query", "Which tea is best?"),
    ],
)
def test_strings(text: str, name: str, value: str) -> None:
    assert filled(text, **{name: STRING}) == {name: value}


def test_optional_properties_are_left_out() -> None:
    assert filled("Hello there.", required=False, city=STRING, count=INTEGER, urgent={"type": "boolean"}) == {}


def test_nested_references_lists_and_null() -> None:
    schema = {
        "$defs": {"Colour": {"enum": ["red", "blue"]}},
        "properties": {
            "colours": {"type": "array", "items": {"$ref": "#/$defs/Colour"}},
            "sizes": {"type": "array", "items": INTEGER},
            "buyer": {"anyOf": [{"type": "null"}, {"properties": {"city": STRING}, "required": ["city"]}]},
        },
        "required": ["colours", "sizes", "buyer"],
    }
    text = "Blue and red ones in 38 and 40, to a buyer in Turin."
    assert fill(schema, text, text) == {"colours": ["red", "blue"], "sizes": [38, 40], "buyer": {"city": "Turin"}}


_SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": kind} for kind in ("string", "integer", "number", "boolean", "null")] + [{"enum": ["a"]}]
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda parts: {"type": "object", "properties": parts, "required": list(parts)},
            st.dictionaries(st.sampled_from(["query", "id", "name", "size"]), inner),
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1), _SCHEMAS, min_size=1), st.text())
def test_inventing_fills_every_required_property(parts: dict[str, Any], text: str) -> None:
    schema = {"properties": parts, "required": list(parts)}
    assert fill(schema, text, text, invent=True).keys() == parts.keys()
