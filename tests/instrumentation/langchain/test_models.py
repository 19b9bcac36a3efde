"""Calls of models: one span each, carrying what LangChain knows and, where it is instrumented too, OpenAI's SDK."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import langchain_openai
import langchain_openai.chat_models.base
import openai
import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel, FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from genspan.distro.demo.server import DemoServer
from support.langchain_scenario import LAYERS, App, record, scenario
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS, Way

CHAT = "chat gpt-5.4-mini"

# LangChain has a class of its own for it since langchain-openai 1.7.
CONNECTION_ERROR = getattr(
    langchain_openai.chat_models.base, "OpenAIConnectionError", openai.APIConnectionError
).__name__


TOLD_BY_OPENAI = (
    "gen_ai.response.id",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "openai.response.system_fingerprint",
    "openai.response.service_tier",
)
"""What LangChain passes on since langchain-openai 0.3, and OpenAI's SDK knows always."""

OLD = "use_responses_api" not in langchain_openai.ChatOpenAI.model_fields
needs_responses = pytest.mark.skipif(OLD, reason="came with langchain-openai 0.3.9")
needs_v3 = pytest.mark.skipif(not hasattr(BaseChatModel, "_iter_v2_events"), reason="came with langchain-core 1.4")


@tool
def look_up_order(order_id: int) -> str:
    """Look up an order."""
    return f"Order {order_id}"


@scenario(CHAT)
async def test_invoke(app: App) -> object:
    return await app.invoke(app.model(), "Where is my parcel?")


@scenario(CHAT)
async def test_stream(app: App) -> object:
    return await app.stream(app.model(), "Where is my parcel?")


@scenario(CHAT)
async def test_stream_with_usage(app: App) -> object:
    return await app.stream(app.model(stream_usage=True), "Where is my parcel?")


@scenario(CHAT)
async def test_stream_left_early(app: App) -> object:
    return await app.stream(app.model(), "Where is my parcel?", limit=2)


@scenario(CHAT)
async def test_stream_dropped(app: App) -> object:
    model = app.model()
    stream = model.stream("Where is my parcel?") if app.blocking else model.astream("Where is my parcel?")
    app.each(await app.way.next(stream))
    del stream
    if not app.blocking:
        await asyncio.sleep(0.01)  # asyncio closes what was dropped in its next round
    return None


@needs_v3
@scenario(CHAT, ways=WAYS[:1])
async def test_stream_of_events(app: App) -> object:
    """LangChain's own protocol of a stream: the run starts when the first event is asked for."""
    await app.way.read(app.model().stream_events("Where is my parcel?", version="v3"), app.each)
    return None


@scenario(CHAT)
async def test_streaming_that_the_model_does_by_itself(app: App) -> object:
    return await app.invoke(app.model(streaming=True), "Where is my parcel?")


@scenario(f"{CHAT}\n{CHAT}")
async def test_batch(app: App) -> object:
    return await app.call(app.model(), "batch", ["Where is my parcel?", "Where is my refund?"])


@scenario(f"{CHAT}\n{CHAT}")
async def test_several_histories_in_one_call(app: App) -> object:
    histories = [[HumanMessage("Where is my parcel?")], [HumanMessage("Where is my refund?")]]
    result = await app.way.call(getattr(app.model(), "generate" if app.blocking else "agenerate"), histories)
    return [generations[0].text for generations in result.generations]


@scenario(CHAT)
async def test_tools(app: App) -> object:
    return await app.invoke(app.model().bind_tools([look_up_order]), "Look up order 1042")


@needs_responses
@scenario(CHAT)
async def test_responses_api(app: App) -> object:
    return await app.invoke(app.model(use_responses_api=True), "Where is my parcel?")


@needs_responses
@scenario(CHAT)
async def test_responses_api_streamed(app: App) -> object:
    return await app.stream(app.model(use_responses_api=True), "Where is my parcel?")


def failing() -> Any:
    def refuse() -> Any:
        raise ValueError("no answer")
        yield

    return GenericFakeChatModel(messages=refuse())


@scenario("chat ! ValueError")
async def test_failure(app: App) -> object:
    return await app.invoke(failing(), "Hm?")


@scenario("chat ! ValueError")
async def test_failure_of_a_stream(app: App) -> object:
    return await app.stream(failing(), "Hm?")


@scenario(f"{CHAT} ! {CONNECTION_ERROR}")
async def test_no_connection(app: App) -> object:
    return await app.invoke(app.model(base_url="http://127.0.0.1:1/v1"), "Hm?")


@scenario("chat")
async def test_model_without_a_name(app: App) -> object:
    return await app.invoke(FakeListChatModel(responses=["Here."]), "Where is my parcel?")


@scenario("chat")
async def test_model_without_a_name_streamed(app: App) -> object:
    return await app.stream(FakeListChatModel(responses=["Here."]), "Where is my parcel?")


@scenario("text_completion\ntext_completion\ntext_completion\ntext_completion")
async def test_text_completion(app: App) -> object:
    model = FakeListLLM(responses=["Here.", "There."])
    app.saw(await app.invoke(model, "Where?"))
    app.saw(await app.call(model, "batch", ["Where?", "And where?"]))
    return await app.stream(model, "Where?")


