"""The `.stream()` helper."""

from __future__ import annotations

import gc
from typing import Any

import pydantic

from support.openai_scenario import NO_CONNECTION, App, scenario
from support.openai_wire import ASK, WEATHER_TOOL, chunk, delta, text_chunks
from support.scripted_server import Failure, Sse

STREAM = Sse(text_chunks())
WHOLE = {
    "gen_ai.request.stream": True,
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 19,
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
    '"finish_reason":"stop"}]',
}
PART = {"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.finish_reasons": ("error",)}
HELPER = "chat.completions.stream"
BETA = "beta.chat.completions.stream"


class City(pydantic.BaseModel):
    name: str


def helper(app: App, **arguments: Any) -> Any:
    return app.way.using(app.completions.stream(**{**ASK, **arguments}))


@scenario(STREAM, attributes=WHOLE, needs=HELPER)
async def test_read_to_the_end(app: App) -> object:
    async with helper(app) as stream:
        app.saw(stream)
        await app.read(stream)
        return await app.call(stream.get_final_completion)


@scenario(STREAM, attributes=WHOLE, needs=HELPER)
async def test_read_by_next(app: App) -> object:
    async with helper(app) as stream:
        for _ in range(4):
            app.each(await app.way.next(stream))
        await app.read(stream)


@scenario(STREAM, attributes=WHOLE, needs=HELPER)
async def test_until_done(app: App) -> object:
    async with helper(app) as stream:
        app.saw(await app.call(stream.until_done))
        return stream.current_completion_snapshot


@scenario(STREAM, attributes=WHOLE, needs=HELPER)
async def test_final_completion_only(app: App) -> object:
    async with helper(app) as stream:
        return await app.call(stream.get_final_completion)


@scenario(STREAM, attributes=PART, needs=HELPER)
async def test_left_early(app: App) -> object:
    async with helper(app) as stream:
        await app.read(stream, limit=3)
    return stream._response.is_closed


@scenario(STREAM, attributes={"gen_ai.response.id": None}, needs=HELPER)
async def test_left_unread(app: App) -> object:
    async with helper(app) as stream:
        app.saw(stream)


@scenario(STREAM, attributes=PART, needs=HELPER)
async def test_closed(app: App) -> object:
    async with helper(app) as stream:
        await app.read(stream, limit=3)
        app.saw(await app.call(stream.close))
        app.saw("still inside")


@scenario(STREAM, attributes=PART, needs=HELPER)
async def test_left_by_an_exception(app: App) -> object:
    async with helper(app) as stream:
        await app.read(stream, limit=3)
        raise LookupError("the app's own")


@scenario(STREAM, attributes=PART, needs=HELPER)
async def test_entered_by_hand_and_dropped(app: App) -> object:
    manager = app.completions.stream(**ASK)
    stream = await app.call(manager.__enter__ if app.blocking else manager.__aenter__)
    await app.read(stream, limit=3)
    del manager, stream
    gc.collect()


@scenario(STREAM, spans=0, needs=HELPER)
async def test_never_entered(app: App) -> object:
    manager = app.completions.stream(**ASK)
    app.saw(manager)


@scenario(Sse(text_chunks('{"name":', ' "Paris"}')), attributes={"gen_ai.output.type": "json"}, needs=HELPER)
async def test_structured_output(app: App) -> object:
    async with helper(app, response_format=City) as stream:
        await app.read(stream)
        final = await app.call(stream.get_final_completion)
        app.saw(final.choices[0].message.parsed)
        return final


@scenario(
    Sse([chunk(delta('{"na', role="assistant")), chunk(delta(finish="length"))]),
    # The model call went well; what the SDK makes of the answer is another matter.
    attributes={"gen_ai.response.finish_reasons": ("length",)},
    needs=HELPER,
)
async def test_truncated_structured_output(app: App) -> object:
    async with helper(app, response_format=City) as stream:
        await app.read(stream)


@scenario(
    Sse(
        [
            chunk(
                delta(
                    role="assistant",
                    tool_calls=[
                        {
                            "index": 0,
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "weather", "arguments": ""},
                        }
                    ],
                )
            ),
            chunk(delta(tool_calls=[{"index": 0, "function": {"arguments": '{"city":"Paris"}'}}])),
            chunk(delta(finish="tool_calls")),
        ]
    ),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"weather",'
        '"arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
    },
    needs=HELPER,
)
async def test_tools(app: App) -> object:
    # openai 2's asynchronous helper takes no others.
    strict = {**WEATHER_TOOL, "function": {**WEATHER_TOOL["function"], "strict": True}}
    async with helper(app, tools=[strict]) as stream:
        await app.read(stream)
        return await app.call(stream.get_final_completion)


@scenario(Failure(401), error="openai.AuthenticationError", needs=HELPER)
async def test_refused(app: App) -> object:
    async with helper(app) as stream:
        await app.read(stream)


@scenario(
    Sse(text_chunks()[:2], cut=True),
    error=NO_CONNECTION,
    needs=HELPER,
)
async def test_cut(app: App) -> object:
    async with helper(app) as stream:
        await app.read(stream)


@scenario(STREAM, attributes=WHOLE, needs=BETA)
async def test_beta_helper(app: App) -> object:
    async with app.way.using(app.client.beta.chat.completions.stream(**ASK)) as stream:
        await app.read(stream)
        return await app.call(stream.get_final_completion)
