"""Tool definitions in the only shape that MLflow's UI lists: OpenAI's `{"type": "function", "function": {…}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genspan.semconv.encoding import encode


def function_tools(value: Any) -> Any:
    """Tools in the nested function form from `gen_ai.tool.definitions`; anything but a list as it is."""
    return [_tool(item) for item in value] if isinstance(value, (list, tuple)) else value


def _tool(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        return {"type": "function", "function": {"name": item if isinstance(item, str) else encode(item)}}
    nested = item.get("function")
    function = dict(nested) if isinstance(nested, Mapping) else {k: v for k, v in item.items() if k != "type"}
    kind = item.get("type")
    if not isinstance(function.get("name"), str):
        function["name"] = kind if isinstance(kind, str) else "unnamed"
    if kind not in ("function", None):
        function["type"] = kind
    parameters = function.get("parameters")
    if isinstance(parameters, Mapping):
        function["parameters"] = _listable(parameters)
    elif parameters is not None:
        function["parameters"] = {"schema": parameters}
    return {"type": "function", "function": function}


def _listable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON schema, its properties in words that the UI accepts.

    One property that it does not accept and no tool is listed at all (3.17.2): `type` must be one name, so a union is
    written as `anyOf`, which says the same.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return schema
    return {**schema, "properties": {name: _property(value) for name, value in properties.items()}}


def _property(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return {}
    kinds = value.get("type")
    if not isinstance(kinds, (list, tuple)):
        return value
    rest = {key: item for key, item in value.items() if key != "type"}
    return {**rest, "anyOf": [{"type": kind} for kind in kinds]}