@scenario(f"{CHAT} ! CancelledError", ways=WAYS[1:])
async def test_cancelled(app: App) -> object:
    return await app.cancelled(app.model(base_url=app.hanging).ainvoke("Hm?"), app.asked)


@scenario(f"{CHAT} ! CancelledError", ways=WAYS[1:])
async def test_cancelled_stream(app: App) -> object:
    return await app.cancelled(app.stream(app.model(base_url=app.hanging), "Hm?"), app.asked)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_what_is_recorded(way: Way, layers: str, demo: DemoServer) -> None:
    async def ask(app: App) -> object:
        model = app.model(model="gpt-4.1-mini", temperature=0.5, max_tokens=50, top_p=0.9, seed=7, stop=["END"], n=2)
        history = [("system", "Be kind."), ("user", "Look up order 1042")]
        return await app.invoke(model.bind_tools([look_up_order]), history, {"metadata": {"thread_id": 12}})

    telemetry = InMemoryTelemetry()
    record(ask, way, demo, LAYERS[layers], telemetry)
    found = dict(telemetry.span.attributes or {})
    for name in ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"):
        found[name] = json.loads(found[name])
    (call,) = found["gen_ai.output.messages"][0]["parts"]
    assert isinstance(call.pop("id"), str)
    assert found.pop("gen_ai.usage.input_tokens") > found.pop("gen_ai.usage.output_tokens") > 0
    told_by_openai = {name: found.pop(name, None) for name in TOLD_BY_OPENAI}
    assert None not in told_by_openai.values() or (OLD and layers == "langchain"), told_by_openai
    from_the_sdk = {
        "server.address": "127.0.0.1",
        "server.port": demo.server_port,
        "openai.api.type": "chat_completions",
    }
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.conversation.id": "12",
        "gen_ai.request.model": "gpt-4.1-mini",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.model": "gpt-4.1-mini",
        "gen_ai.response.finish_reasons": ("tool_calls", "tool_calls"),
        "gen_ai.input.messages": [
            {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
            {"role": "user", "parts": [{"type": "text", "content": "Look up order 1042"}]},
        ],
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [{"type": "tool_call", "name": "look_up_order", "arguments": {"order_id": 1042}}],
                "finish_reason": "tool_call",
            },
            *found["gen_ai.output.messages"][1:],
        ],
        "gen_ai.tool.definitions": [
            {
                "type": "function",
                "name": "look_up_order",
                "description": "Look up an order.",
                "parameters": {
                    "type": "object",
                    "properties": {"order_id": {"type": "integer"}},
                    "required": ["order_id"],
                },
            }
        ],
        **(from_the_sdk if "openai" in layers else {}),
    }


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_what_is_recorded_of_a_stream(way: Way, layers: str, demo: DemoServer) -> None:
    async def ask(app: App) -> object:
        return await app.stream(app.model(stream_usage=True), "Where is my parcel?")

    telemetry = InMemoryTelemetry()
    record(ask, way, demo, LAYERS[layers], telemetry)
    found = dict(telemetry.span.attributes or {})
    assert found["gen_ai.request.stream"] is True
    assert 0 < found["gen_ai.response.time_to_first_chunk"] < 10
    assert found["gen_ai.usage.input_tokens"] > 0
    (answer,) = json.loads(found["gen_ai.output.messages"])
    assert answer["finish_reason"] == "stop"
    assert answer["parts"][0]["content"].startswith("I was told nothing")
    (event,) = telemetry.events_named("gen_ai.client.inference.operation.details")
    assert event.log_record.attributes is not None
    assert event.log_record.attributes["gen_ai.output.messages"][0]["finish_reason"] == "stop"
    assert "gen_ai.client.inference.time_to_first_chunk" in telemetry.metrics


@needs_v3
def test_what_is_recorded_of_a_stream_of_events(demo: DemoServer) -> None:
    async def ask(app: App) -> object:
        return await app.way.read(app.model().stream_events("Where is my parcel?", version="v3"), app.each)

    telemetry = InMemoryTelemetry()
    record(ask, WAYS[0], demo, LAYERS["langchain"], telemetry)
    attributes = dict(telemetry.span.attributes or {})
    assert attributes["gen_ai.request.stream"] is True
    assert 0 < attributes["gen_ai.response.time_to_first_chunk"] < 10
    assert "I was told nothing" in str(attributes["gen_ai.output.messages"])


def test_answer_of_a_fake_model_is_what_it_says() -> None:
    answer = AIMessage("Here.", tool_calls=[{"name": "look", "args": {}, "id": "1"}])

    async def ask(app: App) -> object:
        return await app.invoke(GenericFakeChatModel(messages=iter([answer])), "Where?")

    telemetry = InMemoryTelemetry()
    record(ask, WAYS[0], None, LAYERS["langchain"], telemetry)  # type: ignore[arg-type]  # no server
    (said,) = json.loads(str((telemetry.span.attributes or {})["gen_ai.output.messages"]))
    assert [part["type"] for part in said["parts"]] == ["text", "tool_call"]
