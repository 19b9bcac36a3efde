"""Ways of calling OpenAI's SDK that two instrumentations are compared on.

Each is a line of the page that `openai_table.py` writes. A scenario runs with the blocking and with the asynchronous
client, unless it says which.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Literal

import httpx2
import openai
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import BaseModel

from compared import openai_answers as answers
from support import openai_families_wire as wire
from support import realtime_wire
from support.openai_scenario import App
from support.openai_wire import (
    ASK,
    MODEL,
    QUESTION,
    WEATHER_TOOL,
    choice,
    chunk,
    completion,
    delta,
    text_chunks,
    tool_call,
)
from support.scripted_server import Answer, Body, Disconnect, Failure, Json, Sse, Stall
from support.scripted_socket import Act, Break, Heard, Say

ANSWER: Final = Json(completion())
STREAM: Final = Sse(text_chunks())
RESPONSE: Final = Json(wire.response())
RESPONSE_STREAM: Final = Sse(wire.text_events(), done=False)


class Capital(BaseModel):
    """What structured output is asked for."""

    city: str


STRUCTURED: Final = Json(completion(choice('{"city":"Paris"}')))


@dataclass(frozen=True)
class Scenario:
    """One way of calling, with what the server answers."""

    name: str
    body: Callable[[App], Awaitable[object]]
    answers: tuple[Answer | Act, ...] = (ANSWER,)
    only: Literal["sync", "async"] | None = None
    """The kind of client it is for; None for both."""
    capture: str = "SPAN_ONLY"
    """The content mode."""
    langchain: Literal["own", "other"] | None = None
    """Whose instrumentation of LangChain runs beside: the same project's, or the other's."""
    over_socket: bool = False
    """Whether it is a WebSocket that answers."""


# Chat completions.


async def _created(app: App, **arguments: Any) -> object:
    return await app.create(**arguments)


async def _streamed(app: App, **arguments: Any) -> object:
    await app.read(await app.stream(**arguments))
    return None


async def _parsed(app: App) -> object:
    return await app.call(app.completions.parse, **ASK, response_format=Capital)


async def _helped(app: App) -> object:
    async with app.way.using(app.completions.stream(**ASK)) as stream:
        await app.read(stream)
    return None


async def _raw(app: App) -> object:
    raw = await app.call(app.completions.with_raw_response.create, **ASK)
    app.saw(raw)
    return await app.call(raw.parse)


async def _raw_stream(app: App) -> object:
    raw = await app.call(app.completions.with_raw_response.create, **ASK, stream=True)
    await app.read(await app.call(raw.parse))
    return None


async def _streaming_response(app: App) -> object:
    async with app.way.using(app.completions.with_streaming_response.create(**ASK)) as raw:
        return await app.call(raw.parse)


async def _lines(app: App) -> object:
    async with app.way.using(app.completions.with_streaming_response.create(**ASK, stream=True)) as raw:
        await app.read(raw.iter_lines())
    return None


async def _suppressed(app: App) -> object:
    with suppress_instrumentation():
        return await app.create()


CHAT: Final = (
    Scenario("`create`", _created),
    Scenario("`create`, streamed with usage", _streamed, (STREAM,)),
    Scenario("`create`, streamed without usage", _streamed, (Sse(text_chunks(usage=False)),)),
    Scenario("`parse` into a model class", _parsed, (STRUCTURED,)),
    Scenario("`.stream()` helper", _helped, (STREAM,)),
    Scenario("`with_raw_response`", _raw),
    Scenario("`with_raw_response`, streamed", _raw_stream, (STREAM,)),
    Scenario("`with_streaming_response`", _streaming_response),
    Scenario("`with_streaming_response`, lines of a stream", _lines, (STREAM,)),
    Scenario(
        "tools, a call asked for",
        lambda app: _created(app, tools=[WEATHER_TOOL]),
        (Json(completion(choice(None, finish="tool_calls", tool_calls=[tool_call()]))),),
    ),
    Scenario(
        "tools, a call streamed in pieces",
        lambda app: _streamed(app, tools=[WEATHER_TOOL]),
        (
            Sse(
                [
                    chunk(delta(role="assistant", tool_calls=[{"index": 0, **tool_call(arguments='{"ci')}])),
                    chunk(delta(tool_calls=[{"index": 0, "function": {"arguments": 'ty":"Paris"}'}}])),
                    chunk(delta(finish="tool_calls")),
                ]
            ),
        ),
    ),
    Scenario("`n=2`", lambda app: _created(app, n=2), (Json(completion(choice(), choice("Lyon.", index=1))),)),
    Scenario("refusal", _created, (Json(completion(choice(None, refusal="I cannot."))),)),
    Scenario(
        "image in the question",
        lambda app: _created(
            app,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{wire.PIXEL}"}},
                    ],
                }
            ],
        ),
    ),
    Scenario(
        "a recording and a file in the question",
        lambda app: _created(
            app,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "input_audio", "input_audio": {"data": wire.PIXEL, "format": "wav"}},
                        {"type": "file", "file": {"file_id": "file-1"}},
                    ],
                }
            ],
        ),
    ),
    Scenario(
        "a developer's message, a speaker's name, a refusal in the history",
        lambda app: _created(
            app,
            messages=[
                {"role": "developer", "content": "Be brief."},
                {"role": "assistant", "content": None, "refusal": "I cannot."},
                {**QUESTION[0], "name": "ann"},
            ],
        ),
    ),
    Scenario(
        "a tool's call and answer in the history",
        lambda app: _created(
            app,
            messages=[
                *QUESTION,
                {"role": "assistant", "content": None, "tool_calls": [tool_call()]},
                {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
            ],
        ),
    ),
    Scenario("a generator as `messages`", lambda app: _created(app, messages=(message for message in QUESTION))),
    Scenario(
        "a message of the SDK in the history",
        lambda app: _created(
            app,
            messages=[openai.types.chat.ChatCompletionMessage(role="assistant", content="Hello."), *QUESTION],
        ),
    ),
    Scenario("`suppress_instrumentation`", _suppressed),
)


# The other APIs.


async def _responses(app: App, **arguments: Any) -> object:
    return await app.call(app.client.responses.create, **{**wire.SAY, **arguments})


async def _responses_streamed(app: App) -> object:
    await app.read(await app.call(app.client.responses.create, **wire.SAY, stream=True))
    return None


async def _responses_parsed(app: App) -> object:
    return await app.call(app.client.responses.parse, **wire.SAY, text_format=Capital)


async def _responses_helped(app: App) -> object:
    async with app.way.using(app.client.responses.stream(**wire.SAY)) as stream:
        await app.read(stream)
        return await app.call(stream.get_final_response)


async def _responses_raw(app: App) -> object:
    raw = await app.call(app.client.responses.with_raw_response.create, **wire.SAY)
    return await app.call(raw.parse)


async def _retrieved(app: App) -> object:
    return await app.call(app.client.responses.retrieve, "resp_1")


SERVED_BY_ANOTHER: Final = Json(wire.response(), x_ms_served_model="gpt-5-nano")


async def _compacted(app: App) -> object:
    return await app.call(app.client.responses.compact, **wire.SAY)


RESPONSES: Final = (
    Scenario("`create`", _responses, (RESPONSE,)),
    Scenario("`create`, streamed", _responses_streamed, (RESPONSE_STREAM,)),
    Scenario(
        "`parse` into a model class",
        _responses_parsed,
        (Json(wire.response(wire.said('{"city":"Paris"}'))),),
    ),
    Scenario("`.stream()` helper", _responses_helped, (RESPONSE_STREAM,)),
    Scenario("`with_raw_response`", _responses_raw, (RESPONSE,)),
    Scenario(
        "instructions, tools of both kinds, a thought",
        lambda app: _responses(
            app,
            instructions="Be brief.",
            tools=[{"type": "web_search"}, {"type": "function", **WEATHER_TOOL["function"], "strict": None}],
        ),
        (Json(wire.response(answers.THINKS, answers.SEARCHES, answers.CALLS)),),
    ),
    Scenario(
        "cut short by `max_output_tokens`",
        lambda app: _responses(app, max_output_tokens=16),
        (Json(wire.response(status="incomplete", incomplete_details={"reason": "max_output_tokens"})),),
    ),
    Scenario(
        "items as `input`",
        lambda app: _responses(
            app,
            input=[
                {"role": "user", "content": [{"type": "input_text", "text": "What is the weather?"}]},
                {name: value for name, value in answers.CALLS.items() if name != "status"},
                {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
            ],
        ),
        (RESPONSE,),
    ),
    Scenario(
        "`status` is failed",
        _responses,
        (Json({**wire.response(status="failed", error={"code": "server_error", "message": "no"}), "output": []}),),
    ),
    Scenario(
        "streamed, `status` is failed",
        _responses_streamed,
        (
            Sse(
                [
                    *wire.opening()[:1],
                    {
                        "type": "response.failed",
                        "sequence_number": 1,
                        "response": {
                            **wire.response(status="failed", error={"code": "server_error", "message": "no"}),
                            "output": [],
                        },
                    },
                ],
                done=False,
            ),
        ),
    ),
    Scenario(
        "`background=True`, queued",
        lambda app: _responses(app, background=True),
        (Json({**wire.response(status="queued", usage=None), "output": []}),),
    ),
    Scenario("`retrieve` of a stored response", _retrieved, (RESPONSE,)),
    Scenario("`compact`", _compacted, (Json(wire.compaction()),)),
)


SETTINGS: Final = (
    Scenario("chat: none given", _created),
    Scenario(
        "chat: given as arguments",
        lambda app: _created(
            app, temperature=0.2, top_p=0.9, seed=7, stop=["END"], max_completion_tokens=50, service_tier="flex"
        ),
    ),
    Scenario("chat: `reasoning_effort`", lambda app: _created(app, reasoning_effort="low")),
    Scenario(
        "chat: given by `extra_body`",
        lambda app: _created(app, extra_body={"max_completion_tokens": 50, "service_tier": "flex"}),
    ),
    Scenario(
        "chat: the SDK's signs for arguments left out",
        lambda app: _created(app, temperature=openai.NOT_GIVEN, max_tokens=openai.omit, stop=None),
    ),
    Scenario("chat: `response_format`", lambda app: _created(app, response_format={"type": "json_object"})),
    Scenario("chat: streamed", _streamed, (STREAM,)),
    Scenario(
        "Responses: given as arguments",
        lambda app: _responses(
            app,
            temperature=0.2,
            max_output_tokens=50,
            reasoning={"effort": "low"},
            service_tier="flex",
            previous_response_id="resp_0",
        ),
        (RESPONSE,),
    ),
    Scenario("Responses: `conversation`", lambda app: _responses(app, conversation="conv_1"), (RESPONSE,)),
    Scenario("Responses: `retrieve`", _retrieved, (RESPONSE,)),
    Scenario(
        "Responses: a compaction in the answer", _responses, (Json(wire.response(answers.COMPACTION, wire.said())),)
    ),
    Scenario(
        "Responses: a compaction in the history",
        lambda app: _responses(app, input=[answers.COMPACTION, *QUESTION]),
        (RESPONSE,),
    ),
    Scenario("Responses: header `x-ms-served-model`, raw", _responses_raw, (SERVED_BY_ANOTHER,)),
)


async def _embedded(app: App) -> object:
    return await app.call(app.client.embeddings.create, model="text-embedding-3-small", input="Hello")


async def _embedded_raw(app: App) -> object:
    create = app.client.embeddings.with_raw_response.create
    raw = await app.call(create, model="text-embedding-3-small", input="Hello")
    return await app.call(raw.parse)


async def _completed(app: App, **arguments: Any) -> object:
    asked = {"model": "gpt-3.5-turbo-instruct", "prompt": "The capital of France is", **arguments}
    return await app.call(app.client.completions.create, **asked)


async def _completed_streamed(app: App) -> object:
    await app.read(await _completed(app, stream=True))
    return None


async def _drawn(app: App, **arguments: Any) -> object:
    return await app.call(app.client.images.generate, model="gpt-image-2", prompt="A cat", **arguments)


async def _drawn_streamed(app: App) -> object:
    await app.read(await _drawn(app, stream=True, partial_images=1))
    return None


async def _edited(app: App) -> object:
    image = ("cat.png", BytesIO(b"a picture"), "image/png")
    # The boundary between the parts of a form is random, but for this header.
    headers = {"Content-Type": "multipart/form-data; boundary=part"}
    edit = app.client.images.edit
    return await app.call(edit, model="gpt-image-2", prompt="A hat", image=image, extra_headers=headers)


async def _spoken(app: App) -> object:
    spoken = await app.call(app.client.audio.speech.create, model="tts-2", voice="alloy", input="Hello.")
    return spoken.content


async def _transcribed(app: App, **arguments: Any) -> object:
    recording = ("hello.wav", BytesIO(answers.SOUND), "audio/wav")
    headers = {"Content-Type": "multipart/form-data; boundary=part"}
    create = app.client.audio.transcriptions.create
    return await app.call(create, model="gpt-transcribe", file=recording, extra_headers=headers, **arguments)


async def _transcribed_streamed(app: App) -> object:
    await app.read(await _transcribed(app, stream=True))
    return None


async def _moderated(app: App) -> object:
    return await app.call(app.client.moderations.create, model="omni-moderation-latest", input="I will hit you.")


async def _searched(app: App) -> object:
    return await app.call(app.client.vector_stores.search, "vs_1", query="refunds", max_num_results=3)


async def _decided(app: App) -> object:
    question = {"type": "predicate", "name": "angry", "question": "Is the writer angry?"}
    return await app.call(app.client.decisions.create, model="gpt-6-luna", input="Hello.", questions=[question])


async def _listed(app: App) -> object:
    return await app.call(app.client.models.retrieve, MODEL)


OTHERS: Final = (
    Scenario("`embeddings.create`", _embedded, (Json(wire.embeddings()),)),
    Scenario("`embeddings`, `with_raw_response`", _embedded_raw, (Json(wire.embeddings()),)),
    Scenario("`completions.create`", _completed, (Json(wire.text_completion()),)),
    Scenario("`completions.create`, streamed", _completed_streamed, (Sse(answers.COMPLETION_CHUNKS),)),
    Scenario("`images.generate`", _drawn, (Json(wire.images()),)),
    Scenario("`images.generate`, streamed", _drawn_streamed, (Sse(answers.IMAGE_EVENTS, done=False),)),
    Scenario("`images.edit`", _edited, (Json(wire.images()),)),
    Scenario("`audio.speech.create`", _spoken, (Body(answers.SOUND, content_type="audio/mpeg"),)),
    Scenario("`audio.transcriptions.create`", _transcribed, (Json(answers.TRANSCRIPT),)),
    Scenario(
        "`audio.transcriptions.create`, streamed",
        _transcribed_streamed,
        (Sse(answers.TRANSCRIPT_EVENTS, done=False),),
    ),
    Scenario("`moderations.create`", _moderated, (Json(wire.moderation("violence")),)),
    Scenario("`vector_stores.search`", _searched, (Json(wire.found()),)),
    Scenario("`decisions.create`", _decided, (Json(wire.decision()),)),
    Scenario("`models.retrieve`", _listed, (Json({"id": MODEL, "object": "model", "created": 1, "owned_by": "o"}),)),
)


# Streams that are not read to their end, and calls that fail.


async def _broken_out(app: App) -> object:
    stream = await app.stream()
    await app.read(stream, limit=2)
    await app.call(stream.close)
    return None


async def _dropped(app: App) -> object:
    stream = await app.stream()
    app.saw(await app.way.next(stream))
    del stream
    gc.collect()
    return None


async def _unread(app: App) -> object:
    stream = await app.stream()
    await app.call(stream.close)
    return None


async def _left_helper(app: App) -> object:
    async with app.way.using(app.completions.stream(**ASK)) as stream:
        await app.read(stream, limit=2)
    return None


async def _consumer_fails(app: App) -> object:
    async with app.way.using(await app.stream()) as stream:
        app.saw(await app.way.next(stream))
        raise ValueError("the app's own")


async def _cancelled(app: App) -> object:
    task = asyncio.ensure_future(app.create())
    while not app.server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    return await asyncio.gather(task, return_exceptions=True)


async def _cancelled_stream(app: App) -> object:
    stream = await app.stream()
    app.saw(await app.way.next(stream))
    app.saw(await app.way.next(stream))
    task = asyncio.ensure_future(app.way.next(stream))
    await asyncio.sleep(0.05)
    task.cancel()
    return await asyncio.gather(task, return_exceptions=True)


async def _impatient(app: App) -> object:
    client = app.make(timeout=0.2)
    return await app.call(client.chat.completions.create, **ASK)


async def _retried(app: App) -> object:
    client = app.make(max_retries=1)
    return await app.call(client.chat.completions.create, **ASK)


ENDINGS: Final = (
    Scenario("stream broken out of and closed", _broken_out, (STREAM,)),
    Scenario("stream dropped, garbage collected", _dropped, (STREAM,), only="sync"),
    Scenario("stream closed unread", _unread, (STREAM,)),
    Scenario("`.stream()` helper left early", _left_helper, (STREAM,)),
    Scenario("exception in the app's loop", _consumer_fails, (STREAM,)),
    Scenario("stream cut off by the server", _streamed, (Sse(text_chunks()[:3], cut=True),)),
    Scenario("error event in the stream", _streamed, (Sse([*text_chunks()[:2], {"error": {"message": "no"}}]),)),
    Scenario("status 429", _created, (Failure(429),)),
    Scenario("status 400 of a stream", _streamed, (Failure(400, code="bad"),)),
    Scenario("status 429, then an answer", _retried, (Failure(429), ANSWER)),
    Scenario("no answer, connection closed", _created, (Disconnect(),)),
    Scenario("timeout", _impatient, (Stall(),)),
    Scenario("await cancelled", _cancelled, (Stall(),), only="async"),
    Scenario("await of a chunk cancelled", _cancelled_stream, (Sse(text_chunks()[:2], stall=True),), only="async"),
)


# Answers that are not what the SDK's types say; it does not check them.

ODD: Final = (
    Scenario("`choices` is null", _created, (Json({**completion(), "choices": None}),)),
    Scenario(
        "no `choices`", _created, (Json({name: value for name, value in completion().items() if name != "choices"}),)
    ),
    Scenario("`message` is null", _created, (Json(completion({**choice(), "message": None})),)),
    Scenario("`usage` is text", _created, (Json(completion(usage="x")),)),
    Scenario("token counts are text", _created, (Json(completion(usage={"prompt_tokens": "19"})),)),
    Scenario("`finish_reason` is null", _created, (Json(completion(choice(finish=None))),)),  # type: ignore[arg-type]
    Scenario("the body is null", _created, (Json(None),)),
    Scenario("the body is HTML", _created, (Body(b"<html>", content_type="text/html"),)),
    Scenario(
        "a chunk without `delta`", _streamed, (Sse([chunk({"index": 0, "finish_reason": None}), *text_chunks()]),)
    ),
    Scenario("a chunk with `choices` null", _streamed, (Sse([{**chunk(), "choices": None}, *text_chunks()]),)),
    Scenario("`tool_calls` without `function`", _created, (Json(completion(choice(tool_calls=[{"id": "call_1"}]))),)),
    Scenario("Responses: `output` is null", _responses, (Json({**wire.response(), "output": None}),)),
    Scenario("Responses: `usage` is text", _responses, (Json(wire.response(usage="x")),)),
    Scenario("Embeddings: `data` is empty", _embedded, (Json({**wire.embeddings(), "data": []}),)),
)


# Other clients and other hosts.


class _Loopback(httpx2.HTTPTransport):
    """Carries requests to any host to the loopback server."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False)
        self._port = port

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return super().handle_request(request)


