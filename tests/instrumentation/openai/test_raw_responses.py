"""`with_raw_response` and `with_streaming_response`."""

from __future__ import annotations

import gc
from typing import Any

import openai
import pydantic

from support.openai_scenario import NO_CONNECTION, App, scenario
from support.openai_wire import ASK, completion, text_chunks
from support.scripted_server import Body, Failure, Json, Sse

ANSWER = Json(completion(), x_request_id="req_1")
STREAM = Sse(text_chunks())
FACTS = {
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 19,
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
    '"finish_reason":"stop"}]',
}
STREAMED = {name: value for name, value in FACTS.items() if name != "gen_ai.usage.input_tokens"}
NOTHING = {"gen_ai.response.id": None, "gen_ai.output.messages": None}
PART = {"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.finish_reasons": ("error",)}


async def raw(app: App, **arguments: Any) -> Any:
    response = await app.call(app.completions.with_raw_response.create, **{**ASK, **arguments})
    app.saw(response)
    return response


def streaming(app: App, **arguments: Any) -> Any:
    return app.way.using(app.completions.with_streaming_response.create(**{**ASK, **arguments}))


@scenario(ANSWER, attributes=FACTS)
async def test_raw_parsed(app: App) -> object:
    response = await raw(app)
    app.saw(response.headers["x-request-id"])
    app.saw(isinstance(response, openai._legacy_response.LegacyAPIResponse))
    return await app.call(response.parse)


@scenario(ANSWER, attributes=FACTS)
async def test_raw_parsed_twice(app: App) -> object:
    response = await raw(app)
    app.saw(await app.call(response.parse) is await app.call(response.parse))
    return response.text


@scenario(ANSWER, attributes=FACTS)
async def test_raw_never_parsed(app: App) -> object:
    response = await raw(app)
    return [response.text, response.content, response.status_code, response.http_response.json()]


@scenario(ANSWER, attributes=FACTS)
async def test_raw_parsed_as_another_type(app: App) -> object:
    response = await raw(app)

    class Odd(openai.BaseModel):
        model: str

    answer = await app.call(response.parse, to=Odd)
    app.saw(await app.call(response.parse))
    return [answer.model, type(answer) is Odd]


@scenario(ANSWER, attributes=FACTS)
async def test_raw_parsed_as_a_wrong_type(app: App) -> object:
    class Odd(pydantic.BaseModel):
        model: str

    response = await raw(app)
    return await app.call(response.parse, to=Odd)


@scenario(Failure(400, code="bad"), error="openai.BadRequestError")
async def test_raw_refused(app: App) -> object:
    return await raw(app)


@scenario(Body(b"{no json"), attributes=NOTHING)
async def test_raw_no_json(app: App) -> object:
    response = await raw(app)
    app.saw(response.text)
    return await app.call(response.parse)


@scenario(Body(b"hello", content_type="text/plain"), attributes=NOTHING)
async def test_raw_plain_text(app: App) -> object:
    response = await raw(app)
    return await app.call(response.parse)


@scenario(STREAM, attributes=FACTS)
async def test_raw_stream(app: App) -> object:
    response = await raw(app, stream=True)
    stream = await app.call(response.parse)
    app.saw(isinstance(stream, openai.Stream if app.blocking else openai.AsyncStream))
    app.saw(stream is await app.call(response.parse))
    await app.read(stream)
    return stream


@scenario(STREAM, attributes=FACTS)
async def test_raw_stream_read_in_two_parts(app: App) -> object:
    response = await raw(app, stream=True)
    await app.read(await app.call(response.parse), limit=2)
    await app.read(await app.call(response.parse))


@scenario(STREAM, attributes=PART)
async def test_raw_stream_broken_out_of(app: App) -> object:
    response = await raw(app, stream=True)
    stream = await app.call(response.parse)
    del response
    await app.read(stream, limit=2)


@scenario(STREAM, attributes=PART)
async def test_raw_stream_closed(app: App) -> object:
    response = await raw(app, stream=True)
    stream = await app.call(response.parse)
    await app.read(stream, limit=2)
    await app.call(stream.close)
    return response.is_closed


@scenario(STREAM, attributes=NOTHING)
async def test_raw_stream_never_parsed(app: App) -> object:
    response = await raw(app, stream=True)
    app.saw(response.status_code)
    del response
    gc.collect()


@scenario(STREAM, attributes=NOTHING)
async def test_raw_stream_parsed_and_dropped(app: App) -> object:
    response = await raw(app, stream=True)
    await app.call(response.parse)
    del response
    gc.collect()


