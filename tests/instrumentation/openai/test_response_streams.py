"""Streamed responses: read whole, left early, broken; by `create`, `.stream()`, `retrieve` and raw."""

from __future__ import annotations

import gc
from typing import Any

import pydantic

from support.openai_families_wire import SAY, added, done, numbered, opening, response, said, text_delta, text_events
from support.openai_scenario import NO_CONNECTION, TIMEOUT, App, scenario
from support.scripted_server import Failure, Sse

STREAM = Sse(text_events(), done=False)
NEEDS = "responses.create"
HELPER = "responses.stream"
WHOLE = {
    "gen_ai.request.stream": True,
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "gpt-5-mini-2026-08-01",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 19,
    "gen_ai.usage.reasoning.output_tokens": 3,
    "openai.response.service_tier": "default",
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
    '"finish_reason":"stop"}]',
}
PART = {
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.finish_reasons": ("error",),
    "gen_ai.usage.input_tokens": None,
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Par"}],'
    '"finish_reason":"error"}]',
}
NOTHING = {"gen_ai.response.id": None, "gen_ai.output.messages": None, "gen_ai.response.finish_reasons": None}
FIRST_WORD = 5
"""Events up to and with the first piece of text."""


class City(pydantic.BaseModel):
    name: str


async def stream(app: App, **arguments: Any) -> Any:
    stream = await app.call(app.client.responses.create, **{**SAY, "stream": True, **arguments})
    app.saw(stream)
    return stream


def helper(app: App, **arguments: Any) -> Any:
    return app.way.using(app.client.responses.stream(**{**SAY, **arguments}))


@scenario(STREAM, needs=NEEDS, attributes=WHOLE)
async def test_read_to_the_end(app: App) -> object:
    await app.read(await stream(app))


@scenario(STREAM, needs=NEEDS, attributes=WHOLE)
async def test_read_inside_with(app: App) -> object:
    async with app.way.using(await stream(app)) as events:
        await app.read(events)


@scenario(STREAM, needs=NEEDS, attributes=PART)
async def test_left_early(app: App) -> object:
    async with app.way.using(await stream(app)) as events:
        await app.read(events, limit=FIRST_WORD)


@scenario(STREAM, needs=NEEDS, attributes=PART)
async def test_closed_early(app: App) -> object:
    events = await stream(app)
    await app.read(events, limit=FIRST_WORD)
    await app.call(events.close)


@scenario(STREAM, needs=NEEDS, attributes=PART)
async def test_dropped(app: App) -> object:
    events = await stream(app)
    await app.read(events, limit=FIRST_WORD)
    del events
    gc.collect()


@scenario(STREAM, needs=NEEDS, attributes=NOTHING)
async def test_never_read(app: App) -> object:
    await app.call((await stream(app)).close)


@scenario(STREAM, needs=NEEDS, attributes={"gen_ai.response.finish_reasons": ("error",)})
async def test_left_before_the_first_word(app: App) -> object:
    async with app.way.using(await stream(app)) as events:
        await app.read(events, limit=1)


@scenario(Sse(text_events(end=False)[:FIRST_WORD], cut=True), needs=NEEDS, attributes=PART, error=NO_CONNECTION)
async def test_cut(app: App) -> object:
    await app.read(await stream(app))


@scenario(Sse(text_events(end=False)[:FIRST_WORD], done=False), needs=NEEDS, attributes=PART)
async def test_ends_without_an_end(app: App) -> object:
    await app.read(await stream(app))


@scenario(Sse(text_events(end=False)[:FIRST_WORD], stall=True), needs=NEEDS, attributes=PART, error=TIMEOUT)
async def test_stalls(app: App) -> object:
    await app.read(await stream(app, timeout=0.1))


@scenario(
    Sse([*text_events(end=False)[:FIRST_WORD], b"{not json"], done=False),
    needs=NEEDS,
    attributes=PART,
    error="json.decoder.JSONDecodeError",
)
async def test_broken_event(app: App) -> object:
    await app.read(await stream(app))


@scenario(
    Sse(
        [
            *text_events(end=False)[:FIRST_WORD],
            {"type": "error", "code": "server_error", "message": "Sorry.", "param": None, "sequence_number": 9},
        ],
        done=False,
    ),
    needs=NEEDS,
    attributes=PART,
    error="server_error",
)
async def test_error_event(app: App) -> object:
    await app.read(await stream(app))


