"""The programs of MLflow's documentation, with one line changed, leave the traces that the documentation promises."""

from __future__ import annotations

from typing import Any

import pytest

from documented import runner
from documented.recording import Traces, outline, recorded

pytestmark = pytest.mark.slow

CHAT = "chat gpt-4.1-mini CHAT_MODEL"

PROMISED = {
    "openai_basic": [CHAT],
    "openai_streaming": [CHAT],
    "openai_async": [CHAT],
    "openai_responses": [CHAT],
    "openai_embeddings": ["embeddings text-embedding-3-small EMBEDDING"],
    "openai_function_calling": [f"run_tool_agent AGENT\n. {CHAT}\n. get_weather TOOL\n. {CHAT}"],
    "databricks_models": ["chat databricks-llama-4-maverick CHAT_MODEL"],
    "langchain_and_openai": [f"multi_provider_workflow CHAIN\n. {CHAT}\n. invoke_workflow CHAIN\n. . {CHAT}"],
    "manual_and_automatic": [f"run CHAIN\n. build_messages UNKNOWN\n. {CHAT}\n. parse_response UNKNOWN"],
    "several_calls": [f"answer CHAIN\n. {CHAT}\n. {CHAT}"],
    "external_functions": [
        "factorial UNKNOWN",
        "summary UNKNOWN\n. mean UNKNOWN\n. factorial UNKNOWN",
    ],
    "start_span": ["parent CHAIN\n. child UNKNOWN", "failing TOOL"],
    "functions": [
        "add TOOL",
        "words UNKNOWN",
        "async_words UNKNOWN",
        "wait UNKNOWN",
        "retrieve RETRIEVER",
        "ask UNKNOWN\n. answer UNKNOWN",
        "close UNKNOWN",
        "fail UNKNOWN",
    ],
    "threads": [f"main UNKNOWN\n. worker UNKNOWN\n. . {CHAT}\n. worker UNKNOWN\n. . {CHAT}"],
    "client_api": [
        "simple-rag-agent UNKNOWN\n. retriever RETRIEVER\n. failing UNKNOWN",
        "detached CHAIN\n. inner UNKNOWN",
    ],
    "context": [CHAT, "seen UNKNOWN"],
    "disabling": [CHAT, CHAT, "work UNKNOWN"],
    "masking": [f"work UNKNOWN\n. {CHAT}"],
}


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Traces:
    return recorded("genspan", tmp_path_factory.mktemp("documented"))


def test_every_program_is_here() -> None:
    assert sorted(PROMISED) == runner.names()


@pytest.mark.parametrize("program", PROMISED)
def test_traces(traces: Traces, program: str) -> None:
    assert [outline(trace) for trace in traces[program]] == PROMISED[program]


def test_nothing_is_left_in_progress(traces: Traces) -> None:
    states = {trace.info.state.value for found in traces.values() for trace in found}
    assert states == {"OK", "ERROR"}


def test_an_agents_inputs_outputs_and_tools(traces: Traces) -> None:
    agent, first, tool, second = traces["openai_function_calling"][0].data.spans
    assert agent.inputs == {"question": "What is the weather like in Paris today?"}
    assert agent.outputs == "It is sunny in Paris."
    assert tool.inputs == {"location": "Paris"}
    assert tool.outputs == "It is sunny in Paris."
    assert first.attributes["mlflow.chat.tools"][0]["function"]["name"] == "get_weather"
    assert second.inputs["messages"][-1]["role"] == "tool"
    assert traces["openai_function_calling"][0].info.token_usage["total_tokens"] > 0


def test_facts_of_a_trace(traces: Traces) -> None:
    info = traces["several_calls"][0].info
    assert info.tags["fruit"] == "apple"
    assert info.trace_metadata["mlflow.trace.user"] == "user-456"
    assert info.trace_metadata["mlflow.trace.session"] == "session-123"
    assert info.client_request_id == "req-12345"
    assert info.request_preview == "What is th"


def test_facts_of_all_traces_in_a_block(traces: Traces) -> None:
    for trace in traces["context"]:
        info = trace.info
        assert info.tags["project"] == "p"
        assert info.trace_metadata["mlflow.trace.session"] == "session-123"
        assert info.trace_metadata["release"] == "1.2"


def test_what_is_masked_is_nowhere(traces: Traces) -> None:
    (trace,) = traces["masking"]
    assert "hunter2" not in trace.to_json()
    assert [span.inputs for span in trace.data.spans] == [{"masked": True}] * 2
    assert trace.data.spans[0].attributes["secret"] == "[REDACTED]"


def test_failures(traces: Traces) -> None:
    failing = traces["start_span"][1].data.spans[0]
    assert failing.status.status_code.value == "ERROR"
    (event,) = failing.events
    assert event.attributes["exception.message"] == "This is an error"
    assert _state(traces["functions"][-1]) == "ERROR"
    assert _state(traces["client_api"][0]) == "OK"


def _state(trace: Any) -> str:
    return str(trace.info.state.value)
