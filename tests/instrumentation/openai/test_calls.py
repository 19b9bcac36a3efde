"""Calls that return a whole answer."""

from __future__ import annotations

import inspect
import json
from typing import Any

import openai
import pydantic
import pytest

from genspan.instrumentation.core.content import BLOB_LIMIT, blob_limit
from support.openai_scenario import App, compare, scenario
from support.openai_wire import ASK, WEATHER_TOOL, choice, completion, tool_call
from support.scripted_server import Json, ScriptedServer
from support.telemetry import InMemoryTelemetry
from support.ways import Way

ANSWER = Json(completion(), x_request_id="req_1")


class City(pydantic.BaseModel):
    name: str


@scenario(
    ANSWER,
    attributes={
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2026-08-01",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 19,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "openai.api.type": "chat_completions",
        "openai.response.service_tier": "default",
        "openai.response.system_fingerprint": "fp_1",
        "server.address": "127.0.0.1",
        "gen_ai.request.stream": None,
        "gen_ai.response.time_to_first_chunk": None,
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text",'
        '"content":"What is the capital of France?"}]}]',
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
        '"finish_reason":"stop"}]',
    },
)
async def test_create(app: App) -> object:
    answer = await app.create()
    app.saw(isinstance(answer, openai.types.chat.ChatCompletion))
    return answer


@scenario(
    ANSWER,
    attributes={
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.stop_sequences": ("a", "b"),
        "gen_ai.request.seed": 7,
        "gen_ai.request.frequency_penalty": 0.5,
        "gen_ai.request.presence_penalty": -0.5,
        "gen_ai.output.type": "json",
        "gen_ai.request.choice.count": None,
    },
)
async def test_every_parameter(app: App) -> object:
    return await app.create(
        temperature=0,
        top_p=1,
        max_tokens=50,
        stop=["a", "b"],
        seed=7,
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        n=1,
        response_format={"type": "json_object"},
        extra_body={"odd": True},
        extra_headers={"X-Odd": "1"},
        extra_query={"odd": "1"},
        timeout=5,
        user="me",
        logit_bias={"1": 2},
    )


@scenario(ANSWER, attributes={"gen_ai.request.temperature": None, "gen_ai.request.stop_sequences": None})
async def test_arguments_given_as_omitted(app: App) -> object:
    return await app.create(
        temperature=openai.NOT_GIVEN, stop=openai.NOT_GIVEN, tools=openai.NOT_GIVEN, stream=openai.NOT_GIVEN
    )


@scenario(ANSWER, attributes={"gen_ai.request.temperature": None, "gen_ai.tool.definitions": None})
async def test_arguments_given_as_the_newer_sign_for_omitted(app: App) -> object:
    omitted = getattr(openai, "omit", openai.NOT_GIVEN)
    return await app.create(temperature=omitted, tools=omitted, n=omitted)


@scenario(
    Json(completion(choice("A"), choice("B", index=1, finish="length"))),
    attributes={"gen_ai.request.choice.count": 2, "gen_ai.response.finish_reasons": ("stop", "length")},
)
async def test_two_choices(app: App) -> object:
    return await app.create(n=2)


@scenario(
    Json(completion(choice(None, finish="tool_calls", tool_calls=[tool_call()]))),
    attributes={
        "gen_ai.response.finish_reasons": ("tool_calls",),
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"weather",'
        '"arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
        "gen_ai.tool.definitions": '[{"type":"function","name":"weather","description":"The weather in a city.",'
        '"parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]',
    },
)
async def test_tool_call(app: App) -> object:
    return await app.create(tools=[WEATHER_TOOL], tool_choice="auto")


@scenario(
    Json(completion(choice(None, refusal="I will not."))),
    attributes={
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"I will not."}],'
        '"finish_reason":"stop"}]',
    },
)
async def test_refusal(app: App) -> object:
    return await app.create()


SPOKEN = {"id": "audio_1", "data": "AAAA", "transcript": "Paris.", "expires_at": 1790000000}


@scenario(
    Json(completion(choice(None, audio=SPOKEN))),
    spans=2,
    attributes={
        "gen_ai.output.type": "speech",
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"blob","modality":"audio","content":"AAAA",'
        '"transcript":"Paris."}],"finish_reason":"stop"}]',
    },
)
async def test_speech(app: App) -> object:
    # Not all versions have arguments for it.
    spoken = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    first = await app.create(extra_body=spoken)
    app.saw(first)
    return await app.create(extra_body=spoken, messages=[*ASK["messages"], first.choices[0].message, *ASK["messages"]])


def test_long_speech_is_measured(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BLOB_LIMIT, "8")
    blob_limit.cache_clear()
    telemetry = InMemoryTelemetry()
    answer = Json(completion(choice(None, audio={**SPOKEN, "data": "AAAA" * 5})))
    try:
        compare(App.create, Way(), server, [answer], telemetry)
    finally:
        blob_limit.cache_clear()
    (message,) = json.loads(str((telemetry.span.attributes or {})["gen_ai.output.messages"]))
    assert message["parts"] == [
        {"type": "blob", "modality": "audio", "content": "", "size": 15, "transcript": "Paris."}
    ]


