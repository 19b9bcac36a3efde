"""Redaction: a copy of any value of telemetry without what the rules find in it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from genspan.exporters.content.rule import Extent, Rule, in_lower_case, is_random

_logger = logging.getLogger("genspan.exporters.content")

DEEPEST_TEXT: Final = 5
"""How many JSON texts may be one within the other; what is deeper is looked at as text."""

BLOB: Final = 512
"""Characters of base64, without a break, from which on a text is data: an image, a recording, an embedding."""
_BASE64 = re.compile(r"(?:data:[\w./+-]{1,100}(?:;[\w=.-]{1,100}){0,4},)?[A-Za-z0-9+/]*={0,2}\s*", re.ASCII)

SHORT: Final = 20
"""Characters below which a text is too short for a vendor's key: JSON's keys, roles, types and ids mostly are."""
_SIGN = re.compile(r"[0-9@:=%]|--|\sis\s|basic\s", re.ASCII | re.IGNORECASE)
"""What every other rule needs."""

_SECRET_NAMES: Final = frozenset(
    {
        *("password", "passwd", "passphrase", "passcode", "pwd", "secret", "clientsecret", "privatekey", "credentials"),
        *("secretkey", "secretaccesskey", "awssecretaccesskey", "accountkey", "sharedaccesskey", "apikeysecret"),
        *("apikey", "xapikey", "accesskey", "authtoken", "accesstoken", "refreshtoken", "idtoken", "sessiontoken"),
        *("authorization", "proxyauthorization", "cookie", "setcookie", "xgoogapikey", "xauthtoken", "bearertoken"),
        *("securitytoken", "xamzsecuritytoken", "connectionstring"),
    }
)
_ENDINGS: Final = (
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "secretkey",
    "privatekey",
    "clientsecret",
    "accesstoken",
)
NAMED: Final = "named_secret"
"""The rule by which a value goes for its name's sake, as in `{"password": "…"}`."""

Redactor = Callable[[str], str]
"""A user's own redaction: text in, text out. It marks what it takes out as it likes; `mark` is the usual way."""


def mark(name: str) -> str:
    """What stands in place of what a rule found."""
    return f"[REDACTED:{name}]"