class _AsyncLoopback(httpx2.AsyncHTTPTransport):
    def __init__(self, port: int) -> None:
        super().__init__(verify=False)
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


def _http(app: App) -> Any:
    if app.blocking:
        return openai.DefaultHttpxClient(transport=_Loopback(app.server.port))
    return openai.DefaultAsyncHttpxClient(transport=_AsyncLoopback(app.server.port))


def _at(base_url: str) -> Callable[[App], Awaitable[object]]:
    async def body(app: App) -> object:
        client = app.make(base_url=base_url, http_client=_http(app))
        return await app.call(client.chat.completions.create, **ASK)

    return body


async def _azure(app: App, **arguments: Any) -> Any:
    client = app.make(
        openai.AzureOpenAI,
        openai.AsyncAzureOpenAI,
        base_url=None,
        azure_endpoint="https://mine.openai.azure.com",
        api_version="2026-01-01",
        http_client=_http(app),
    )
    return await app.call(client.chat.completions.create, **ASK, **arguments)


async def _azure_streamed(app: App) -> object:
    await app.read(await _azure(app, stream=True))
    return None


HOSTS: Final = (
    Scenario("`api.openai.com`", _at("https://api.openai.com/v1")),
    Scenario("`AzureOpenAI`", _azure),
    Scenario("`AzureOpenAI`, streamed", _azure_streamed, (STREAM,)),
    Scenario("Azure by `OpenAI`", _at("https://mine.openai.azure.com/openai/v1")),
    Scenario("Azure AI Foundry", _at("https://mine.services.ai.azure.com/openai/v1")),
    Scenario("Databricks", _at("https://dbc-1.cloud.databricks.com/serving-endpoints")),
    Scenario("Groq", _at("https://api.groq.com/openai/v1")),
    Scenario("DeepSeek", _at("https://api.deepseek.com")),
    Scenario("xAI", _at("https://api.x.ai/v1")),
    Scenario("Mistral AI", _at("https://api.mistral.ai/v1")),
    Scenario("Gemini", _at("https://generativelanguage.googleapis.com/v1beta/openai")),
    Scenario("OpenRouter", _at("https://openrouter.ai/api/v1")),
    Scenario("a server of one's own", _at("http://models.example.com:8000/v1")),
)


