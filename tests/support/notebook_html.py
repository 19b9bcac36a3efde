"""HTML of notebooks' outputs, taken apart as a browser does: which elements, which attributes, which text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_ELEMENTS = frozenset(
    re.findall(r"\w+", "a b code details div i img li p pre script section span strong style summary table td th tr ul")
)
_VOID = frozenset({"img"})
_ATTRIBUTES = {
    "alt": r"(?s).*",
    "aria-hidden": r"true",
    "aria-label": r"Spans",
    "aria-level": r"4",
    "class": r"[a-z0-9_ -]+",
    "data-role": r"(?s).*",
    "data-state": r"[A-Z_]+",
    "data-type": r"(?s).*",
    "dir": r"auto",
    "href": r"https?://[^\s\"'<>]+",
    "name": r"gs-[0-9a-f]{8}",
    "open": r"",
    "rel": r"noopener noreferrer",
    "role": r"heading",
    "scope": r"row",
    "src": r"data:image/(png|jpe?g|gif|webp);base64,[A-Za-z0-9+/]+=*",
    "style": r"(--gs-[a-z]+:-?[0-9.]+(%|px)?;?)*",
    "target": r"_blank",
    "title": r"(?s).*",
}
"""All attributes that there may be, with all that they may hold."""


class Parsed(HTMLParser):
    """What is in HTML. Raises AssertionError where it is not what our views are made of."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.code: dict[str, str] = {}
        """The script and the style."""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "elements are left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ELEMENTS, tag
        for name, value in attrs:
            assert name in _ATTRIBUTES, name
            assert re.fullmatch(_ATTRIBUTES[name], value or ""), (name, value)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] in (["script"], ["style"]):
            assert self._open[-1] not in self.code
            self.code[self._open[-1]] = data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]
