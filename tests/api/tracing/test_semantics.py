"""What a span of MLflow's API is to any other OpenTelemetry backend."""

from __future__ import annotations

from typing import Any

import pytest

from genspan import mlflow
from genspan.mlflow.entities import Document, SpanType
from genspan.semconv import attributes as names
from genspan.semconv.encoding import decode
from support.conventions import span_faults
from support.mlflow_api import Tracing

QUESTION = {"role": "user", "content": "Weather in Paris?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def recorded(tracing_to: Tracing, span_type: str, inputs: Any, outputs: Any, **attributes: Any) -> dict[str, Any]:
    with mlflow.start_span("it", span_type=span_type, attributes=attributes) as span:
        span.set_inputs(inputs)
        span.set_outputs(outputs)
    ended = tracing_to.spans["it"]
    return {
        key: decode(value) if isinstance(value, str) and value[:1] in "[{" else value
        for key, value in (ended.attributes or {}).items()
        if key.startswith("gen_ai.")
    }


def test_a_chat(tracing_to: Tracing) -> None:
    found = recorded(
        tracing_to,
        SpanType.CHAT_MODEL,
        {"model": "gpt-5", "messages": [{"role": "system", "content": "Be brief"}, QUESTION], "tools": [TOOL]},
        {
            "id": "r1",
            "model": "gpt-5-1",
            "choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [CALL]}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 7},
        },
        **{"mlflow.llm.provider": "openai"},
    )
    assert found[names.GEN_AI_OPERATION_NAME] == "chat"
    assert found[names.GEN_AI_PROVIDER_NAME] == "openai"
    assert found[names.GEN_AI_REQUEST_MODEL] == "gpt-5"
    assert found[names.GEN_AI_RESPONSE_MODEL] == "gpt-5-1"
    assert found[names.GEN_AI_RESPONSE_ID] == "r1"
    assert (found[names.GEN_AI_USAGE_INPUT_TOKENS], found[names.GEN_AI_USAGE_OUTPUT_TOKENS]) == (5, 7)
    assert [message["role"] for message in found[names.GEN_AI_INPUT_MESSAGES]] == ["system", "user"]
    (answer,) = found[names.GEN_AI_OUTPUT_MESSAGES]
    assert answer["parts"] == [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}}]
    assert found[names.GEN_AI_TOOL_DEFINITIONS][0]["name"] == "weather"


def test_an_llm_of_plain_words(tracing_to: Tracing) -> None:
    found = recorded(
        tracing_to,
        SpanType.LLM,
        {"prompt": "Say hi", "temperature": 0.5},
        "hi",
        **{"mlflow.chat.tokenUsage": {"input_tokens": 2, "output_tokens": 1, "total_tokens": 3}},
    )
    assert found[names.GEN_AI_INPUT_MESSAGES] == [{"role": "user", "parts": [{"type": "text", "content": "Say hi"}]}]
    assert found[names.GEN_AI_OUTPUT_MESSAGES][0]["parts"] == [{"type": "text", "content": "hi"}]
    assert found[names.GEN_AI_USAGE_INPUT_TOKENS] == 2
    assert found[names.GEN_AI_REQUEST_TEMPERATURE] == 0.5


def test_a_tool(tracing_to: Tracing) -> None:
    found = recorded(tracing_to, SpanType.TOOL, {"city": "Paris"}, "sunny")
    assert found == {
        names.GEN_AI_OPERATION_NAME: "execute_tool",
        names.GEN_AI_TOOL_NAME: "it",
        names.GEN_AI_TOOL_CALL_ARGUMENTS: {"city": "Paris"},
        names.GEN_AI_TOOL_CALL_RESULT: {"result": "sunny"},
    }


@pytest.mark.parametrize("documents", [[Document("Paris is …", {"a": 1}, "d1")], None])
def test_a_retriever(tracing_to: Tracing, documents: list[Document] | None) -> None:
    documents_or_dicts: Any = documents or [{"page_content": "Paris is …", "metadata": {"a": 1}, "id": "d1"}]
    found = recorded(tracing_to, SpanType.RETRIEVER, {"query": "Paris", "k": 3}, documents_or_dicts)
    assert found == {
        names.GEN_AI_OPERATION_NAME: "retrieval",
        names.GEN_AI_RETRIEVAL_QUERY_TEXT: "Paris",
        names.GEN_AI_RETRIEVAL_DOCUMENTS: [{"content": "Paris is …", "id": "d1", "metadata": {"a": 1}}],
    }