# Over WebSocket.

CREATE: Final = Heard("response.create")
EVENTS: Final = wire.text_events()
SPOKEN: Final = (realtime_wire.event("session.created", session=realtime_wire.session()), *realtime_wire.answer())
FIRST_PIECE: Final = 5
"""Events up to and with the first piece of what is said."""


async def _response(app: App, limit: int = len(EVENTS)) -> object:
    async with app.way.using(app.client.responses.connect()) as connection:
        await app.call(connection.response.create, **wire.SAY)
        await app.read(connection, limit)
    return None


async def _first_piece(app: App) -> object:
    return await _response(app, FIRST_PIECE)


async def _two_lanes(app: App) -> object:
    async with app.way.using(app.client.responses.connect()) as connection:
        for lane in ("a", "b"):
            await app.call(connection.send, {"type": "response.create", "stream_id": lane, **wire.SAY})
        await app.read(connection, 2 * len(EVENTS))
    return None


async def _spoken(app: App) -> object:
    async with app.way.using(app.client.realtime.connect(model=realtime_wire.MODEL)) as connection:
        await app.call(connection.response.create)
        await app.read(connection, len(SPOKEN))
    return None


async def _listening(app: App) -> object:
    async with app.way.using(app.client.realtime.connect(model=realtime_wire.MODEL)) as connection:
        await app.read(connection, len(SPOKEN))
    return None


