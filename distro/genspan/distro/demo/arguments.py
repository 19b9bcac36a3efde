"""Values for a JSON schema, found in text: how the demo's model fills the arguments of a tool call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from genspan.distro.demo.words import stem, stems, words

Schema = dict[str, Any]
_T = TypeVar("_T")

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])")
_INTEGER = re.compile(r"(?<![\w.-])-?\d+(?!\.?\d|[\w-])")
_CODE = re.compile(r"\b(?=[A-Za-z-]*\d)[\w-]*\w\b")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_QUOTED = re.compile(r"(?<=[\"“«])[^\"“”«»]+(?=[\"”»])")
# Runs of capitalised words inside a sentence: places, people, products.
_NAME = re.compile(r"(?<=[\w,;:] )(?!I\b)[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
# Properties that ask for the words themselves.
_FREE_TEXT = stems("answer content input message prompt query question search summary text topic")
_EMPTY: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {}, "null": None}


class NotFound(Exception):
    """The text holds no value for a required part of the schema."""


def fill(schema: Schema, text: str, free_text: str, *, invent: bool = False) -> dict[str, Any]:
    """The object that the schema describes, with values found in `text`, none of them used twice.

    `free_text` is the value of properties that ask for the words themselves, such as `query`. Optional properties that
    nothing was found for are left out. For a required one NotFound is raised, or, with `invent`, a plain value of its
    type is put.
    """
    return _Search(text, free_text, schema.get("$defs", {}), invent).object(schema)


@dataclass
class _Search:
    text: str
    free_text: str
    definitions: Schema
    invent: bool
    taken: set[int] = field(default_factory=set)
    """Where in the text the values begin that have been used."""

    def object(self, schema: Schema) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in schema.get("properties", {}).items():
            part = self.resolved(part)
            try:
                found[name] = self.value(name, part)
            except NotFound:
                if name not in schema.get("required", ()):
                    continue
                if not self.invent:
                    raise
                found[name] = part["enum"][0] if part.get("enum") else _EMPTY.get(_type(part), self.free_text)
        return found

    def value(self, name: str, schema: Schema) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return _first(value for value in schema["enum"] if self.mentions(str(value)))
        match _type(schema):
            case "integer":
                return int(_first(self.matches(name, _INTEGER)))
            case "number":
                return float(_first(self.matches(name, _NUMBER)))
            case "boolean":
                return _first([True] if self.mentions(name) else [])
            case "object":
                return self.object(schema)
            case "array":
                return self.array(name, self.resolved(schema.get("items", {})))
            case _:
                return _first(self.strings(name, schema))

    def array(self, name: str, schema: Schema) -> list[Any]:
        """Every value that the text holds; free text, which is not taken out of it, once."""
        if "enum" in schema:
            found = [value for value in schema["enum"] if self.mentions(str(value))]
        else:
            found = []
            with suppress(NotFound):
                while (value := self.value(name, schema)) not in found:
                    found.append(value)
        if not found:
            raise NotFound
        return found

    def strings(self, name: str, schema: Schema) -> Iterator[str]:
        if schema.get("format") == "date":
            yield from self.matches(name, _DATE)
        elif stems(name) & _FREE_TEXT:
            yield self.free_text.strip()
        else:
            yield from self.matches(name, _QUOTED)
            if self.mentions(name, wholly=False):
                yield from self.matches(name, _CODE)
            yield from self.matches(name, _NAME)

    def matches(self, name: str, pattern: re.Pattern[str]) -> Iterator[str]:
        """What the pattern finds, nearest first to a word of the name: `order 1042` and `2 passengers`."""
        wanted = stems(name)
        found = [match for match in pattern.finditer(self.text) if match.start() not in self.taken]

        def distance(match: re.Match[str]) -> float:
            before, after = words(self.text[: match.start()]), words(self.text[match.end() :])
            steps = [back for back, word in enumerate(reversed(before)) if stem(word) in wanted]
            steps += [ahead for ahead, word in enumerate(after) if stem(word) in wanted]
            return min(steps, default=len(self.text))

        for match in sorted(found, key=distance):
            self.taken.add(match.start())
            yield match.group()

    def mentions(self, value: str, *, wholly: bool = True) -> bool:
        said, wanted = stems(self.text), stems(value)
        return bool(wanted) and (wanted <= said if wholly else bool(wanted & said))

    def resolved(self, schema: Schema) -> Schema:
        """The schema behind `$ref`, and the first of `anyOf` that is not null."""
        if "$ref" in schema:
            return self.resolved(self.definitions.get(schema["$ref"].rpartition("/")[2], {}))
        for choice in schema.get("anyOf", ()):
            if choice.get("type") != "null":
                return self.resolved(choice)
        return schema


def _first(values: Iterable[_T]) -> _T:
    for value in values:
        return value
    raise NotFound


def _type(schema: Schema) -> str:
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    return str(kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null"))
