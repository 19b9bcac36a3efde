"""`create(stream=True)`, read in every way and left at every point."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import pickle
import threading
from typing import Any

import openai
import pytest

from support.openai_scenario import NO_CONNECTION, TIMEOUT, App, compare, scenario
from support.openai_wire import USAGE, WEATHER_TOOL, chunk, delta, text_chunks
from support.scripted_server import Failure, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry
from support.ways import Way

ANSWER = Sse(text_chunks("Par", "is", "."))
WHOLE = {
    "gen_ai.request.stream": True,
    "gen_ai.response.model": "gpt-5-mini-2026-08-01",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 19,
    "gen_ai.usage.output_tokens": 10,
    "gen_ai.usage.cache_read.input_tokens": 4,
    "openai.response.system_fingerprint": "fp_1",
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
    '"finish_reason":"stop"}]',
}
PART = {
    "gen_ai.response.model": "gpt-5-mini-2026-08-01",
    "gen_ai.response.finish_reasons": ("error",),
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Par"}],'
    '"finish_reason":"error"}]',
}


@scenario(ANSWER, attributes=WHOLE)
async def test_read_to_the_end(app: App) -> object:
    stream = await app.stream()
    app.saw(isinstance(stream, openai.Stream if app.blocking else openai.AsyncStream))
    await app.read(stream)
    return stream.response.is_closed


@scenario(Sse(text_chunks(usage=False)), attributes={"gen_ai.usage.input_tokens": None})
async def test_without_usage(app: App) -> object:
    await app.read(await app.stream(stream_options=None))


@scenario(Sse(text_chunks(), pause=0.01), attributes=WHOLE)
async def test_slow_chunks(app: App) -> object:
    await app.read(await app.stream(stream_options={"include_usage": True}))


@scenario(ANSWER, attributes=WHOLE)
async def test_read_by_next(app: App) -> object:
    stream = await app.stream()
    for _ in range(6):
        app.each(await app.way.next(stream))
    try:
        return await app.way.next(stream)
    except (StopIteration, StopAsyncIteration):
        return "nothing more"


@scenario(ANSWER, attributes=WHOLE)
async def test_read_twice(app: App) -> object:
    stream = await app.stream()
    await app.read(stream)
    await app.read(stream)


@scenario(ANSWER, attributes=WHOLE)
async def test_broken_out_of_then_resumed(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    app.saw("later")
    await app.read(stream)


@scenario(ANSWER, attributes=WHOLE)
async def test_next_then_loop(app: App) -> object:
    stream = await app.stream()
    app.each(await app.way.next(stream))
    await app.read(stream)


@scenario(ANSWER, attributes=PART)
async def test_broken_out_of(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    return stream.response.is_closed


@scenario(ANSWER, attributes=PART)
async def test_closed_in_the_middle(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    app.saw(await app.call(stream.close))
    return stream.response.is_closed


@scenario(ANSWER, attributes=WHOLE)
async def test_closed_after_the_end(app: App) -> object:
    stream = await app.stream()
    await app.read(stream)
    await app.call(stream.close)
    return await app.call(stream.close)


@scenario(Sse(text_chunks()[:2], stall=True), attributes=PART)
async def test_read_after_close(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    await app.call(stream.close)
    await app.read(stream)


@scenario(ANSWER, attributes={"gen_ai.response.model": None, "gen_ai.response.time_to_first_chunk": None})
async def test_closed_unread(app: App) -> object:
    stream = await app.stream()
    return await app.call(stream.close)


@scenario(ANSWER, attributes=WHOLE)
async def test_with_block(app: App) -> object:
    async with app.way.using(await app.stream()) as stream:
        app.saw(isinstance(stream, openai.Stream if app.blocking else openai.AsyncStream))
        await app.read(stream)
    return stream.response.is_closed


@scenario(ANSWER, attributes=PART)
async def test_with_block_left_early(app: App) -> object:
    async with app.way.using(await app.stream()) as stream:
        await app.read(stream, limit=2)
    return stream.response.is_closed


@scenario(ANSWER, attributes=PART)
async def test_with_block_left_by_an_exception(app: App) -> object:
    async with app.way.using(await app.stream()) as stream:
        await app.read(stream, limit=2)
        raise LookupError("the app's own")


@scenario(ANSWER, attributes={"gen_ai.response.model": None})
async def test_with_block_unread(app: App) -> object:
    async with app.way.using(await app.stream()):
        pass


@scenario(ANSWER, attributes=PART)
async def test_dropped(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    del stream
    gc.collect()
    app.saw("gone")


@scenario(ANSWER, attributes={"gen_ai.response.model": None})
async def test_dropped_unread(app: App) -> object:
    await app.stream()
    gc.collect()


@scenario(ANSWER, attributes=PART)
async def test_dropped_in_a_cycle(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    holder: dict[str, Any] = {"stream": stream}
    holder["self"] = holder
    del stream, holder
    gc.collect()


@scenario(ANSWER, attributes=PART)
async def test_exception_in_the_loop(app: App) -> object:
    stream = await app.stream()

    def each(item: Any) -> None:
        app.saw(item)
        if item.choices[0].delta.content == "Par":
            raise LookupError("the app's own")

    await app.way.read(stream, each)


@scenario(ANSWER, attributes=WHOLE)
async def test_iterator_asked_for_and_kept(app: App) -> object:
    stream = await app.stream()
    iterator = iter(stream) if app.blocking else aiter(stream)
    del stream
    gc.collect()
    await app.read(iterator)


@scenario(ANSWER, attributes=PART)
async def test_iterator_closed(app: App) -> object:
    stream = await app.stream()
    iterator = iter(stream) if app.blocking else aiter(stream)
    await app.read(iterator, limit=2)
    app.saw(type(iterator).__name__)
    await app.call(iterator.close if app.blocking else iterator.aclose)
    await app.read(iterator)


@scenario(ANSWER, attributes=WHOLE)
async def test_read_in_another_thread(app: App) -> object:
    stream = await app.stream()

    def read() -> None:
        contextvars.Context().run(app.way.run, app.read(stream))

    if app.blocking:
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    else:
        await contextvars.Context().run(asyncio.create_task, app.read(stream))


@scenario(ANSWER, attributes=PART)
async def test_closed_in_another_thread(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    if app.blocking:
        thread = threading.Thread(target=stream.close)
        thread.start()
        thread.join()
    else:
        await asyncio.create_task(stream.close())


@scenario(ANSWER, attributes=WHOLE)
async def test_passed_on_by_a_generator(app: App) -> object:
    stream = await app.stream()
    if app.blocking:

        def words(stream: Any) -> Any:
            yield from stream
    else:

        async def words(stream: Any) -> Any:
            async for item in stream:
                yield item

    await app.read(words(stream))


@scenario(ANSWER, attributes=PART)
async def test_generator_around_it_closed(app: App) -> object:
    stream = await app.stream()
    if app.blocking:

        def words(stream: Any) -> Any:
            yield from stream
    else:

        async def words(stream: Any) -> Any:
            async for item in stream:
                yield item

    generator = words(stream)
    del stream
    await app.read(generator, limit=2)
    await app.call(generator.close if app.blocking else generator.aclose)


@scenario(ANSWER, attributes=PART)
async def test_attributes_of_the_stream(app: App) -> object:
    stream = await app.stream()
    app.saw(sorted(dir(stream)))
    app.saw(sorted(vars(stream)))
    app.saw([stream.response, stream.response.status_code, bool(stream)])
    stream.note = "the app's own"
    app.saw(stream.note)
    app.saw([hasattr(stream, "aclose"), hasattr(stream, "nonsense"), stream == stream, hash(stream) == hash(stream)])
    app.saw([hasattr(stream, "__iter__"), hasattr(stream, "__aiter__"), hasattr(stream, "__next__")])
    await app.read(stream, limit=2)
    try:
        return stream.nonsense
    except AttributeError as error:
        return str(error)


@scenario(ANSWER, attributes=PART)
async def test_copied(app: App) -> object:
    """What fails bare, as copies of a client and its locks do, fails alike."""
    stream = await app.stream()
    app.saw(type(copy.copy(stream)).__name__)
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(Exception) as raised:
            attempt(stream)
        app.saw(raised.value)
    await app.read(stream, limit=2)


@scenario(
    Sse(
        [
            chunk(delta("", role="assistant"), delta("", index=1, role="assistant")),
            chunk(delta("Y", index=1)),
            chunk(delta("X")),
            chunk(delta("y", index=1, finish="length")),
            chunk(delta("x", finish="stop")),
        ]
    ),
    attributes={
        "gen_ai.response.finish_reasons": ("stop", "length"),
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Xx"}],'
        '"finish_reason":"stop"},'
        '{"role":"assistant","parts":[{"type":"text","content":"Yy"}],"finish_reason":"length"}]',
    },
)
async def test_two_choices(app: App) -> object:
    await app.read(await app.stream(n=2))


def _call(index: int, name: str | None = None, arguments: str = "", call_id: str | None = None) -> dict[str, Any]:
    named = {} if name is None else {"id": call_id, "type": "function"}
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"index": index, **named, "function": function}


@scenario(
    Sse(
        [
            chunk(delta(role="assistant", tool_calls=[_call(0, "weather", "", "call_1")])),
            chunk(delta(tool_calls=[_call(0, arguments='{"ci')])),
            chunk(delta(tool_calls=[_call(0, arguments='ty":"Paris"}')])),
            chunk(delta(tool_calls=[_call(1, "weather", '{"city"', "call_2")])),
            chunk(delta(tool_calls=[_call(1, arguments=':"Rome"}')])),
            chunk(delta(finish="tool_calls")),
        ]
    ),
    attributes={
        "gen_ai.response.finish_reasons": ("tool_calls",),
        "gen_ai.output.messages": '[{"role":"assistant","parts":['
        '{"type":"tool_call","id":"call_1","name":"weather","arguments":{"city":"Paris"}},'
        '{"type":"tool_call","id":"call_2","name":"weather","arguments":{"city":"Rome"}}],"finish_reason":"tool_call"}]',
    },
)
async def test_tools_in_pieces(app: App) -> object:
    await app.read(await app.stream(tools=iter([WEATHER_TOOL])))


@scenario(
    Sse(
        [
            chunk(delta(role="assistant", tool_calls=[_call(0, "weather", '{"city":"Paris"}', "call_1")])),
            chunk(delta(tool_calls=[_call(0, "weather", '{"city":"Rome"}', "call_2")])),
            chunk(delta(finish="tool_calls")),
        ]
    ),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":['
        '{"type":"tool_call","id":"call_1","name":"weather","arguments":{"city":"Paris"}},'
        '{"type":"tool_call","id":"call_2","name":"weather","arguments":{"city":"Rome"}}],"finish_reason":"tool_call"}]',
    },
)
async def test_tools_that_share_an_index(app: App) -> object:
    await app.read(await app.stream(tools=[WEATHER_TOOL]))


@scenario(
    Sse(
        [
            chunk(delta(role="assistant", function_call={"name": "weather", "arguments": ""})),
            chunk(delta(function_call={"arguments": '{"city":"Paris"}'})),
            chunk(delta(finish="function_call")),
        ]
    ),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":null,"name":"weather",'
        '"arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
    },
)
async def test_function_in_pieces(app: App) -> object:
    await app.read(await app.stream(functions=[WEATHER_TOOL["function"]]))


@scenario(
    Sse([chunk(delta([{"type": "text", "text": "Par"}])), chunk(delta("i")), chunk(delta("s.", finish="stop"))]),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Par"},'
        '{"type":"text","content":"is."}],"finish_reason":"stop"}]',
    },
)
async def test_lists_of_parts(app: App) -> object:
    await app.read(await app.stream())


@scenario(
    Sse([chunk(delta(role="assistant", refusal="I ")), chunk(delta(refusal="won't.")), chunk(delta(finish="stop"))]),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"I won\'t."}],'
        '"finish_reason":"stop"}]',
    },
)
async def test_refusal(app: App) -> object:
    await app.read(await app.stream())


@scenario(Sse([chunk(id="", model="", prompt_filter_results=[{"prompt_index": 0}]), *text_chunks()]), attributes=WHOLE)
async def test_opening_chunk_without_facts(app: App) -> object:
    await app.read(await app.stream())


@scenario(
    Sse([chunk(delta(reasoning_content="Hm, ")), chunk(delta(reasoning_content="France.")), *text_chunks("Paris.")]),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"reasoning","content":"Hm, France."},'
        '{"type":"text","content":"Paris."}],"finish_reason":"stop"}]',
    },
)
async def test_reasoning(app: App) -> object:
    await app.read(await app.stream())


def _spoken(*sounds: str) -> Sse:
    """Speech in pieces, as gpt-audio gives it."""
    opening = chunk(delta(audio={"id": "audio_1", "transcript": "Pa"}))
    pieces = [chunk(delta(audio={"data": sound})) for sound in sounds]
    return Sse([opening, *pieces, chunk(delta(audio={"transcript": "ris."})), chunk(delta(finish="stop"))])


SPOKEN = {
    "gen_ai.output.type": "speech",
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"blob","modality":"audio","content":"AQIDBAU=",'
    '"transcript":"Paris."}],"finish_reason":"stop"}]',
}
SPEAK: dict[str, Any] = {
    # Not all versions have arguments for it.
    "extra_body": {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
}


@scenario(_spoken("AQI=", "AwQF"), attributes=SPOKEN)
async def test_speech_in_pieces(app: App) -> object:
    await app.read(await app.stream(**SPEAK))


@scenario(_spoken("AQIDB", "A", "U="), attributes=SPOKEN)
async def test_speech_cut_anywhere(app: App) -> object:
    """As of services that cut one long text of base64."""
    await app.read(await app.stream(**SPEAK))


@scenario(_spoken("é"), attributes={"gen_ai.response.finish_reasons": ("stop",)})
async def test_speech_that_is_no_base64(app: App) -> object:
    await app.read(await app.stream(**SPEAK))


@scenario(Sse([]), attributes={"gen_ai.response.model": None, "gen_ai.response.time_to_first_chunk": None})
async def test_empty(app: App) -> object:
    await app.read(await app.stream())


@scenario(Sse([chunk(usage=USAGE)], done=False), attributes={"gen_ai.usage.input_tokens": 19})
async def test_without_done(app: App) -> object:
    await app.read(await app.stream())


@scenario(Sse(text_chunks()[:2], cut=True), error=NO_CONNECTION)
async def test_disconnect_in_the_middle(app: App) -> object:
    await app.read(await app.stream())


@scenario(
    Sse([*text_chunks()[:2], {"error": {"message": "overloaded", "code": "x"}}]),
    error="openai.APIError",
    attributes=PART,
)
async def test_error_event_in_the_middle(app: App) -> object:
    await app.read(await app.stream())


@scenario(Sse([*text_chunks()[:2], b"{no json"]), error="json.decoder.JSONDecodeError", attributes=PART)
async def test_chunk_that_is_no_json(app: App) -> object:
    await app.read(await app.stream())


@scenario(Sse(text_chunks()[:2], stall=True), error=TIMEOUT)
async def test_stall_in_the_middle(app: App) -> object:
    await app.read(await app.stream(timeout=0.1))


@scenario(Failure(429), error="openai.RateLimitError", attributes={"gen_ai.request.stream": True})
async def test_refused_at_once(app: App) -> object:
    return await app.stream()


@scenario(Failure(500), Failure(429), ANSWER, attributes=WHOLE)
async def test_retried(app: App) -> object:
    completions = app.make(max_retries=2).chat.completions
    stream = await app.call(completions.create, model="gpt-5-mini", messages=[], stream=True)
    await app.read(stream)


@scenario(ANSWER, spans=50, attributes={"gen_ai.response.model": None})
async def test_abandoned_by_the_dozen(app: App) -> object:
    for _ in range(50):
        await app.create(stream=True)


def test_time_to_first_chunk(server: ScriptedServer) -> None:
    async def body(app: App) -> object:
        await app.read(await app.stream())
        return None

    telemetry = InMemoryTelemetry()
    compare(body, Way(), server, [Sse(text_chunks(), pause=0.05)], telemetry)
    first = (telemetry.span.attributes or {})["gen_ai.response.time_to_first_chunk"]
    assert isinstance(first, float)
    span = telemetry.span
    assert span.start_time is not None
    assert span.end_time is not None
    seconds = (span.end_time - span.start_time) / 1e9
    assert 0.05 <= first < seconds
    assert seconds >= 6 * 0.05
