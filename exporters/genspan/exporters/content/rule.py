"""What a built-in rule of redaction is: a name, and where in a text it finds something.

Rules are bounded in time, and stop for nobody: a pattern is tried where one of its anchors stands, every repetition in
it is bounded or begins where a run of its characters begins, so that a character is looked at a fixed number of times,
whatever the text. Python's `re` keeps all other threads waiting while it searches; the search for an anchor takes next
to no time, and between anchors others have their turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_DIGIT = re.compile("[0-9]")

Extent = tuple[int, int]
"""First character, and the one after the last."""

Find = Callable[[str, str], Iterable[Extent]]
"""From a text, and the same text in lower case, character by character, to what is found."""
Check = Callable[[re.Match[str]], bool]
"""The last word on a match, as a checksum has it."""


@dataclass(frozen=True)
class Rule:
    """Finds one kind of secret or personal data in text."""

    name: str
    """As the mark `[REDACTED:<name>]` has it, and `GENSPAN_REDACT`."""
    find: Find


def anchored(name: str, pattern: str, *anchors: str, check: Check | None = None, flags: int = re.ASCII) -> Rule:
    """A rule by a pattern that begins with one of its anchors, which are lower-case text.

    Groups named `secret…`, where it has any, are what is redacted.
    """
    compiled = re.compile(pattern, flags)

    def find(text: str, lowered: str) -> Iterator[Extent]:
        for anchor in anchors:
            at = lowered.find(anchor)
            while at >= 0:
                match = compiled.match(text, at)
                if match is not None and (check is None or check(match)):
                    first, last = match.span(secret_in(match))
                    yield first, last
                    at = lowered.find(anchor, max(last, at + 1))
                else:
                    at = lowered.find(anchor, at + 1)

    return Rule(name, find)


def searched(name: str, pattern: str, check: Check | None = None) -> Rule:
    """A rule by a pattern that begins with a set of characters, for what has no anchor, as numbers."""
    compiled = re.compile(pattern, re.ASCII)

    def find(text: str, lowered: str) -> Iterator[Extent]:
        match = compiled.search(text)
        while match is not None:
            is_found = check is None or check(match)
            if is_found:
                yield match.span()
            match = compiled.search(text, match.end() if is_found else match.start() + 1)

    return Rule(name, find)


def in_lower_case(text: str) -> str:
    """The text in lower case, with every character in its place."""
    lowered = text.lower()
    if len(lowered) != len(text):  # Turkish capital I with a dot makes two of itself.
        return "".join(character.lower()[:1] for character in text)
    return lowered


def secret_in(match: re.Match[str]) -> str | int:
    """The group that holds what is redacted; 0, the whole, where there is none."""
    last = match.lastgroup
    return last if last is not None and last.startswith("secret") else 0


def is_random(text: str) -> bool:
    """Whether a word may be a key or token: eight characters or more, with a digit."""
    return len(text) >= 8 and _DIGIT.search(text, 0, 200) is not None
