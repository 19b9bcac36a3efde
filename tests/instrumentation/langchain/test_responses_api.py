"""Models that LangChain asks over OpenAI's Responses API: one span, carrying what both know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import langchain_openai
import pytest
from langchain_core.tools import tool
from pydantic import BaseModel

from genspan.distro.demo.server import DemoServer
from support.langchain_scenario import LAYERS, MODEL, App, record, scenario
from support.scripted_server import Json, ScriptedServer
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS, Way

pytestmark = pytest.mark.skipif(
    "use_responses_api" not in langchain_openai.ChatOpenAI.model_fields, reason="came with langchain-openai 0.3.9"
)
CHAT = f"chat {MODEL}"


class Order(BaseModel):
    """An order."""

    order_id: int


@tool
def look_up_order(order_id: int) -> str:
    """Look up an order."""
    return f"Order {order_id}"


def model(app: App, **options: Any) -> Any:
    return app.model(use_responses_api=True, **options)


@scenario(CHAT)
async def test_tools(app: App) -> object:
    return await app.invoke(model(app).bind_tools([look_up_order]), "Look up order 1042")


@scenario(CHAT)
async def test_stream_left_early(app: App) -> object:
    return await app.stream(model(app), "Where is my parcel?", limit=2)


@scenario(f"{CHAT}\n{CHAT}")
async def test_batch(app: App) -> object:
    return await app.call(model(app), "batch", ["Where is my parcel?", "Where is my refund?"])


@scenario(f"invoke_workflow\n  {CHAT}")
async def test_structured_output(app: App) -> object:
    asked = model(app).with_structured_output(Order, method="function_calling")
    return await app.invoke(asked, "Where is order 1042?")


@scenario(f"invoke_workflow\n  {CHAT}")
async def test_structured_output_by_schema(app: App) -> object:
    """OpenAI's `responses.parse`, or what it is in this version."""
    return await app.invoke(model(app).with_structured_output(Order, method="json_schema"), "Where is order 1042?")


@scenario(f"""
    invoke_agent desk
      {CHAT}
      execute_tool look_up_order
      {CHAT}
""")
async def test_agent(app: App) -> object:
    pytest.importorskip("langchain", "1.0")
    create_agent = pytest.importorskip("langchain.agents").create_agent
    agent = create_agent(model(app), [look_up_order], name="desk")
    return await app.invoke(agent, {"messages": [("user", "Look up order 1042")]})


@scenario(f"{CHAT} ! CancelledError", ways=WAYS[1:])
async def test_cancelled(app: App) -> object:
    return await app.cancelled(model(app, base_url=app.hanging).ainvoke("Hm?"), app.asked)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_is_recorded(streamed: bool, way: Way, layers: str, demo: DemoServer) -> None:
    async def ask(app: App) -> object:
        asked = model(app, max_tokens=500, top_p=0.9).bind_tools([look_up_order])
        given = [("system", "Be kind."), ("user", "Look up order 1042")]
        return await (app.stream(asked, given) if streamed else app.invoke(asked, given))

    telemetry = InMemoryTelemetry()
    record(ask, way, demo, LAYERS[layers], telemetry)
    found = dict(telemetry.span.attributes or {})
    (answer,) = json.loads(found.pop("gen_ai.output.messages"))
    (called,) = (part for part in answer["parts"] if part["type"] == "tool_call")
    assert (called["name"], called["arguments"]) == ("look_up_order", {"order_id": 1042})
    assert [said["role"] for said in json.loads(found.pop("gen_ai.input.messages"))] == ["system", "user"]
    assert [offered["name"] for offered in json.loads(found.pop("gen_ai.tool.definitions"))] == ["look_up_order"]
    assert found.pop("gen_ai.response.id").startswith("resp_")
    assert found.pop("gen_ai.usage.input_tokens") > found.pop("gen_ai.usage.output_tokens") > 0
    assert found.pop("gen_ai.response.finish_reasons") == ("tool_call",)
    if streamed:
        assert found.pop("gen_ai.request.stream") is True
        assert found.pop("gen_ai.response.time_to_first_chunk") > 0
    both = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": MODEL,
        "gen_ai.request.max_tokens": 500,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.response.model": MODEL,
    }
    assert both.items() <= found.items()
    of_the_sdk = {"server.address", "server.port", "openai.api.type"}
    assert of_the_sdk <= found.keys() if "openai" in layers else not of_the_sdk & found.keys()


REASONED: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1.0,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "model": "gpt-5.4",
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Forty-two it is."}]},
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "42", "annotations": []}],
        },
    ],
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "usage": {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 16,
    },
}


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.mark.parametrize("output_version", ["v0", "responses/v1", "v1"])
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_what_is_recorded_of_reasoning(
    way: Way, layers: str, output_version: str, demo: DemoServer, scripted: ScriptedServer
) -> None:
    """In each of the forms that LangChain has given content blocks."""
    if "output_version" not in langchain_openai.ChatOpenAI.model_fields:
        pytest.skip("came with langchain-openai 0.3.25")
    scripted.script(Json(REASONED))

    async def ask(app: App) -> object:
        options = {"base_url": scripted.url, "reasoning": {"effort": "high"}, "output_version": output_version}
        return await app.invoke(model(app, model="gpt-5.4", **options), "What is it?")

    telemetry = InMemoryTelemetry()
    record(ask, way, demo, LAYERS[layers], telemetry)
    found = dict(telemetry.span.attributes or {})
    assert found["gen_ai.request.reasoning.level"] == "high"
    assert found["gen_ai.usage.reasoning.output_tokens"] == 5
    assert found["gen_ai.usage.cache_read.input_tokens"] == 4
    (answer,) = json.loads(found["gen_ai.output.messages"])
    said = [part["content"] for part in answer["parts"] if part["type"] == "text"]
    assert said == ["42"]
    if output_version != "v0":  # which has it in `additional_kwargs`
        assert answer["parts"][0] == {"type": "reasoning", "content": "Forty-two it is."}
