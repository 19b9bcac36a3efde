"""Filters and orders cut into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from genspan.mlflow.store.search.refusals import refusal


class Kind(Enum):
    """What a token is, by its looks alone."""

    NAME = auto()
    """A word, or words and quoted parts joined by dots: `AND`, `status`, ``tag.`a b` ``."""
    TEXT = auto()
    """Something in single or double quotes; double quotes may hold a name, too."""
    NUMBER = auto()
    SYMBOL = auto()
    """An operator made of `<>=~!`."""
    PUNCTUATION = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the source."""

    kind: Kind
    text: str
    """As it stands there, with its quotes."""
    start: int
    """Index of its first character."""

    @property
    def end(self) -> int:
        """Index of the first character after it."""
        return self.start + len(self.text)

    def is_word(self, word: str) -> bool:
        """Whether it is that word, in capitals or not."""
        return self.kind is Kind.NAME and self.text.upper() == word

    def __str__(self) -> str:
        return self.text if self.kind in (Kind.TEXT, Kind.END) else f"'{self.text}'"


# A doubled or escaped quote does not end a text; neither is undone later, as MLflow (3.17.2) leaves them in the value.
_SINGLE: Final = r"'(?:''|\\'|[^'])*'"
_DOUBLE: Final = r'"(?:""|\\"|[^"])*"'
_BACKTICKED: Final = r"`(?:``|[^`])*`"

_PATTERNS: Final = {
    Kind.NUMBER: r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE]-?\d+)?(?!\w)",
    Kind.NAME: rf"(?:\w+|{_BACKTICKED})(?:\.(?:\w+|{_BACKTICKED}|{_DOUBLE}|{_SINGLE})?)*",
    Kind.TEXT: f"{_SINGLE}|{_DOUBLE}",
    Kind.SYMBOL: r"[<>=~!]+",
    Kind.PUNCTUATION: r"[(),;]",
}

_TOKEN: Final = re.compile("|".join(f"(?P<{kind.name}>{pattern})" for kind, pattern in _PATTERNS.items()))
_SPACE: Final = re.compile(r"\s*")


def tokenize(source: str) -> Iterator[Token]:
    """The tokens of a filter or an order; the last is END.

    Raises MlflowException where a quote is left open or a character means nothing.
    """
    at = _SPACE.match(source).end()  # type: ignore[union-attr]  # It matches anything.
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None:
            raise refusal(source, at, *_stray(source[at]))
        yield Token(Kind[match.lastgroup], match.group(), at)
        at = _SPACE.match(source, match.end()).end()  # type: ignore[union-attr]
    yield Token(Kind.END, "the end", len(source))


def _stray(character: str) -> tuple[str, str]:
    if character in "'\"`":
        return f"A text or name that begins with {character} has no end", f"Close it with {character}."
    return (
        f"Unexpected {character!r}",
        "A text stands in 'single' or \"double\" quotes, a key with other characters than letters, digits, _ and . in "
        "`backticks`.",
    )