class RuleFailed(Exception):
    """A rule raised: what it was looking at may not leave the process. `name` is the rule's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Tally:
    """How much has been redacted."""

    count: int = 0


@dataclass(frozen=True)
class Redaction:
    """Rules that are applied together."""

    rules: tuple[Rule, ...] = ()
    """The rules that look everywhere."""
    personal: tuple[Rule, ...] = ()
    """The rules that leave metadata alone: a number there is an id, not a phone."""
    redactors: tuple[tuple[str, Redactor], ...] = ()
    """Users' own, by name, in the order in which they are applied; after the rules, on text alone."""
    identities: bool = False
    """Whether ids of users and sessions go too."""
    _failed: set[str] = field(default_factory=set, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.rules or self.personal or self.redactors or self.identities)

    def value(self, value: Any, tally: Tally, name: str = "", is_metadata: bool = False) -> Any:
        """The value of an attribute, without what is found in it; the same object where nothing is.

        `name` is the attribute's. Where a rule raises, a mark is all that is left of the value. Never raises.
        """
        try:
            return self._value(value, tally, name, 0, is_metadata)
        except RuleFailed as failure:
            failed = failure.name
        except RecursionError:
            failed = "too_deep"
        tally.count += 1
        return json.dumps(mark(failed)) if isinstance(value, str) and _looks_like_json(value) else mark(failed)

    def text(self, text: str, tally: Tally, is_metadata: bool = False) -> str:
        """Text that is no JSON, redacted. Raises RuleFailed."""
        rules = self.rules if is_metadata else self.rules + self.personal
        found = self._found(text, rules)
        if found:
            parts, end = [], 0
            for (first, last), name in found:
                parts += [text[end:first], mark(name)]
                end = last
            text = "".join([*parts, text[end:]])
            tally.count += len(found)
        for name, redact in () if is_metadata else self.redactors:
            text = self._by_user(name, redact, text, tally)
        return text

    def _found(self, text: str, rules: Iterable[Rule]) -> list[tuple[Extent, str]]:
        """What is found, in order and without overlap: what overlaps is one, named by the rule that comes first."""
        if len(text) < SHORT and _SIGN.search(text) is None:
            return []
        lowered = in_lower_case(text)
        found: list[tuple[int, int, int, str]] = []
        for rank, rule in enumerate(rules):
            found += [(first, last, rank, rule.name) for first, last in self._by_rule(rule, text, lowered)]
        merged: list[tuple[int, int, int, str]] = []
        for first, last, rank, name in sorted(found):
            if merged and first < merged[-1][1]:
                begin, end, before, named = merged[-1]
                rank, name = min((before, named), (rank, name))
                merged[-1] = (begin, max(end, last), rank, name)
            else:
                merged.append((first, last, rank, name))
        return [((first, last), name) for first, last, _, name in merged]

    def _by_rule(self, rule: Rule, text: str, lowered: str) -> list[Extent]:
        try:
            return list(rule.find(text, lowered))
        except Exception as error:
            raise self._failure(rule.name, error) from error

    def _by_user(self, name: str, redact: Redactor, text: str, tally: Tally) -> str:
        try:
            redacted = redact(text)
            if not isinstance(redacted, str):
                raise TypeError(f"{name} returned {type(redacted).__name__}, not str")
        except Exception as error:
            raise self._failure(name, error) from error
        if redacted != text:
            tally.count += max(1, redacted.count("[REDACTED:") - text.count("[REDACTED:"))
        return redacted

    def _failure(self, name: str, error: Exception) -> RuleFailed:
        if name not in self._failed:
            self._failed.add(name)
            # Not the error's own words: they may hold what was to be redacted.
            _logger.error("Redaction by %s failed with %s: what it looked at is left out", name, type(error).__name__)
        return RuleFailed(name)

    def _value(self, value: Any, tally: Tally, name: str, texts: int, is_metadata: bool) -> Any:
        if isinstance(value, str):
            if self.rules and names_secret(name, value):
                tally.count += 1
                return mark(NAMED)
            return self._string(value, tally, texts, is_metadata)
        if isinstance(value, bytes):
            return self._bytes(value, tally, texts, is_metadata)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return self._number(value, tally, name, is_metadata)
        if isinstance(value, Mapping):
            return self._mapping(value, tally, texts, is_metadata)
        if isinstance(value, Sequence):
            items = [self._value(item, tally, name, texts, is_metadata) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            return tuple(items) if isinstance(value, tuple) else items
        return value

    def _mapping(self, value: Mapping[Any, Any], tally: Tally, texts: int, is_metadata: bool) -> Any:
        before = tally.count
        items: dict[Any, Any] = {}
        for key, item in value.items():
            named = key if isinstance(key, str) else str(key)
            shown = self.text(key, tally, is_metadata) if isinstance(key, str) else key
            while shown != key and shown in items:  # Two keys of one mark are still two.
                shown += "_"
            items[shown] = self._value(item, tally, named, texts, is_metadata)
        return value if tally.count == before else items

    def _string(self, text: str, tally: Tally, texts: int, is_metadata: bool) -> str:
        if is_data(text):
            return text
        if texts < DEEPEST_TEXT and _looks_like_json(text):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                return self.text(text, tally, is_metadata)
            before = tally.count
            redacted = self._value(value, tally, "", texts + 1, is_metadata)
            return text if tally.count == before else json_text(redacted)
        return self.text(text, tally, is_metadata)

    def _bytes(self, value: bytes, tally: Tally, texts: int, is_metadata: bool) -> bytes:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return value
        redacted = self._string(text, tally, texts, is_metadata)
        return value if redacted is text else redacted.encode()

    def _number(self, value: float, tally: Tally, name: str, is_metadata: bool) -> Any:
        """A number as such, unless it reads as what a rule finds, as a card's does, or is a password."""
        if self.rules and isinstance(value, int) and names_secret(name, value):
            tally.count += 1
            return mark(NAMED)
        if isinstance(value, float) or abs(value) < 10**9 or is_metadata:
            return value
        digits = str(value)
        redacted = self.text(digits, tally)
        return value if redacted == digits else redacted


def names_secret(name: str, value: str | int) -> bool:
    """Whether the name of a key or an attribute says that its value is a secret: `db.password`, `…header.cookie`.

    A token has to look random besides: `{"token": "Hello"}` is what models' log probabilities look like.
    """
    last = name.rpartition(".")[2].lower().replace("_", "").replace("-", "").replace(" ", "")
    if last in _SECRET_NAMES or last.endswith(_ENDINGS):
        return value != "" and not str(value).startswith("[REDACTED:")
    return last.endswith("token") and isinstance(value, str) and " " not in value and is_random(value)


def is_data(text: str) -> bool:
    """Whether a text is a long run of base64, which nothing is looked for in."""
    return len(text) >= BLOB and _BASE64.fullmatch(text) is not None


def json_text(value: Any) -> str:
    """JSON text. Lone surrogates, which no wire takes, are escaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace").decode()


def _looks_like_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[", '"') if text[:1].isspace() else text[:1] in ("{", "[", '"')
