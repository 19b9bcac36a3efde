"""The dialect of OpenTelemetry's GenAI semantic conventions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from genspan.exporters.mlflow import preview
from genspan.exporters.mlflow.keys import SpanType
from genspan.exporters.mlflow.model import TokenUsage
from genspan.exporters.mlflow.translate import chat
from genspan.exporters.mlflow.translate.documents import retriever_documents
from genspan.exporters.mlflow.translate.reading import Attributes, Reading, token_count
from genspan.exporters.mlflow.translate.tools import function_tools
from genspan.semconv import attributes as gen_ai
from genspan.semconv.encoding import decode, encode
from genspan.semconv.renamed import RENAMED_ATTRIBUTES
from genspan.semconv.values import OperationName

SPAN_TYPES: Final[dict[str, str]] = {
    OperationName.CHAT: SpanType.CHAT_MODEL,
    OperationName.GENERATE_CONTENT: SpanType.LLM,
    OperationName.TEXT_COMPLETION: SpanType.LLM,
    OperationName.FETCH_RESPONSE: SpanType.LLM,
    OperationName.EMBEDDINGS: SpanType.EMBEDDING,
    OperationName.RETRIEVAL: SpanType.RETRIEVER,
    OperationName.EXECUTE_TOOL: SpanType.TOOL,
    OperationName.CREATE_AGENT: SpanType.AGENT,
    OperationName.INVOKE_AGENT: SpanType.AGENT,
    # The UI has an icon and a name for CHAIN, none for WORKFLOW (3.17.2), and MLflow's own LangChain spans are CHAIN.
    OperationName.INVOKE_WORKFLOW: SpanType.CHAIN,
    OperationName.PLAN: SpanType.TASK,
    OperationName.SEARCH_MEMORY: SpanType.MEMORY,
    OperationName.CREATE_MEMORY: SpanType.MEMORY,
    OperationName.UPDATE_MEMORY: SpanType.MEMORY,
    OperationName.UPSERT_MEMORY: SpanType.MEMORY,
    OperationName.DELETE_MEMORY: SpanType.MEMORY,
    OperationName.CREATE_MEMORY_STORE: SpanType.MEMORY,
    OperationName.DELETE_MEMORY_STORE: SpanType.MEMORY,
}
"""`gen_ai.operation.name` to MLflow's span type."""

PARAMETERS: Final[dict[str, str]] = {
    gen_ai.GEN_AI_REQUEST_MODEL: "model",
    gen_ai.GEN_AI_REQUEST_TEMPERATURE: "temperature",
    gen_ai.GEN_AI_REQUEST_TOP_P: "top_p",
    gen_ai.GEN_AI_REQUEST_TOP_K: "top_k",
    gen_ai.GEN_AI_REQUEST_MAX_TOKENS: "max_tokens",
    gen_ai.GEN_AI_REQUEST_FREQUENCY_PENALTY: "frequency_penalty",
    gen_ai.GEN_AI_REQUEST_PRESENCE_PENALTY: "presence_penalty",
    gen_ai.GEN_AI_REQUEST_STOP_SEQUENCES: "stop",
    gen_ai.GEN_AI_REQUEST_SEED: "seed",
    gen_ai.GEN_AI_REQUEST_CHOICE_COUNT: "n",
    gen_ai.GEN_AI_REQUEST_STREAM: "stream",
    gen_ai.GEN_AI_REQUEST_REASONING_LEVEL: "reasoning_effort",
    gen_ai.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: "previous_response_id",
    gen_ai.GEN_AI_REQUEST_ENCODING_FORMATS: "encoding_formats",
}
"""Request attributes to the names of the OpenAI parameters that the UI shows beside the messages."""

_AGENTIC: Final = frozenset({OperationName.INVOKE_AGENT, OperationName.INVOKE_WORKFLOW, OperationName.PLAN})
"""Operations whose output messages follow each other; elsewhere each is a choice of its own."""

_TODAYS_NAMES: Final = {old: new for old, new in RENAMED_ATTRIBUTES.items() if new is not None}
_OLDER_NAMES: Final = frozenset(_TODAYS_NAMES)


LONGEST_KEPT: Final = 100_000
"""Characters of tool definitions whose translation is kept: an app offers the same tools call after call."""


class Content(NamedTuple):
    """Inputs or outputs: JSON text, the preview of it, and the attributes that it came from."""

    text: str
    preview: str | None
    sources: tuple[str, ...]
    message_format: str | None = None