@pytest.mark.parametrize(
    ("span_type", "operation", "name"),
    [
        (SpanType.AGENT, "invoke_agent", names.GEN_AI_AGENT_NAME),
        (SpanType.CHAIN, "invoke_workflow", names.GEN_AI_WORKFLOW_NAME),
        (SpanType.WORKFLOW, "invoke_workflow", names.GEN_AI_WORKFLOW_NAME),
    ],
)
def test_an_agent_or_a_workflow(tracing_to: Tracing, span_type: str, operation: str, name: str) -> None:
    found = recorded(tracing_to, span_type, {"messages": [QUESTION]}, {"role": "assistant", "content": "Sunny"})
    assert found[names.GEN_AI_OPERATION_NAME] == operation
    assert found[name] == "it"
    assert found[names.GEN_AI_INPUT_MESSAGES][0]["role"] == "user"
    assert found[names.GEN_AI_OUTPUT_MESSAGES][0]["parts"][0]["content"] == "Sunny"


@pytest.mark.parametrize("span_type", [SpanType.UNKNOWN, SpanType.PARSER, SpanType.TASK, "MINE"])
def test_any_other_is_an_ordinary_span(tracing_to: Tracing, span_type: str) -> None:
    assert recorded(tracing_to, span_type, {"messages": [QUESTION]}, "x") == {}


@pytest.mark.parametrize(
    "odd", [None, 1, [], {}, [1], {"messages": "x"}, {"messages": [{"role": 1}]}, [[QUESTION]], b""]
)
@pytest.mark.parametrize("span_type", [SpanType.CHAT_MODEL, SpanType.AGENT, SpanType.TOOL, SpanType.RETRIEVER])
def test_what_has_no_form_in_the_conventions_is_left_to_mlflows_attributes(
    tracing_to: Tracing, span_type: str, odd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found = recorded(tracing_to, span_type, odd, odd)
    assert found[names.GEN_AI_OPERATION_NAME]
    assert names.GEN_AI_RETRIEVAL_DOCUMENTS not in found
    assert not caplog.records


def test_tools_by_mlflows_function(tracing_to: Tracing) -> None:
    with mlflow.start_span("it", span_type=SpanType.LLM) as span:
        mlflow.tracing.set_span_chat_tools(span, [TOOL])  # type: ignore[arg-type]
        with pytest.raises(mlflow.MlflowException):
            mlflow.tracing.set_span_chat_tools(span, "weather")  # type: ignore[arg-type]
    found = mlflow.get_trace(span.trace_id)
    assert found is not None
    assert found.data.spans[0].attributes["mlflow.chat.tools"] == [TOOL]


def test_what_the_user_says_in_the_conventions_words_wins(tracing_to: Tracing) -> None:
    found = recorded(tracing_to, SpanType.TOOL, {}, 1, **{names.GEN_AI_TOOL_NAME: "mine"})
    assert found[names.GEN_AI_TOOL_NAME] == "mine"


def test_the_type_may_be_set_later(tracing_to: Tracing) -> None:
    with mlflow.start_span("it") as span:
        span.set_span_type(SpanType.TOOL)
        span.set_inputs({"a": 1})
    assert (tracing_to.spans["it"].attributes or {})[names.GEN_AI_OPERATION_NAME] == "execute_tool"


@pytest.mark.parametrize("span_type", [SpanType.TOOL, SpanType.AGENT, SpanType.CHAIN])
def test_spans_pass_the_registry(tracing_to: Tracing, span_type: str) -> None:
    recorded(tracing_to, span_type, {"messages": [QUESTION]}, "fine")
    span = tracing_to.spans["it"]
    # The name is the user's own, as MLflow has it.
    assert {fault.rule for fault in span_faults(span)} == {"span name"}


def test_content_is_stored_once(tracing_to: Tracing) -> None:
    recorded(tracing_to, SpanType.CHAT_MODEL, {"messages": [QUESTION]}, "Sunny")
    found = mlflow.get_trace(str(mlflow.get_last_active_trace_id()))
    assert found is not None
    (span,) = found.data.spans
    assert span.inputs == {"messages": [QUESTION]}
    assert span.outputs == "Sunny"
    assert names.GEN_AI_INPUT_MESSAGES not in span.attributes
    assert names.GEN_AI_OUTPUT_MESSAGES not in span.attributes