@scenario(
    Sse([*text_events(end=False)[:FIRST_WORD], {"error": {"message": "Sorry.", "code": "oops"}}], done=False),
    needs=NEEDS,
    attributes=PART,
    error="openai.APIError",
)
async def test_error_that_the_sdk_raises(app: App) -> object:
    await app.read(await stream(app))


@scenario(
    Sse(
        numbered(
            *opening(),
            {
                "type": "response.failed",
                "response": {
                    **response(status="failed", error={"code": "rate_limit_exceeded", "message": "Wait."}),
                    "output": [],
                },
            },
        ),
        done=False,
    ),
    needs=NEEDS,
    attributes={"gen_ai.response.finish_reasons": ("error",), "gen_ai.response.id": "resp_1"},
    error="rate_limit_exceeded",
)
async def test_failed(app: App) -> object:
    await app.read(await stream(app))


@scenario(
    Sse(
        numbered(
            *opening(),
            {
                "type": "response.incomplete",
                "response": response(
                    said("Par"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
                ),
            },
        ),
        done=False,
    ),
    needs=NEEDS,
    attributes={"gen_ai.response.finish_reasons": ("length",), "gen_ai.usage.output_tokens": 10},
)
async def test_truncated(app: App) -> object:
    await app.read(await stream(app))


CALL = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ""}
CALL_EVENTS = [
    *opening(),
    added(CALL),
    {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": '{"city":'},
    {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": '"Paris"}'},
]
CALLED = {**CALL, "arguments": '{"city":"Paris"}', "status": "completed"}


@scenario(
    Sse(
        numbered(*CALL_EVENTS, done(CALLED), {"type": "response.completed", "response": response(CALLED)}),
        done=False,
    ),
    needs=NEEDS,
    attributes={
        "gen_ai.response.finish_reasons": ("tool_call",),
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"weather",'
        '"arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
    },
)
async def test_tool_call(app: App) -> object:
    await app.read(await stream(app))


@scenario(
    Sse(numbered(*CALL_EVENTS), cut=True),
    needs=NEEDS,
    error=NO_CONNECTION,
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"weather",'
        '"arguments":{"city":"Paris"}}],"finish_reason":"error"}]',
    },
)
async def test_cut_in_a_tool_call(app: App) -> object:
    await app.read(await stream(app))


def thought(piece: str) -> dict[str, Any]:
    where = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    return {"type": "response.reasoning_summary_text.delta", **where, "delta": piece}


@scenario(
    Sse(
        numbered(
            *opening(),
            added({"id": "rs_1", "type": "reasoning", "summary": []}),
            thought("Let me "),
            thought("see."),
            done({"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Let me see."}]}),
            added(said(content=[]), 1),
            text_delta("Par"),
        ),
        cut=True,
    ),
    needs=NEEDS,
    error=NO_CONNECTION,
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"reasoning","content":"Let me see."},'
        '{"type":"text","content":"Par"}],"finish_reason":"error"}]',
    },
)
async def test_cut_after_thinking(app: App) -> object:
    await app.read(await stream(app))


@scenario(
    Sse(
        numbered(
            *opening(),
            done(said()),
            {"type": "response.completed", "response": {**response(), "output": []}},
        ),
        done=False,
    ),
    needs=NEEDS,
    attributes=WHOLE,
)
async def test_last_event_without_the_items(app: App) -> object:
    await app.read(await stream(app))


@scenario(Sse([], done=False), needs=NEEDS, attributes=NOTHING)
async def test_empty(app: App) -> object:
    await app.read(await stream(app))


@scenario(Failure(401), needs=NEEDS, error="openai.AuthenticationError")
async def test_refused(app: App) -> object:
    await app.read(await stream(app))


# `.stream()`


@scenario(STREAM, needs=HELPER, attributes=WHOLE)
async def test_helper_read_to_the_end(app: App) -> object:
    async with helper(app) as events:
        app.saw(events)
        await app.read(events)
        return await app.call(events.get_final_response)


@scenario(STREAM, needs=HELPER, attributes=WHOLE)
async def test_helper_until_done(app: App) -> object:
    async with helper(app) as events:
        await app.call(events.until_done)


@scenario(STREAM, needs=HELPER, attributes=PART)
async def test_helper_left_early(app: App) -> object:
    async with helper(app) as events:
        await app.read(events, limit=FIRST_WORD)
    return events._response.is_closed


@scenario(STREAM, needs=HELPER, attributes=PART)
async def test_helper_closed(app: App) -> object:
    async with helper(app) as events:
        await app.read(events, limit=FIRST_WORD)
        app.saw(await app.call(events.close))