@scenario(
    Json(completion(choice(None, finish="tool_calls", tool_calls=[tool_call()]))),
    Json(completion()),
    spans=2,
)
async def test_answer_goes_back_into_the_history(app: App) -> object:
    first = await app.create(tools=[WEATHER_TOOL])
    app.saw(first)
    history = [*ASK["messages"], first.choices[0].message, {"role": "tool", "tool_call_id": "call_1", "content": "12"}]
    second = await app.create(messages=history)
    app.saw(history)
    return second


@scenario(
    ANSWER,
    attributes={
        "gen_ai.input.messages": '[{"role":"system","parts":[{"type":"text","content":"Be brief."}]},'
        '{"role":"user","parts":[{"type":"text","content":"Hi."}]}]',
        "gen_ai.tool.definitions": '[{"type":"function","name":"weather","description":"The weather in a city.",'
        '"parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]',
    },
)
async def test_generators_as_arguments(app: App) -> object:
    def messages() -> Any:
        yield {"role": "system", "content": "Be brief."}
        app.saw("asked for the second")
        yield {"role": "user", "content": "Hi."}
        app.saw("asked for a third")

    return await app.create(messages=messages(), tools=iter([WEATHER_TOOL]))


class Conversation:
    """As an app's own history: it can be read again and again, and notes when it is."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __iter__(self) -> Any:
        self.app.saw("read")
        yield {"role": "user", "content": "Hi."}


SAID_HI = {"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi."}]}]'}


@scenario(ANSWER, attributes=SAID_HI)
async def test_other_iterables_as_arguments(app: App) -> object:
    messages = {1: {"role": "user", "content": "Hi."}}
    return await app.create(messages=messages.values(), tools=(WEATHER_TOOL,))


@scenario(ANSWER, spans=2, attributes=SAID_HI)
async def test_iterable_of_the_app(app: App) -> object:
    messages = Conversation(app)
    app.saw(await app.create(messages=messages))
    return await app.create(messages=messages)


@scenario(ANSWER, error="ZeroDivisionError")
async def test_generator_that_fails(app: App) -> object:
    def messages() -> Any:
        yield {"role": "user", "content": "Hi."}
        yield 1 / 0

    return await app.create(messages=messages())


@scenario(ANSWER, error="TypeError", spans=1)
async def test_argument_that_json_cannot_write(app: App) -> object:
    return await app.create(user=object())


@scenario(error="TypeError")
async def test_missing_arguments(app: App) -> object:
    return await app.call(app.completions.create, model="gpt-5-mini")


@scenario(error="TypeError")
async def test_unknown_argument(app: App) -> object:
    return await app.create(nonsense=1)


@scenario(error="TypeError")
async def test_positional_argument(app: App) -> object:
    return await app.call(app.completions.create, [], model="gpt-5-mini")


@scenario(
    Json(completion(choice('{"name": "Paris"}'))),
    attributes={"gen_ai.output.type": "json"},
    needs="chat.completions.parse",
)
async def test_parse(app: App) -> object:
    answer = await app.call(app.completions.parse, **ASK, response_format=City)
    app.saw(answer.choices[0].message.parsed)
    return answer


@scenario(
    Json(completion(choice("no JSON"))),
    needs="chat.completions.parse",
    error="pydantic_core._pydantic_core.ValidationError",
)
async def test_parse_of_what_is_no_json(app: App) -> object:
    return await app.call(app.completions.parse, **ASK, response_format=City)


@scenario(
    Json(completion(choice('{"na', finish="length"))),
    needs="chat.completions.parse",
    error="openai.LengthFinishReasonError",
)
async def test_parse_of_a_truncated_answer(app: App) -> object:
    return await app.call(app.completions.parse, **ASK, response_format=City)


@scenario(Json(completion(choice('{"name": "Paris"}'))), needs="beta.chat.completions.parse", spans=1)
async def test_beta_parse(app: App) -> object:
    return await app.call(app.client.beta.chat.completions.parse, **ASK, response_format=City)


@scenario(spans=0)
async def test_method_looks_the_same(app: App) -> object:
    create = app.completions.create
    app.saw(inspect.signature(create))
    app.saw([str(parameter) for parameter in inspect.signature(create).parameters.values()])
    app.saw([create.__name__, create.__qualname__, create.__doc__, create.__module__])
    app.saw([inspect.ismethod(create), inspect.iscoroutinefunction(create), callable(create)])
    app.saw(create.__self__ is app.completions)
    return create


@scenario(ANSWER, spans=2)
async def test_client_with_other_options(app: App) -> object:
    app.saw(await app.call(app.client.with_options(timeout=3).chat.completions.create, **ASK))
    other = app.client.copy(default_headers={"X-Odd": "1"}, organization="us")
    return await app.call(other.chat.completions.create, **ASK)
