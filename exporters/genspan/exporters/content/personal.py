"""Rules for personal data that can be told by its form. Names and postal addresses cannot, and are not looked for."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from genspan.exporters.content.rule import Extent, Rule, anchored, searched

_DOMAIN = re.compile(r"(?:@|%40)(?:\w[\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?!\w)")
_IBAN = re.compile(r"[A-Z](?<![A-Za-z0-9][A-Z])[A-Z]\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.ASCII)
_IPV6 = re.compile(r"[0-9A-Fa-f:]{2,39}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?(?![\w:])", re.ASCII)

_COUNTRIES: Final = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""By the length of their IBANs: the registry of SWIFT, release 99."""
_IBAN_LENGTHS: Final = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}


def _emails(text: str, lowered: str) -> Iterator[Extent]:
    for at_sign in ("@", "%40"):
        at = text.find(at_sign)
        while at >= 0:
            domain = _DOMAIN.match(text, at)
            first = at
            while (
                domain and first > 0 and at - first < 64 and (text[first - 1].isalnum() or text[first - 1] in "._%+-")
            ):
                first -= 1
            if domain and first < at:
                yield first, domain.end()
            at = text.find(at_sign, domain.end() if domain else at + 1)


def _is_card(match: re.Match[str]) -> bool:
    """By Luhn's checksum; digits that are all the same are no card's."""
    digits = [int(character) for character in match[0] if character.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_address(match: re.Match[str]) -> bool:
    return all(int(part) < 256 for part in match[0].split("."))


def _ibans(text: str, lowered: str) -> Iterator[Extent]:
    """By country, length and checksum (ISO 7064, mod 97-10); what is written behind one is left."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2])
        places = [place for place, character in enumerate(match[0]) if character.isalnum()]
        if length is None or len(places) < length:
            continue
        end = places[length - 1] + 1
        iban = "".join(match[0][place] for place in places[:length])
        after = match[0][end : end + 1]
        if not after.isalnum() and int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1:
            yield match.start(), match.start() + end


def _ipv6(text: str, lowered: str) -> Iterator[Extent]:
    end = 0
    at = text.find(":")
    while at >= 0:
        first = at
        while first > end and at - first < 5 and text[first - 1] in "0123456789abcdefABCDEF":
            first -= 1
        match = _IPV6.match(text, first)
        is_apart = first == 0 or not (text[first - 1].isalnum() or text[first - 1] in "_:.")
        end = max(at + 1, match.end() if match else 0)
        at = text.find(":", end)
        if match is None or not is_apart:
            continue
        candidate = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
        if candidate.count(":") >= 2 and any(character.isdigit() for character in candidate):
            try:
                ipaddress.IPv6Address(candidate)
            except ValueError:
                continue
            yield match.start(), match.start() + len(candidate)


PERSONAL: Final[tuple[Rule, ...]] = (
    Rule("email", _emails),
    Rule("iban", _ibans),
    searched(
        "credit_card",
        r"[2-6](?<!\d[2-6])\d{3}"
        r"(?:\d{9,15}|(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}|[ -]\d{6}[ -]\d{4,5})(?!\d)",
        _is_card,
    ),
    searched("us_ssn", r"[0-8](?<![\w-][0-8])\d\d(?<!000|666)-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"),
    searched("ip_address", r"\d(?<![\w.]\d)\d{0,2}(?:\.\d{1,3}){3}(?!\w|\.\d)", _is_address),
    Rule("ip_address", _ipv6),
    anchored("phone", r"(?<![\w+])\+[1-9](?:[ ()./-]{0,2}\d){7,14}(?!\d)", "+"),
    searched(
        "phone",
        r"[2-9(](?<![\w(+.][2-9(])(?:(?<=\()[2-9]\d{2}\)[ ]?|(?<!\()\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-])",
    ),
)
"""In order of precedence. Phone numbers: international ones that begin with `+`, and North American ones."""
