"""Tool definitions in the only shape that MLflow's UI lists: OpenAI's `{"type": "function", "function": {…}}`."""

from __future__ import annotations

from typing import Any

from genspan.semconv.encoding import encode


def function_tools(value: Any) -> list[dict[str, Any]] | None:
    """Tools in the nested function form from the decoded `gen_ai.tool.definitions`; None where that is no list."""
    return [_tool(item) for item in value] if isinstance(value, list) else None


def _tool(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        return {"type": "function", "function": {"name": item if isinstance(item, str) else encode(item)}}
    nested = item.get("function")
    function = dict(nested) if isinstance(nested, dict) else {k: v for k, v in item.items() if k != "type"}
    kind = item.get("type")
    if not isinstance(function.get("name"), str):
        function["name"] = kind if isinstance(kind, str) else "unnamed"
    if kind not in ("function", None):
        function["type"] = kind
    parameters = function.get("parameters")
    if isinstance(parameters, dict):
        function["parameters"] = _listable(parameters)
    elif parameters is not None:
        function["parameters"] = {"schema": parameters}
    return {"type": "function", "function": function}


def _listable(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a tool's parameters in words that the UI accepts.

    One property that it does not accept, and it lists no tool at all (3.17.2).
    """
    listable = dict(schema)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        listable["properties"] = {name: _property(value) for name, value in properties.items()}
    elif "properties" in schema:
        del listable["properties"]
    required = schema.get("required")
    if isinstance(required, list):
        listable["required"] = [name for name in required if isinstance(name, str)]
    elif "required" in schema:
        del listable["required"]
    return listable


def _property(value: Any) -> Any:
    """A property's schema: `type` must be one name, so a union is written as `anyOf`, which says the same."""
    if not isinstance(value, dict):
        return {}
    accepted = dict(value)
    kinds, description, choices = value.get("type"), value.get("description"), value.get("enum")
    if not isinstance(kinds, (str, type(None))):
        del accepted["type"]
        if isinstance(kinds, list):
            accepted["anyOf"] = [{"type": kind} for kind in kinds]
    if not isinstance(description, (str, type(None))):
        accepted["description"] = encode(description)
    if not isinstance(choices, (list, type(None))):
        accepted["enum"] = [choices]
    return accepted
