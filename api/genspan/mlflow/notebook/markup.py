"""HTML put together so that nothing but our own tags is markup: whatever is not `Markup` is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final

_SENT_TO: Final = {
    "href": re.compile(r"https?://[^\s\"'<>`\\]+", re.IGNORECASE),
    # No SVG: it has scripts and addresses of its own.
    "src": re.compile(r"data:image/(png|jpe?g|gif|webp);base64,[A-Za-z0-9+/]+={0,2}", re.IGNORECASE),
}
"""What attributes with addresses may hold: nothing that runs, and no picture that has to be fetched."""

_VOID: Final = frozenset({"img"})
_UNSEEN: Final = re.compile("[\0-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NEW_LINES: Final = re.compile("\r\n?")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *content: str | None, **attributes: str | bool | None) -> Markup:
    """An element. Names are ours, of code alone: `data_type` is `data-type`, `class_` is `class`.

    Content that is no `Markup` is text; attributes that are None or False are left out. Raises ValueError for a link or
    an image whose address is not of the kind that `may_hold` allows.
    """
    begin = tag + "".join(map(_attribute, attributes, attributes.values()))
    return Markup(f"<{begin}>") if tag in _VOID else Markup(f"<{begin}>{joined(content)}</{tag}>")


def joined(content: Iterable[str | None]) -> Markup:
    """Pieces one after the other; None is nothing."""
    return Markup("".join(piece if isinstance(piece, Markup) else text(piece) for piece in content if piece))


def text(value: str) -> Markup:
    """Text as HTML shows it: never a tag, never a character reference."""
    return Markup(escape(visible(value), quote=False))


def visible(value: str) -> str:
    """Text with what HTML, UTF-8 or the eye would lose made visible: control characters, halves of surrogate pairs."""
    return _UNSEEN.sub(_picture, _NEW_LINES.sub("\n", value))


def may_hold(attribute: str, address: str) -> bool:
    """Whether a link (`href`) or an image (`src`) may have the address."""
    return _SENT_TO[attribute].fullmatch(address) is not None


def _attribute(name: str, value: str | bool | None) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if name in _SENT_TO and not may_hold(name, value):
        raise ValueError(f"not an address for {name}: {value[:100]!r}")
    return f' {name}="{escape(visible(value))}"'


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"
