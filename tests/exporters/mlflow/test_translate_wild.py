"""Whatever a span holds: translation never raises, writes JSON text alone, and the UI draws every chat."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey
from genspan.exporters.mlflow.model import MlflowSpan
from genspan.exporters.mlflow.translate import translate
from genspan.exporters.mlflow.translate.semconv import PARAMETERS, SPAN_TYPES
from genspan.semconv import attributes as gen_ai
from genspan.semconv.renamed import RENAMED_ATTRIBUTES

WORDS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    [
        "text",
        "reasoning",
        "tool_call",
        "tool_call_response",
        "server_tool_call",
        "server_tool_call_response",
        "blob",
        "file",
        "uri",
        "function",
    ]
)
PART_KEYS = st.sampled_from(
    [
        *("content", "text", "id", "name", "arguments", "response", "result", "modality", "mime_type", "transcript"),
        *("uri", "file_id", "server_tool_call", "server_tool_call_response"),
    ]
)
MODALITIES = st.sampled_from(["image", "audio", "document"])
PARTS = VALUES | st.builds(
    lambda kind, fields, modality: {**fields, "type": kind, **({"modality": modality} if modality else {})},
    KINDS | VALUES,
    st.dictionaries(PART_KEYS, VALUES, max_size=4),
    st.none() | MODALITIES,
)
MESSAGES = VALUES | st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "tool", "model"]) | VALUES,
        "parts": VALUES | st.lists(PARTS, max_size=3),
        "content": VALUES | st.lists(PARTS, max_size=3),
        "name": VALUES,
        "finish_reason": VALUES,
    },
)
CONTENT = VALUES | st.lists(MESSAGES | PARTS, max_size=3)
JSON_TEXT = CONTENT.map(json.dumps)
ATTRIBUTE_VALUES = (
    JSON_TEXT
    | JSON_TEXT.map(lambda text: text[:-1])
    | WORDS
    | CONTENT
    | st.binary(max_size=4)
    | st.integers()
    | st.lists(WORDS, max_size=3).map(tuple)
)
KEYS = st.sampled_from(
    sorted(
        {
            *gen_ai.CONTENT_ATTRIBUTES,
            *PARAMETERS,
            *RENAMED_ATTRIBUTES,
            *(key for key in vars(SpanAttributeKey).values() if isinstance(key, str) and key.startswith("mlflow.")),
            TraceMetadataKey.TRACE_SESSION,
            TraceMetadataKey.MODEL_ID,
            "mlflow.traceTag.x",
            gen_ai.GEN_AI_RESPONSE_FINISH_REASONS,
            gen_ai.GEN_AI_RESPONSE_MODEL,
            gen_ai.GEN_AI_USAGE_INPUT_TOKENS,
            gen_ai.GEN_AI_USAGE_OUTPUT_TOKENS,
            gen_ai.USER_ID,
            gen_ai.SESSION_ID,
        }
    )
)
OPERATIONS = st.sampled_from(sorted(SPAN_TYPES)) | WORDS
ATTRIBUTES = st.builds(
    lambda operation, rest: {gen_ai.GEN_AI_OPERATION_NAME: operation, **rest},
    OPERATIONS,
    st.dictionaries(KEYS | WORDS.filter(bool), ATTRIBUTE_VALUES, max_size=6),
)


def span(attributes: dict[str, Any]) -> ReadableSpan:
    return ReadableSpan("span", SpanContext(1, 2, is_remote=False), attributes=attributes, start_time=1, end_time=2)


@given(ATTRIBUTES)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_every_attribute_is_json_text_and_a_trace_comes_of_it(attributes: dict[str, Any]) -> None:
    result = translate(span(attributes))
    for text in result.attributes.values():
        json.loads(text)
    (trace,) = assemble([result], {})
    assert all(len(value) <= 8000 for value in (*trace.tags.values(), *trace.metadata.values()))
    assert len(trace.request_preview or "") <= 1000


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.sampled_from(["chat", "invoke_agent"]))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_the_ui_draws_every_message(messages: list[Any], operation: str) -> None:
    text = json.dumps(messages)
    result = translate(
        span(
            {
                "gen_ai.operation.name": operation,
                "gen_ai.system_instructions": text,
                "gen_ai.input.messages": text,
                "gen_ai.output.messages": text,
            }
        )
    )
    asked = json.loads(result.attributes["mlflow.spanInputs"])["messages"]
    answer = json.loads(result.attributes["mlflow.spanOutputs"])
    answered = answer["messages"] if "messages" in answer else [choice["message"] for choice in answer["choices"]]
    assert [message for message in (*asked, *answered) if not is_drawn(message)] == []


def is_drawn(message: dict[str, Any]) -> bool:
    """What the bundled UI asks of a message before it draws the chat that it is in (`isRawModelTraceChatMessage`)."""
    calls = message.get("tool_calls")
    return (
        message["role"] in ("user", "assistant", "system", "tool")
        and (calls is None or all(map(is_drawn_call, calls)))
        and is_drawn_content(message["content"])
    )


def is_drawn_call(call: dict[str, Any]) -> bool:
    return all(isinstance(text, str) for text in (call["id"], call["function"]["name"], call["function"]["arguments"]))


def is_drawn_content(content: Any) -> bool:
    if content is None or isinstance(content, str):
        return True
    return all(
        (part["type"] == "text" and isinstance(part["text"], str))
        or (part["type"] == "image_url" and isinstance(part["image_url"]["url"], str))
        or (
            part["type"] == "input_audio"
            and isinstance(part["input_audio"]["data"], str)
            and part["input_audio"]["format"] in ("wav", "mp3")
        )
        for part in content
    )


PROPERTIES = VALUES | st.dictionaries(st.sampled_from(["type", "description", "enum"]), VALUES)
SCHEMAS = VALUES | st.fixed_dictionaries(
    {}, optional={"type": VALUES, "properties": VALUES | st.dictionaries(WORDS, PROPERTIES), "required": VALUES}
)
TOOLS = VALUES | st.recursive(
    st.fixed_dictionaries({}, optional={"type": KINDS | VALUES, "name": VALUES, "parameters": SCHEMAS}),
    lambda function: st.fixed_dictionaries({"type": KINDS, "function": function}),
    max_leaves=1,
)


@given(st.lists(TOOLS, min_size=1, max_size=3))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_the_ui_lists_every_tool(definitions: list[Any]) -> None:
    result = translate(span({"gen_ai.operation.name": "chat", "gen_ai.tool.definitions": definitions}))
    tools = json.loads(result.attributes["mlflow.chat.tools"])
    assert [tool for tool in tools if not is_listed(tool)] == []


def is_listed(tool: dict[str, Any]) -> bool:
    """What the bundled UI asks of every tool before it lists any (`isModelTraceChatTool`)."""
    parameters = tool["function"].get("parameters") or {}
    required, properties = parameters.get("required"), parameters.get("properties")
    return (
        tool["type"] == "function"
        and "name" in tool["function"]
        and (required is None or (isinstance(required, list) and all(isinstance(name, str) for name in required)))
        and (properties is None or all(is_listed_property(value) for value in properties.values()))
    )


def is_listed_property(value: Any) -> bool:
    return (
        isinstance(value.get("type", ""), (str, type(None)))
        and isinstance(value.get("description", ""), (str, type(None)))
        and isinstance(value.get("enum", []), (list, type(None)))
    )


@given(ATTRIBUTES)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_a_stored_span_says_the_same_of_its_trace(attributes: dict[str, Any]) -> None:
    """A store assembles a trace anew from the spans that it holds, when more of it comes."""
    first = translate(span(attributes))
    again = translate(
        span({key: text if key.startswith("mlflow.") else json.loads(text) for key, text in first.attributes.items()})
    )
    assert facts(again) == facts(first)


def facts(translated: MlflowSpan) -> tuple[Any, ...]:
    return (
        translated.type,
        translated.usage,
        translated.request_preview,
        translated.response_preview,
        translated.trace_name,
        translated.trace_tags,
        translated.trace_metadata,
        translated.session_id,
        translated.user_id,
    )
