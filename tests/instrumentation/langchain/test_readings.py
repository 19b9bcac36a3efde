"""What is read from callbacks: which chain is what, and what models' answers say. Plain values in, plain values out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from genspan.instrumentation.core import Call
from genspan.instrumentation.langchain.chains import AGENT, WORKFLOW, Steps, chain
from genspan.instrumentation.langchain.kind import Kind, Role
from genspan.instrumentation.langchain.models import CHAT, TEXT_COMPLETION


class Pregel:
    """Named as LangGraph's class is."""

    def __init__(self, metadata: dict[str, Any] | None = None, **nodes: Any) -> None:
        self.config = {"metadata": metadata or {}}
        self.builder = SimpleNamespace(
            nodes={name: SimpleNamespace(runnable=SimpleNamespace(func=node)) for name, node in nodes.items()}
        )


def create_agent() -> Any:
    def model_node() -> None: ...

    return model_node


INNER = {"langgraph_checkpoint_ns": "ask:1|task:2"}
BY_METADATA = Pregel({"ls_integration": "langchain_create_agent"})
BY_ITS_NODES = Pregel(model=create_agent())
BY_ITS_NODES.builder.nodes["model"].runnable.func.__qualname__ = "create_agent.<locals>.model_node"
GRAPH = Pregel(ask=create_agent().__class__)


@pytest.mark.parametrize(
    ("instance", "arguments", "parent", "role", "records"),
    [
        (BY_METADATA, {"name": "desk"}, None, Role.AGENT, AGENT),
        (BY_ITS_NODES, {"name": "desk"}, Role.NODE, Role.AGENT, AGENT),
        (GRAPH, {"name": "triage"}, None, Role.GRAPH, WORKFLOW),
        (GRAPH, {"name": "LangGraph"}, None, Role.GRAPH, WORKFLOW),
        (GRAPH, {"name": "LangGraph"}, Role.NODE, Role.GRAPH, None),
        (GRAPH, {"name": "triage"}, Role.NODE, Role.GRAPH, WORKFLOW),
        (None, {"name": "AgentExecutor"}, None, Role.AGENT, AGENT),
        (None, {"name": "ask", "tags": ["graph:step:1"]}, Role.GRAPH, Role.NODE, "ask"),
        (None, {"name": "model", "tags": ["graph:step:1"]}, Role.AGENT, Role.AGENT_PART, None),
        (None, {"name": "model", "tags": ["langsmith:hidden"]}, Role.AGENT, Role.AGENT_PART, None),
        (None, {"name": "Prompt", "tags": ["seq:step:1"]}, Role.AGENT_PART, Role.AGENT_PART, None),
        (None, {"name": "route", "tags": ["seq:step:3"]}, Role.NODE, Role.OTHER, None),
        (None, {"name": "answer"}, Role.NODE, Role.OTHER, "answer"),
        (None, {"name": "task", "tags": ["seq:step:1"], "metadata": INNER}, Role.NODE, Role.NODE, "task"),
        (None, {"name": "__start__", "tags": ["graph:step:0"]}, Role.GRAPH, Role.OTHER, None),
        (None, {"name": "ask", "tags": ["langsmith:hidden"]}, Role.GRAPH, Role.OTHER, None),
        (None, {"name": "RunnableSequence"}, None, Role.OTHER, WORKFLOW),
        (None, {"name": "RunnableSequence"}, Role.OTHER, Role.OTHER, None),
        (None, {"name": "RunnableParallel<a,b>"}, Role.OTHER, Role.OTHER, None),
        (None, {"name": "answer"}, Role.OTHER, Role.OTHER, "answer"),
        (None, {"name": "my prompt", "run_type": "prompt"}, Role.OTHER, Role.OTHER, None),
        (None, {"name": "ChatPromptTemplate", "run_type": "prompt"}, None, Role.OTHER, None),
        (None, {}, Role.OTHER, Role.OTHER, None),
    ],
)
def test_chains(instance: Any, arguments: dict[str, Any], parent: Role | None, role: Role, records: Any) -> None:
    around = None if parent is None else Kind(parent, None, "ask:1")
    arguments = {"metadata": {"langgraph_checkpoint_ns": "ask:1"}, **arguments}
    found = chain(Call(instance, arguments), around, Steps.NAMED)
    assert (found.role, found.records) == (role, records)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("answer", {"gen_ai.workflow.name": "answer"}),
        ("RunnableSequence", {}),
        ("RunnableParallel<a,b>", {}),
        ("LangGraph", {}),
        ("LLMChain", {}),
        (None, {}),
    ],
)
def test_a_workflow_has_no_class_for_a_name(name: str | None, attributes: dict[str, str]) -> None:
    assert WORKFLOW.identity(Call(None, {"name": name})) == attributes


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ("Hm?", "Hm?"),
        ({"messages": [("user", "Hm?")], "documents": ["long"]}, "Hm?"),
        ({"input": "Hm?", "chat_history": []}, "Hm?"),
        ({"question": "Hm?"}, "Hm?"),
        ({"topic": "tea"}, '{"topic":"tea"}'),
    ],
)
def test_inputs_of_a_workflow(inputs: Any, shown: str) -> None:
    content = WORKFLOW.request_content(Call(None, {"inputs": inputs}))
    assert content["gen_ai.input.messages"] == [{"role": "user", "parts": [{"type": "text", "content": shown}]}]


