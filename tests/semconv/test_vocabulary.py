"""The generated constants and tables say what semconv/registry.json says, and the hand-written types match it."""

from __future__ import annotations

import re
import typing
from typing import Any, get_args, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from opentelemetry.metrics import get_meter
from typing_extensions import NotRequired

from genspan.semconv import attributes, events, messages, metrics, renamed, spans, values
from support.registry import REGISTRY


def constants(module: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if re.fullmatch(r"[A-Z0-9_]+", name)}


def test_every_attribute_has_a_constant_of_its_name() -> None:
    found = {name: value for name, value in constants(attributes).items() if isinstance(value, str)}
    assert sorted(found.values()) == sorted(REGISTRY["attributes"])
    for name, value in found.items():
        assert name == re.sub(r"[^A-Z0-9]+", "_", value.upper())


def test_content_attributes_are_those_of_the_registry() -> None:
    content = {name for name, spec in REGISTRY["attributes"].items() if spec.get("content")}
    assert content == attributes.CONTENT_ATTRIBUTES
    assert {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.call.result"} <= content


@pytest.mark.parametrize(
    ("cls", "attribute"),
    [
        (values.OperationName, "gen_ai.operation.name"),
        (values.ProviderName, "gen_ai.provider.name"),
        (values.OutputType, "gen_ai.output.type"),
        (values.ResponseStatus, "gen_ai.response.status"),
        (values.TokenModality, "gen_ai.token.modality"),
        (values.OpenAIApiType, "openai.api.type"),
        (values.McpMethodName, "mcp.method.name"),
    ],
)
def test_values_are_the_well_known_ones(cls: type, attribute: str) -> None:
    assert list(constants(cls).values()) == REGISTRY["attributes"][attribute]["enum"]


def test_finish_reasons_are_the_advised_ones() -> None:
    assert list(constants(values.FinishReason).values()) == REGISTRY["finish_reasons"]


def test_span_types() -> None:
    assert [row.name for row in spans.SPAN_TYPES] == list(REGISTRY["spans"])
    for row in spans.SPAN_TYPES:
        spec = REGISTRY["spans"][row.name]
        levels = {
            "required": row.required,
            "conditionally_required": row.conditionally_required,
            "recommended": row.recommended,
            "opt_in": row.opt_in,
        }
        assert {name: level for level, names in levels.items() for name in names} == {
            name: attribute["level"] for name, attribute in spec["attributes"].items()
        }
        assert (row.kind, row.name_key, list(row.operations)) == (spec["kind"], spec["name_key"], spec["operations"])
        assert [row.also_kind] == (spec["also_kind"] or [None])
        assert set(row.sampling_relevant) <= spec["attributes"].keys()
        assert list(row.forbidden) == spec.get("forbidden", [])
        assert not set(row.forbidden) & spec["attributes"].keys()


def test_every_operation_is_of_some_span_type() -> None:
    operations = {operation for row in spans.SPAN_TYPES for operation in row.operations}
    assert operations == set(constants(values.OperationName).values())


def test_metrics() -> None:
    assert [row.name for row in metrics.METRICS] == list(REGISTRY["metrics"])
    for row in metrics.METRICS:
        spec = REGISTRY["metrics"][row.name]
        assert (row.instrument, row.unit, list(row.attributes)) == (
            spec["instrument"],
            spec["unit"],
            list(spec["attributes"]),
        )
        assert (list(row.buckets) if row.buckets else None) == spec["buckets"]
        assert (row.buckets is None) == (row.instrument == "counter")
        assert row.buckets is None or list(row.buckets) == sorted(set(row.buckets))
        assert (row.generation == "legacy") == (spec.get("profile") == "legacy")


def test_metrics_are_names_and_units_that_opentelemetry_takes(caplog: pytest.LogCaptureFixture) -> None:
    meter = get_meter("test")
    for row in metrics.METRICS:
        create = meter.create_histogram if row.instrument == "histogram" else meter.create_counter
        create(row.name, row.unit)
    assert not caplog.records


def test_events() -> None:
    assert {row.name: (row.severity_number, list(row.attributes)) for row in events.EVENTS} == {
        name: (spec["severity"], list(spec["attributes"])) for name, spec in REGISTRY["events"].items()
    }


def test_renamed_attributes_lead_to_today() -> None:
    assert REGISTRY["renamed"] == renamed.RENAMED_ATTRIBUTES
    today = {name for name in renamed.RENAMED_ATTRIBUTES.values() if name}
    assert today <= REGISTRY["attributes"].keys()
    assert not renamed.RENAMED_ATTRIBUTES.keys() & REGISTRY["attributes"].keys()


# Message types against the published JSON schemas

MESSAGES = "gen_ai.input.messages"
PARTS = {
    definition["properties"]["type"]["const"]: definition
    for definition in REGISTRY["schemas"][MESSAGES]["$defs"].values()
    if "const" in definition["properties"]["type"]
}
TYPES = {
    get_args(hints["type"])[0]: cls
    for cls in get_args(messages.MessagePart)
    if typing.get_origin((hints := get_type_hints(cls))["type"]) is typing.Literal
}


def keys(cls: Any) -> tuple[set[str], set[str]]:
    """The required keys of a TypedDict, and all of them. (`__required_keys__` knows nothing of string annotations.)"""
    hints = get_type_hints(cls, include_extras=True)
    optional = {name for name, hint in hints.items() if typing.get_origin(hint) is NotRequired}
    return hints.keys() - optional, set(hints)


ADDED = {"blob": {"size"}}
"""What we say beyond the schemas, which allow it."""


@pytest.mark.parametrize("part", TYPES)
def test_a_part_requires_what_its_schema_requires(part: str) -> None:
    required, known = keys(TYPES[part])
    assert required == set(PARTS[part]["required"])
    assert known - ADDED.get(part, set()) <= PARTS[part]["properties"].keys()


def test_every_part_of_the_conventions_is_typed() -> None:
    assert TYPES.keys() == PARTS.keys()


@pytest.mark.parametrize(
    ("cls", "attribute"),
    [
        (messages.Message, "gen_ai.input.messages"),
        (messages.OutputMessage, "gen_ai.output.messages"),
        (messages.ToolDefinition, "gen_ai.tool.definitions"),
        (messages.RetrievalDocument, "gen_ai.retrieval.documents"),
    ],
)
def test_a_message_requires_what_its_schema_requires(cls: Any, attribute: str) -> None:
    schema = REGISTRY["schemas"][attribute]
    item = schema["$defs"]["FunctionToolDefinition"] if attribute == "gen_ai.tool.definitions" else schema["items"]
    required, known = keys(cls)
    assert required == set(item.get("required", ()))
    assert item["properties"].keys() <= known


def test_text_is_a_text_part() -> None:
    part = messages.text("hello")
    assert part == {"type": "text", "content": "hello"}
    Draft202012Validator(PARTS["text"]).validate(part)