def read(attributes: Attributes) -> Reading | None:
    """The span in MLflow's terms, or None where no attribute of the GenAI conventions is found.

    Attributes under an older name count as under today's.
    """
    attributes = _with_todays_names(attributes)
    operation = attributes.get(gen_ai.GEN_AI_OPERATION_NAME)
    given, returned = _values(attributes) if operation == OperationName.INVOKE_WORKFLOW else (None, None)
    inputs = given or _tool_arguments(attributes) or _query(attributes) or _request(attributes)
    outputs = (
        returned or _tool_result(attributes) or _documents(attributes) or _records(attributes) or _response(attributes)
    )
    if operation is None and inputs is None and outputs is None:
        return None
    reading = Reading(
        type=SPAN_TYPES.get(operation) if isinstance(operation, str) else None,
        usage=_usage(attributes),
        model=_text(attributes.get(gen_ai.GEN_AI_RESPONSE_MODEL)) or _text(attributes.get(gen_ai.GEN_AI_REQUEST_MODEL)),
        provider=_text(attributes.get(gen_ai.GEN_AI_PROVIDER_NAME)),
    )
    if inputs is not None:
        reading.inputs, reading.request_preview, reading.inputs_from, reading.message_format = inputs
    if outputs is not None:
        reading.outputs, reading.response_preview, reading.outputs_from, message_format = outputs
        reading.message_format = reading.message_format or message_format
    definitions = attributes.get(gen_ai.GEN_AI_TOOL_DEFINITIONS)
    if definitions is not None and (tools := _tools(definitions)):
        reading.tools, reading.tools_from = tools, (gen_ai.GEN_AI_TOOL_DEFINITIONS,)
    return reading


def _tools(definitions: Any) -> str | None:
    """JSON text of the tools that a model was offered."""
    is_kept = isinstance(definitions, str) and len(definitions) <= LONGEST_KEPT
    return _kept_tools(definitions) if is_kept else _translated_tools(definitions)


def _translated_tools(definitions: Any) -> str | None:
    tools = function_tools(_decoded(definitions))
    return encode(tools) if tools else None


_kept_tools: Final = lru_cache(maxsize=64)(_translated_tools)


def _with_todays_names(attributes: Attributes) -> Attributes:
    if _OLDER_NAMES.isdisjoint(attributes):
        return attributes
    return {**{new: attributes[old] for old, new in _TODAYS_NAMES.items() if old in attributes}, **attributes}


def _request(attributes: Attributes) -> Content | None:
    """Messages as an OpenAI request: system instructions first, then the input messages, beside the parameters."""
    messages: list[chat.ChatMessage] = []
    sources: list[str] = []
    instructions = attributes.get(gen_ai.GEN_AI_SYSTEM_INSTRUCTIONS)
    if instructions is not None:
        messages += chat.system_message(_decoded(instructions))
        sources.append(gen_ai.GEN_AI_SYSTEM_INSTRUCTIONS)
    history = attributes.get(gen_ai.GEN_AI_INPUT_MESSAGES)
    if history is not None:
        messages += chat.messages(_decoded(history), role="user")
        sources.append(gen_ai.GEN_AI_INPUT_MESSAGES)
    if not messages:
        return None
    request: dict[str, Any] = {"messages": messages}
    for key, name in PARAMETERS.items():
        if key in attributes:
            request[name] = attributes[key]
    return Content(encode(request), preview.of_request(messages), tuple(sources), chat.FORMAT)


def _values(attributes: Attributes) -> tuple[Content | None, Content | None]:
    """What a workflow was given and what it returned, where it was given named values and no conversation.

    The conventions have messages alone: such values are the JSON of a message. The UI shows an object by its fields.
    """
    given = _only_text(attributes.get(gen_ai.GEN_AI_INPUT_MESSAGES))
    if given is None or gen_ai.GEN_AI_SYSTEM_INSTRUCTIONS in attributes or not _is_object(given):
        return None, None
    inputs = Content(given, preview.of_json_text(given), (gen_ai.GEN_AI_INPUT_MESSAGES,))
    returned = _only_text(attributes.get(gen_ai.GEN_AI_OUTPUT_MESSAGES))
    if returned is None:
        return inputs, None
    text = returned if _is_object(returned) else encode(returned)
    return inputs, Content(text, preview.of_json_text(text), (gen_ai.GEN_AI_OUTPUT_MESSAGES,))


