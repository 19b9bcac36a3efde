"""Values for a JSON schema, found in text: how the demo's model fills the arguments of a tool call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from genspan.distro.demo.words import sentences, stem, stems, words

Schema = dict[str, Any]
_T = TypeVar("_T")

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CODE = re.compile(r"\b(?=\w*\d)[\w-]*\w\b")
_NAME = re.compile(r"\b[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
_QUOTED = re.compile(r"[\"“«]([^\"”»]+)[\"”»]")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
# Parameters that ask for the question itself.
_FREE_TEXT = frozenset(
    map(stem, ("query", "question", "text", "input", "message", "prompt", "search", "topic", "answer"))
)
_EMPTY: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {}, "null": None}


class NotFound(Exception):
    """The text holds no value for a required part of the schema."""


def fill(schema: Schema, text: str, *, invent: bool = False) -> dict[str, Any]:
    """The object that the schema describes, filled from the text.

    Optional properties that the text says nothing about are left out. For a required one NotFound is raised, or, with
    `invent`, an empty value of its type is put.
    """
    return _object(schema, text, schema.get("$defs", {}), invent)


def _object(schema: Schema, text: str, definitions: Schema, invent: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        part = _resolved(part, definitions)
        try:
            found[name] = _value(name, part, text, definitions, invent)
        except NotFound:
            if name not in schema.get("required", ()):
                continue
            if not invent:
                raise
            found[name] = part["enum"][0] if part.get("enum") else _EMPTY.get(_type(part), text)
    return found


def _value(name: str, schema: Schema, text: str, definitions: Schema, invent: bool) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _first(value for value in schema["enum"] if _mentions(text, str(value)))
    match _type(schema):
        case "integer":
            return int(_first(number for number in _near(name, _NUMBER, text) if "." not in number))
        case "number":
            return float(_first(_near(name, _NUMBER, text)))
        case "boolean":
            return _first(True for _ in stems(name) & stems(text))
        case "object":
            return _object(schema, text, definitions, invent)
        case "array":
            return _items(name, _resolved(schema.get("items", {}), definitions), text, definitions, invent)
        case _:
            return _string(name, schema, text)


def _items(name: str, schema: Schema, text: str, definitions: Schema, invent: bool) -> list[Any]:
    if "enum" in schema:
        return [value for value in schema["enum"] if _mentions(text, str(value))]
    if _type(schema) == "integer":
        return [int(number) for number in _near(name, _NUMBER, text) if "." not in number]
    if _type(schema) == "number":
        return [float(number) for number in _near(name, _NUMBER, text)]
    return [_value(name, schema, text, definitions, invent)]


def _string(name: str, schema: Schema, text: str) -> str:
    if schema.get("format") == "date":
        return _first(match.group() for match in _DATE.finditer(text))
    if stems(name) & _FREE_TEXT:
        return text.strip()
    quoted: list[str] = _QUOTED.findall(text)
    coded = _near(name, _CODE, text) if stems(name) & stems(text) else []
    return _first([*quoted, *coded, *_names(text)])


def _names(text: str) -> Iterable[str]:
    """Runs of capitalised words that do not merely open a sentence: places, people, products."""
    for sentence in sentences(text):
        for match in _NAME.finditer(sentence):
            if match.start() > 0 and match.group() != "I":
                yield match.group()


def _near(name: str, pattern: re.Pattern[str], text: str) -> list[str]:
    """What the pattern finds, that which follows a word of the name (`order 1042` for `order_id`) before the rest."""
    wanted = stems(name)
    found = list(pattern.finditer(text))

    def distance(match: re.Match[str]) -> int:
        before = words(text[: match.start()])
        return next((back for back, word in enumerate(reversed(before)) if stem(word) in wanted), len(text))

    return [match.group() for match in sorted(found, key=distance)]


def _mentions(text: str, value: str) -> bool:
    return bool(stems(value)) and stems(value) <= stems(text)


def _first(values: Iterable[_T]) -> _T:
    for value in values:
        return value
    raise NotFound


def _type(schema: Schema) -> str:
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    return str(kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null"))


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema behind `$ref`, and the first of `anyOf` that is not null."""
    if "$ref" in schema:
        return _resolved(definitions.get(schema["$ref"].rpartition("/")[2], {}), definitions)
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(choice, definitions)
    return schema
