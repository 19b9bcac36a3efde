"""The model that Azure says has answered, which its Responses API has in a header alone."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from genspan.instrumentation.core import Telemetry
from genspan.instrumentation.openai import OpenAIInstrumentor
from support.openai_families_wire import SAY, response, text_events
from support.openai_scenario import App, scenario
from support.openai_wire import ANSWERED_BY, completion
from support.scripted_server import Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry, instrumented

DEPLOYMENT = response(model="my-deployment")
SERVED = "gpt-5-nano-2025-08-07"
HEADER = {"x-ms-served-model": SERVED}
NEEDS = "responses.create"
MODEL = {"gen_ai.response.model": SERVED}


@scenario(Json(DEPLOYMENT, x_ms_served_model=SERVED), needs=NEEDS, attributes=MODEL)
async def test_plain(app: App) -> object:
    return await app.call(app.client.responses.create, **SAY)


@scenario(Sse(text_events(), done=False, headers=HEADER), needs=NEEDS, attributes=MODEL)
async def test_streamed(app: App) -> object:
    await app.read(await app.call(app.client.responses.create, **SAY, stream=True))


@scenario(Json(DEPLOYMENT, x_ms_served_model=SERVED), needs=NEEDS, attributes=MODEL)
async def test_raw(app: App) -> object:
    raw = await app.call(app.client.responses.with_raw_response.create, **SAY)
    return raw.parse()


@scenario(Json(DEPLOYMENT, x_ms_served_model=SERVED), needs=NEEDS, attributes=MODEL)
async def test_streamed_raw(app: App) -> object:
    async with app.way.using(app.client.responses.with_streaming_response.create(**SAY)) as raw:
        return await app.call(raw.parse)


@scenario(Json(DEPLOYMENT), needs=NEEDS, attributes={"gen_ai.response.model": "my-deployment"})
async def test_without_the_header(app: App) -> object:
    return await app.call(app.client.responses.create, **SAY)


@scenario(Json(completion(), x_ms_served_model=SERVED), attributes={"gen_ai.response.model": ANSWERED_BY})
async def test_other_apis_say_it_in_their_body(app: App) -> object:
    return await app.create()


@scenario(Json({"object": "list", "data": []}, x_ms_served_model=SERVED), spans=0)
async def test_no_operation(app: App) -> object:
    return list((await app.call(app.client.models.list)).data)


@pytest.mark.parametrize("stream", [False, True])
def test_beneath_another_layer(server: ScriptedServer, stream: bool) -> None:
    answer: Any = Sse(text_events(), done=False, headers=HEADER)
    server.script(answer if stream else Json(DEPLOYMENT, x_ms_served_model=SERVED))
    memory = InMemoryTelemetry()
    client = openai.OpenAI(api_key="test", base_url=server.url)
    if not hasattr(client, "responses"):
        pytest.skip("no responses")
    outer = Telemetry("framework", **memory.providers).start("chat", {"gen_ai.provider.name": "openai"})
    with instrumented(OpenAIInstrumentor(), memory):
        token = outer.attach()
        answered = client.responses.create(**SAY, stream=stream)
        if stream:
            list(answered)
        token.var.reset(token)
    outer.finish({"gen_ai.response.model": "my-deployment"})
    assert (memory.span.attributes or {})["gen_ai.response.model"] == SERVED