def _over_socket(name: str, body: Callable[[App], Awaitable[object]], *acts: Act) -> Scenario:
    return Scenario(name, body, acts, over_socket=True)


SOCKETS: Final = (
    _over_socket("`responses.connect`", _response, CREATE, Say(*EVENTS)),
    _over_socket(
        "`responses.connect`, two lanes",
        _two_lanes,
        CREATE,
        CREATE,
        *(Say({**event, "stream_id": lane}) for event in EVENTS for lane in ("a", "b")),
    ),
    _over_socket("`responses.connect`, left early", _first_piece, CREATE, Say(*EVENTS[:FIRST_PIECE])),
    _over_socket("`responses.connect`, broken in the midst", _response, CREATE, Say(*EVENTS[:FIRST_PIECE]), Break()),
    _over_socket("`realtime.connect`", _spoken, CREATE, Say(*SPOKEN)),
    _over_socket("`realtime.connect`, begun by the server", _listening, Say(*SPOKEN)),
)


# Content modes, and LangChain around the SDK.


async def _chain(app: App) -> object:
    from langchain_openai import ChatOpenAI

    client: dict[str, Any] = {"http_client": _http(app)} if app.blocking else {"http_async_client": _http(app)}
    model = ChatOpenAI(model=MODEL, base_url=app.server.url, api_key="test", max_retries=0, **client)
    try:
        answer = await app.call(model.invoke if app.blocking else model.ainvoke, "What is the capital of France?")
    finally:
        for http in client.values():
            await app.call(http.close if app.blocking else http.aclose)
    return answer.content


AROUND: Final = (
    *(
        Scenario(f"content mode `{mode}`", _created, capture=mode)
        for mode in ("NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT")
    ),
    Scenario("LangChain's `ChatOpenAI`, instrumented by the same project", _chain, langchain="own"),
    Scenario("LangChain's `ChatOpenAI`, instrumented by the other project", _chain, langchain="other"),
)

SCENARIOS: Final[dict[str, tuple[Scenario, ...]]] = {
    "Chat completions": CHAT,
    "Responses": RESPONSES,
    "Other APIs": OTHERS,
    "Over WebSocket": SOCKETS,
    "Settings, and facts of the answer": SETTINGS,
    "How a call ends": ENDINGS,
    "Odd answers": ODD,
    "Whose server": HOSTS,
    "Content modes, and LangChain around the SDK": AROUND,
}
"""By the heading that they stand under."""
