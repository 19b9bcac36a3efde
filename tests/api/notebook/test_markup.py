import pytest
from hypothesis import given
from hypothesis import strategies as st

from genspan.mlflow.notebook.markup import Markup, element, may_hold, visible
from genspan.mlflow.notebook.room import Room
from support.notebook_html import Parsed

ANY = st.text(st.characters())


@given(ANY, ANY)
def test_text_and_attributes_come_back_as_they_went_in(content: str, title: str) -> None:
    parsed = Parsed(element("p", content, title=title))
    assert parsed.text == visible(content)
    assert parsed.elements == [("p", {"title": visible(title)})]


@given(ANY)
def test_what_is_made_visible_stays_so_and_can_be_sent(content: str) -> None:
    shown = visible(content)
    assert visible(shown) == shown
    assert shown.encode().decode() == shown
    assert "\r" not in shown
    assert "\0" not in shown


def test_markup_is_not_escaped_again_and_absent_things_are_left_out() -> None:
    made = element(
        "p", element("b", "a < b"), None, "", " & c", class_="x", data_type="y", open=True, id=None, dir=False
    )
    assert made == '<p class="x" data-type="y" open><b>a &lt; b</b> &amp; c</p>'
    assert isinstance(made, Markup)


@pytest.mark.parametrize(
    ("attribute", "address"),
    [
        ("href", "javascript:alert(1)"),
        ("href", "data:text/html,x"),
        ("href", " https://a.example/"),
        ("href", "https://a.example/ x"),
        ("href", "//a.example"),
        ("src", "https://a.example/x.png"),
        ("src", "data:image/svg+xml;base64,AAAA"),
        ("src", "data:image/png;base64,"),
        ("src", "data:image/png,x"),
        ("src", "data:text/html;base64,AAAA"),
        ("src", "data:image/png;base64,AAAA\n"),
    ],
)
def test_addresses_that_run_or_fetch_are_refused(attribute: str, address: str) -> None:
    assert not may_hold(attribute, address)
    with pytest.raises(ValueError, match="not an address"):
        element("a", "x", **{attribute: address})


@given(ANY, st.integers(0, 300), st.integers(0, 2_000))
def test_a_cut_text_takes_no_more_than_there_is_room_for(content: str, most: int, characters: int) -> None:
    room = Room(characters)
    part = room.part(10_000)
    html = part.cut(content, most)
    parsed = Parsed(f"<p>{html}</p>")
    shown = parsed.text.partition(" … ")[0] if part.is_cut else parsed.text
    assert visible(content).startswith(shown) or part.is_cut
    assert len(shown) <= most
    assert part.left == room.left >= 0
    assert part.is_cut == (len(content) > min(most, characters // 5))