def _only_text(messages: Any) -> str | None:
    """The text of the only message, where that is all there is."""
    match _decoded(messages):
        case [{"parts": [{"type": "text", "content": str() as text}]}]:
            return text
    return None


def _is_object(text: str) -> bool:
    return text.startswith("{") and isinstance(_decoded(text), dict)


def _response(attributes: Attributes) -> Content | None:
    """Output messages as OpenAI choices, or as messages where they follow each other."""
    value = attributes.get(gen_ai.GEN_AI_OUTPUT_MESSAGES)
    if value is None:
        return None
    answers = _decoded(value)
    messages = chat.messages(answers, role="assistant")
    if not messages:
        return None
    sources = (gen_ai.GEN_AI_OUTPUT_MESSAGES,)
    if attributes.get(gen_ai.GEN_AI_OPERATION_NAME) in _AGENTIC or len(messages) != (
        len(answers) if isinstance(answers, list) else 1
    ):
        return Content(encode({"messages": messages}), preview.of_response(messages), sources, chat.FORMAT)
    choices = chat.choices(messages, answers, attributes.get(gen_ai.GEN_AI_RESPONSE_FINISH_REASONS))
    return Content(encode({"choices": choices}), preview.of_response(messages[:1]), sources, chat.FORMAT)


def _tool_arguments(attributes: Attributes) -> Content | None:
    value = attributes.get(gen_ai.GEN_AI_TOOL_CALL_ARGUMENTS)
    if value is None:
        return None
    text = _json_text(value)
    return Content(text, preview.of_inputs(text), (gen_ai.GEN_AI_TOOL_CALL_ARGUMENTS,))


def _tool_result(attributes: Attributes) -> Content | None:
    """A tool's result. The conventions want an object; `{"result": value}` is how a value that is none is recorded."""
    value = attributes.get(gen_ai.GEN_AI_TOOL_CALL_RESULT)
    if value is None:
        return None
    text = _json_text(value)
    if text.startswith('{"result"'):
        result = decode(text)
        text = encode(result["result"]) if len(result) == 1 else text
    return Content(text, preview.of_outputs(text), (gen_ai.GEN_AI_TOOL_CALL_RESULT,))


def _query(attributes: Attributes) -> Content | None:
    for key in (gen_ai.GEN_AI_RETRIEVAL_QUERY_TEXT, gen_ai.GEN_AI_MEMORY_QUERY_TEXT):
        if key in attributes:
            text = encode(attributes[key])
            return Content(text, preview.of_inputs(text), (key,))
    return None


def _documents(attributes: Attributes) -> Content | None:
    value = attributes.get(gen_ai.GEN_AI_RETRIEVAL_DOCUMENTS)
    if value is None:
        return None
    text = encode(retriever_documents(_decoded(value)))
    return Content(text, preview.of_outputs(text), (gen_ai.GEN_AI_RETRIEVAL_DOCUMENTS,))


def _records(attributes: Attributes) -> Content | None:
    value = attributes.get(gen_ai.GEN_AI_MEMORY_RECORDS)
    if value is None:
        return None
    text = _json_text(value)
    return Content(text, preview.of_outputs(text), (gen_ai.GEN_AI_MEMORY_RECORDS,))


def _usage(attributes: Attributes) -> TokenUsage | None:
    """Token counts. The conventions count cached tokens among the input, and have no total: it is input plus output."""
    read_ = token_count(attributes.get(gen_ai.GEN_AI_USAGE_INPUT_TOKENS))
    written = token_count(attributes.get(gen_ai.GEN_AI_USAGE_OUTPUT_TOKENS))
    if read_ is None and written is None:
        return None
    return TokenUsage(
        input_tokens=read_,
        output_tokens=written,
        total_tokens=(read_ or 0) + (written or 0),
        cache_read_input_tokens=token_count(attributes.get(gen_ai.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS)),
        cache_creation_input_tokens=token_count(attributes.get(gen_ai.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS)),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _decoded(value: Any) -> Any:
    """The value behind JSON text, in plain JSON types; text that is no JSON as it is."""
    try:
        return decode(value if isinstance(value, str) else encode(value))
    except ValueError:
        return value


def _json_text(value: Any) -> str:
    """JSON text of a value that needs no other shape: JSON text is kept to the letter."""
    if isinstance(value, str):
        try:
            decode(value)
        except ValueError:
            return encode(value)
        return value
    return encode(value)
