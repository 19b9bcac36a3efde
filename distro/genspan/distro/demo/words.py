"""Text as the demo's model sees it: tokens, the stems of words that carry meaning, sentences."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\s?[^\W\d_]{1,8}|\s?\d{1,3}|\s?[^\w\s]{1,3}|\s+|_")
_WORD = re.compile(r"[^\W_]+")
# camelCase is two words, as snake_case is.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s*\n+\s*")


def tokens(text: str) -> list[str]:
    """The text cut into tokens of a common model's size (about four characters). Joined, they are the text again."""
    return _TOKEN.findall(text)


def words(text: str) -> list[str]:
    """Every word and number of the text, lower case, in order."""
    return [word.lower() for word in _WORD.findall(_HUMP.sub(" ", text))]


def stems(text: str) -> set[str]:
    """The stems of the words that carry meaning: `Returned parcels` is {return, parcel}."""
    return {stem(word) for word in words(text) if word not in _SILENT}


_SILENT = frozenset(
    words(
        """
        a about all also am an and any are as at be been but by can could did do does each find for from get give had
        has have her here hi him his how i if in into is it its just let like look may me more my no not now of off on
        one or our out over please she should so some such tell than that the their them then there these they this
        those to up us use used user value was we were what when where which who whom whose why will with would you your
        """
    )
)


def stem(word: str) -> str:
    """A word without its English ending, near enough that `policy` and `policies`, `return` and `returned` meet."""
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return word[: -len(ending)].removesuffix("e")
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def sentences(text: str) -> list[str]:
    """The sentences and lines of the text, without the white space between them."""
    return [sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence]