@pytest.mark.parametrize(
    ("outputs", "shown"),
    [
        ("So.", "So."),
        (AIMessage("So."), "So."),
        ({"messages": [("user", "Hm?"), AIMessage("So.")]}, "So."),
        ({"input": "Hm?", "context": [], "answer": "So."}, "So."),
        ({"question": "Hm?", "result": "So."}, "So."),
        ({"a": 1, "b": 2}, '{"a":1,"b":2}'),
    ],
)
def test_outputs_of_a_workflow(outputs: Any, shown: str) -> None:
    content = WORKFLOW.response_content(outputs)
    assert content["gen_ai.output.messages"] == [{"role": "assistant", "parts": [{"type": "text", "content": shown}]}]


@pytest.mark.parametrize("outputs", [None, 1, [], [1.5, 2.5], b"bytes"])
def test_outputs_that_say_nothing(outputs: Any) -> None:
    assert WORKFLOW.response_content(outputs)["gen_ai.output.messages"] is None


@pytest.mark.parametrize(
    ("metadata", "params", "identity"),
    [
        ({"ls_provider": "openai", "ls_model_name": "m"}, {}, {"provider.name": "openai", "request.model": "m"}),
        ({"ls_provider": "azure"}, {"model": "m"}, {"provider.name": "azure.ai.openai", "request.model": "m"}),
        ({"ls_provider": "amazon_bedrock"}, {"model_id": "m"}, {"provider.name": "aws.bedrock", "request.model": "m"}),
        ({"ls_provider": "ollama"}, {}, {"provider.name": "ollama"}),
        ({}, {"_type": "my-model"}, {"provider.name": "my-model"}),
        (None, None, {"provider.name": "unknown"}),
    ],
)
def test_identity_of_a_model(metadata: Any, params: Any, identity: dict[str, str]) -> None:
    call = Call(None, {"metadata": metadata, "invocation_params": params})
    assert CHAT.identity(call) == {f"gen_ai.{name}": value for name, value in identity.items()}


