import pytest
from hypothesis import given
from hypothesis import strategies as st

from genspan.distro.demo.words import sentences, stem, stems, tokens


@given(st.text())
def test_tokens_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("policy", "policies"),
        ("return", "returned"),
        ("leak", "leaking"),
        ("machine", "machines"),
        ("multiply", "multiplied"),
    ],
)
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_stems_leave_out_words_that_say_nothing() -> None:
    assert stems("What is the total of my orders?") == {"total", "order"}
    assert stems("lookUpOrder_by_id") == {"order", "id"}


def test_sentences_keep_numbers_whole() -> None:
    assert sentences("It costs 4.50 EUR. Really!\n\n- a line") == ["It costs 4.50 EUR.", "Really!", "- a line"]
