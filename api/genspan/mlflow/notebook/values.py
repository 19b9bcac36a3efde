"""Any JSON value as HTML: objects and lists that fold, everything else as JSON writes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from genspan.mlflow.notebook.markup import Markup, element, joined
from genspan.mlflow.notebook.room import Room, left_out
from genspan.semconv.encoding import decode, encode

TEXT: Final = 20_000
"""Characters of one text that are shown."""
_ITEMS: Final = 200
"""Items of one list or object that are shown."""
_DEEPEST: Final = 8
"""Levels that fold; what is deeper is JSON text."""
_OPEN: Final = 2
"""Levels that are open at first, unless they are long."""
_LONG: Final = 12
_ELEMENT: Final = 150
"""Characters of the tags of one item, at most."""


def value(of: Any, room: Room, level: int = 0) -> Markup:
    """A value as JSON has it, as much of it as there is room for."""
    if isinstance(of, (dict, list, tuple)) and of and level < _DEEPEST:
        items = of.items() if isinstance(of, dict) else enumerate(of)
        return element("ul", *_items(items, len(of), room, level), class_="gs-json")
    return _scalar(of, room)


def _items(items: Iterable[tuple[Any, Any]], count: int, room: Room, level: int) -> Iterable[Markup]:
    for index, (key, item) in enumerate(items):
        if index == _ITEMS or not room.spend(_ELEMENT):
            room.is_cut = True
            yield element("li", left_out(f"{count - index:,} more"))
            return
        yield _item(key, item, room, level)


def _item(key: Any, item: Any, room: Room, level: int) -> Markup:
    name = element("span", room.cut(str(key), 200), ": ", class_="gs-key")
    if not isinstance(item, (dict, list, tuple)) or not item or level + 1 >= _DEEPEST:
        return element("li", name, _scalar(item, room))
    size = f"{{{len(item):,}}}" if isinstance(item, dict) else f"[{len(item):,}]"
    is_open = level < _OPEN and len(item) <= _LONG
    summary = element("summary", name, element("span", size, class_="gs-size"))
    return element("li", element("details", summary, value(item, room, level + 1), open=is_open))


def _scalar(of: Any, room: Room) -> Markup:
    if isinstance(of, str):
        return element("span", room.cut(of, TEXT), class_="gs-string", dir="auto")
    kind = "gs-json-text" if isinstance(of, (dict, list, tuple)) else "gs-literal"
    return element("span", room.cut(encode(of), TEXT), class_=kind)


def table(rows: Iterable[tuple[str, Any]], room: Room) -> Markup:
    """Names and values in two columns; none of it where there are no rows."""
    made = [
        element("tr", element("th", room.cut(name, 200), scope="row"), element("td", value(of, room)))
        for name, of in rows
        if room.spend(_ELEMENT)
    ]
    return element("table", joined(made), class_="gs-table") if made else Markup()


def text(said: str, room: Room) -> Markup:
    """Text; as JSON that folds, if it is that, as tools' results often are."""
    held = _held(said)
    return room.cut(said, TEXT) if held is None else value(held, room)


def _held(said: str) -> Any:
    """The object or list that a text holds as JSON; None where it is any other text."""
    if len(said) > TEXT or said[:1] not in ("{", "["):
        return None
    try:
        held = decode(said)
    except ValueError:
        return None
    return held or None
