"""The conventions' JSON schemas of structured content, read strictly.

As published, `GenericPart` accepts any object with a `type`, so a broken `text` part passes as a generic one. Here an
object whose `type` the conventions define must match the definition of that type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from support.registry import REGISTRY

SCHEMAS: dict[str, dict[str, Any]] = REGISTRY["schemas"]


def _by_type(*names: str) -> dict[str, Draft202012Validator]:
    """The definitions in these schemas that are of one type only, by that type."""
    definitions = [definition for name in names for definition in SCHEMAS[name]["$defs"].values()]
    return {
        definition["properties"]["type"]["const"]: Draft202012Validator(definition)
        for definition in definitions
        if "const" in definition["properties"]["type"]
    }


_VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
_PARTS = _by_type("gen_ai.input.messages", "gen_ai.output.messages")
_TOOLS = _by_type("gen_ai.tool.definitions")


def content_errors(attribute: str, value: Any) -> Iterator[str]:
    """What is wrong with the value of a structured attribute; nothing where it has no schema."""
    if attribute not in _VALIDATORS:
        return
    broken = [f"{error.json_path}: {error.message}" for error in _VALIDATORS[attribute].iter_errors(value)]
    yield from broken
    if not broken:
        yield from _typed_errors(attribute, value)


def _typed_errors(attribute: str, value: Any) -> Iterator[str]:
    if attribute in {"gen_ai.input.messages", "gen_ai.output.messages"}:
        for index, message in enumerate(value):
            yield from _item_errors(f"$[{index}].parts", message["parts"], _PARTS)
    elif attribute == "gen_ai.system_instructions":
        yield from _item_errors("$", value, _PARTS)
    elif attribute == "gen_ai.tool.definitions":
        yield from _item_errors("$", value, _TOOLS)


def _item_errors(path: str, items: list[dict[str, Any]], types: dict[str, Draft202012Validator]) -> Iterator[str]:
    for index, item in enumerate(items):
        if validator := types.get(item["type"]):
            for error in validator.iter_errors(item):
                yield f"{path}[{index}]{error.json_path.removeprefix('$')}: {error.message}"