@scenario(STREAM, needs=HELPER, attributes=PART)
async def test_helper_left_by_an_exception(app: App) -> object:
    async with helper(app) as events:
        await app.read(events, limit=FIRST_WORD)
        raise LookupError("the app's own")


@scenario(STREAM, needs=HELPER, attributes=NOTHING)
async def test_helper_left_unread(app: App) -> object:
    async with helper(app) as events:
        app.saw(events)


@scenario(STREAM, needs=HELPER, spans=0)
async def test_helper_never_entered(app: App) -> object:
    app.saw(app.client.responses.stream(**SAY))


@scenario(Sse(text_events('{"name":', '"Paris"}'), done=False), needs=HELPER, attributes={"gen_ai.output.type": "json"})
async def test_helper_with_structured_output(app: App) -> object:
    async with helper(app, text_format=City) as events:
        await app.read(events)
        return (await app.call(events.get_final_response)).output_parsed


@scenario(Sse(text_events(end=False)[:FIRST_WORD], cut=True), needs=HELPER, attributes=PART, error=NO_CONNECTION)
async def test_helper_cut(app: App) -> object:
    async with helper(app) as events:
        await app.read(events)


@scenario(Failure(429), needs=HELPER, error="openai.RateLimitError")
async def test_helper_refused(app: App) -> object:
    async with helper(app) as events:
        await app.read(events)


@scenario(
    STREAM,
    needs=HELPER,
    attributes={"gen_ai.operation.name": "fetch_response", "gen_ai.response.status": "completed"},
)
async def test_helper_of_a_response_in_the_background(app: App) -> object:
    async with app.way.using(app.client.responses.stream(response_id="resp_1")) as events:
        await app.read(events)


# `retrieve(stream=True)`

FETCHED = {
    "gen_ai.operation.name": "fetch_response",
    "gen_ai.response.id": "resp_1",
    "gen_ai.request.stream_cursor": "2",
    "gen_ai.request.stream": None,
    "gen_ai.response.time_to_first_chunk": None,
}


async def fetch(app: App) -> Any:
    fetched = await app.call(app.client.responses.retrieve, "resp_1", stream=True, starting_after=2)
    app.saw(fetched)
    return fetched


@scenario(
    STREAM,
    needs=NEEDS,
    attributes={**FETCHED, "gen_ai.response.status": "completed", "gen_ai.response.finish_reasons": ("stop",)},
)
async def test_fetched(app: App) -> object:
    await app.read(await fetch(app))


@scenario(STREAM, needs=NEEDS, attributes={**FETCHED, "gen_ai.response.status": "in_progress"})
async def test_fetched_and_left(app: App) -> object:
    async with app.way.using(await fetch(app)) as events:
        await app.read(events, limit=FIRST_WORD)


@scenario(Sse(text_events(end=False), cut=True), needs=NEEDS, attributes=FETCHED, error=NO_CONNECTION)
async def test_fetched_and_cut(app: App) -> object:
    await app.read(await fetch(app))


# Raw


@scenario(STREAM, needs=NEEDS, attributes=WHOLE)
async def test_raw_parsed(app: App) -> object:
    raw = await app.call(app.client.responses.with_raw_response.create, **SAY, stream=True)
    await app.read(await app.call(raw.parse))


@scenario(STREAM, needs=NEEDS, attributes=PART)
async def test_raw_left_early(app: App) -> object:
    raw = await app.call(app.client.responses.with_raw_response.create, **SAY, stream=True)
    events = await app.call(raw.parse)
    await app.read(events, limit=FIRST_WORD)
    await app.call(events.close)


@scenario(STREAM, needs=NEEDS, attributes=WHOLE)
async def test_streaming_response_parsed(app: App) -> object:
    async with app.way.using(app.client.responses.with_streaming_response.create(**SAY, stream=True)) as raw:
        await app.read(await app.call(raw.parse))


@scenario(STREAM, needs=NEEDS, attributes=WHOLE)
async def test_streaming_response_line_by_line(app: App) -> object:
    async with app.way.using(app.client.responses.with_streaming_response.create(**SAY, stream=True)) as raw:
        await app.read(raw.iter_lines())


@scenario(STREAM, needs=NEEDS)
async def test_streaming_response_left_early(app: App) -> object:
    async with app.way.using(app.client.responses.with_streaming_response.create(**SAY, stream=True)) as raw:
        await app.read(raw.iter_lines(), limit=2)