@scenario(STREAM, attributes=NOTHING)
async def test_raw_stream_read_by_the_app_itself(app: App) -> object:
    response = await raw(app, stream=True)
    await app.way.read(
        response.http_response.iter_lines() if app.blocking else response.http_response.aiter_lines(), app.each
    )


@scenario(ANSWER, attributes=FACTS)
async def test_streaming_parsed(app: App) -> object:
    async with streaming(app) as response:
        app.saw(response)
        app.saw(
            isinstance(response, openai._response.APIResponse if app.blocking else openai._response.AsyncAPIResponse)
        )
        app.saw(await app.call(response.parse) is await app.call(response.parse))
        return await app.call(response.parse)


@scenario(ANSWER, attributes=FACTS)
async def test_streaming_json(app: App) -> object:
    async with streaming(app) as response:
        app.saw(response.headers.get("x-request-id"))
        return await app.call(response.json)


@scenario(ANSWER, attributes=FACTS)
async def test_streaming_text(app: App) -> object:
    async with streaming(app) as response:
        return await app.call(response.text)


@scenario(ANSWER, attributes=FACTS)
async def test_streaming_read(app: App) -> object:
    async with streaming(app) as response:
        return await app.call(response.read)


@scenario(ANSWER, attributes=FACTS)
async def test_streaming_lines(app: App) -> object:
    async with streaming(app) as response:
        await app.read(response.iter_lines())
        return response.is_closed


@scenario(ANSWER, attributes=NOTHING)
async def test_streaming_bytes_left_early(app: App) -> object:
    async with streaming(app) as response:
        await app.read(response.iter_bytes(10), limit=2)
    return response.is_closed


@scenario(ANSWER, attributes=NOTHING)
async def test_streaming_left_unread(app: App) -> object:
    async with streaming(app) as response:
        app.saw(response.status_code)


@scenario(ANSWER, attributes=NOTHING)
async def test_streaming_left_by_an_exception(app: App) -> object:
    async with streaming(app):
        raise LookupError("the app's own")


@scenario(ANSWER, attributes=NOTHING)
async def test_streaming_closed_by_the_app(app: App) -> object:
    async with streaming(app) as response:
        await app.call(response.close)
        return await app.call(response.read)


@scenario(ANSWER, spans=0)
async def test_streaming_never_entered(app: App) -> object:
    return app.completions.with_streaming_response.create(**ASK)


@scenario(Failure(404), error="openai.NotFoundError")
async def test_streaming_refused(app: App) -> object:
    async with streaming(app) as response:
        return response


@scenario(STREAM, attributes=FACTS)
async def test_streaming_stream(app: App) -> object:
    async with streaming(app, stream=True) as response:
        stream = await app.call(response.parse)
        app.saw(isinstance(stream, openai.Stream if app.blocking else openai.AsyncStream))
        await app.read(stream)


@scenario(STREAM, attributes=PART)
async def test_streaming_stream_left_early(app: App) -> object:
    async with streaming(app, stream=True) as response:
        await app.read(await app.call(response.parse), limit=2)
    return response.is_closed


@scenario(STREAM, attributes=STREAMED)
async def test_streaming_stream_by_lines(app: App) -> object:
    async with streaming(app, stream=True) as response:
        await app.read(response.iter_lines())


@scenario(STREAM, attributes=NOTHING)
async def test_streaming_stream_never_parsed(app: App) -> object:
    async with streaming(app, stream=True) as response:
        return response.http_version


@scenario(Sse(text_chunks()[:2], cut=True), error=NO_CONNECTION)
async def test_streaming_stream_cut(app: App) -> object:
    async with streaming(app, stream=True) as response:
        await app.read(await app.call(response.parse))


@scenario(ANSWER, attributes=FACTS, needs="chat.completions.parse")
async def test_raw_parse_helper(app: App) -> object:
    response = await app.call(app.completions.with_raw_response.parse, **ASK)
    return await app.call(response.parse)


@scenario(ANSWER, attributes=FACTS)
async def test_client_with_raw_response(app: App) -> object:
    response = await app.call(app.client.with_raw_response.chat.completions.create, **ASK)
    return await app.call(response.parse)


@scenario(ANSWER, attributes=FACTS)
async def test_header_that_asks_for_it(app: App) -> object:
    return await app.create(extra_headers={"X-Stainless-Raw-Response": "true"})