@pytest.mark.parametrize(
    ("params", "name", "value"),
    [
        ({"max_completion_tokens": 5}, "max_tokens", 5),
        ({"max_output_tokens": 5}, "max_tokens", 5),
        ({"temperature": 1}, "temperature", 1.0),
        ({"stop": "END"}, "stop_sequences", ["END"]),
        ({"n": 1}, "choice.count", None),
        ({"n": 3}, "choice.count", 3),
        ({"stream": True}, "stream", True),
        ({"stream": False}, "stream", None),
        ({"reasoning_effort": "low"}, "reasoning.level", "low"),
        ({"reasoning": {"effort": "low", "summary": "auto"}}, "reasoning.level", "low"),
        ({"temperature": None, "stop": None, "max_tokens": "many"}, "max_tokens", None),
    ],
)
def test_request_parameters(params: dict[str, Any], name: str, value: Any) -> None:
    assert CHAT.request(Call(None, {"invocation_params": params})).get(f"gen_ai.request.{name}") == value


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"response_format": {"type": "json_schema"}}, "json"),
        ({"response_format": dict}, "json"),
        ({"text": {"format": {"type": "json_object"}}}, "json"),
        ({"response_format": {"type": "text"}}, "text"),
        ({}, None),
    ],
)
def test_output_type(params: dict[str, Any], kind: str | None) -> None:
    assert CHAT.request(Call(None, {"invocation_params": params}))["gen_ai.output.type"] == kind


def test_usage_of_every_kind() -> None:
    usage = {
        "input_tokens": 100,
        "output_tokens": 50,
        "total_tokens": 150,
        "input_token_details": {"cache_read": 10, "cache_creation": 20, "audio": 5, "text": 95},
        "output_token_details": {"reasoning": 30, "audio": 0},
    }
    result = LLMResult(generations=[[ChatGeneration(message=AIMessage("So.", usage_metadata=usage))]])
    found = {name: value for name, value in CHAT.response(result).items() if value is not None}
    assert found == {
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 10,
        "gen_ai.usage.cache_write.input_tokens": 20,
        "gen_ai.usage.audio.input_tokens": 5,
        "gen_ai.usage.text.input_tokens": 95,
        "gen_ai.usage.reasoning.output_tokens": 30,
    }


def test_usage_of_a_text_completion() -> None:
    output = {"token_usage": {"prompt_tokens": 3, "completion_tokens": 4}, "model_name": "m"}
    result = LLMResult(
        generations=[[Generation(text="So.", generation_info={"finish_reason": "length"})]], llm_output=output
    )
    found = {name: value for name, value in TEXT_COMPLETION.response(result).items() if value is not None}
    assert found == {
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ["length"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
    }


@pytest.mark.parametrize(
    ("metadata", "reason", "word"),
    [
        ({"finish_reason": "tool_calls"}, "tool_calls", "tool_call"),
        ({"stop_reason": "end_turn"}, "end_turn", "stop"),
        ({"finish_reason": "MAX_TOKENS"}, "MAX_TOKENS", "length"),
        ({"done_reason": "stop"}, "stop", "stop"),
        ({"status": "completed"}, "stop", "stop"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "max_output_tokens",
            "length",
        ),
    ],
)
def test_finish_reasons(metadata: dict[str, Any], reason: str, word: str) -> None:
    """In the provider's word as an attribute, in the conventions' in the message."""
    result = LLMResult(generations=[[ChatGeneration(message=AIMessage("So.", response_metadata=metadata))]])
    assert CHAT.response(result)["gen_ai.response.finish_reasons"] == [reason]
    assert CHAT.response_content(result)["gen_ai.output.messages"][0]["finish_reason"] == word


@pytest.mark.parametrize("identifier", ["lc_run--1", "run-1", "run--1-0"])
def test_ids_of_langchain_are_not_the_providers(identifier: str) -> None:
    result = LLMResult(generations=[[ChatGeneration(message=AIMessage("So.", id=identifier))]])
    assert CHAT.response(result)["gen_ai.response.id"] is None


@pytest.mark.parametrize(
    "result", [None, 1, LLMResult(generations=[]), LLMResult(generations=[[]]), {"generations": None}]
)
def test_no_answer(result: Any) -> None:
    assert CHAT.response(result) == {}
    assert CHAT.response_content(result) == {"gen_ai.output.messages": None}
