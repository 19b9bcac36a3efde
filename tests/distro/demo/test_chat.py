"""The server's chat completions, asked for by the real OpenAI client."""

import json
from typing import Any, Literal

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from pydantic import BaseModel

CAPITALS = {"role": "system", "content": "Paris is the capital of France. Rome is the capital of Italy."}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


FRANCE = [CAPITALS, user("What is the capital of France?")]


def test_answers_out_of_what_it_was_told(client: OpenAI) -> None:
    done = client.chat.completions.create(model="some-model", messages=FRANCE)
    (choice,) = done.choices
    assert choice.message.role == "assistant"
    assert choice.message.content == "Paris is the capital of France."
    assert choice.message.tool_calls is None
    assert choice.finish_reason == "stop"
    assert done.model == "some-model"
    assert done.id.startswith("chatcmpl-")
    assert done.service_tier == "default"
    assert done.system_fingerprint.startswith("fp_")
    assert done._request_id.startswith("req_")


def test_does_not_pretend_to_know(client: OpenAI) -> None:
    done = client.chat.completions.create(model="m", messages=[CAPITALS, user("Who wrote Moby Dick?")])
    assert "told nothing" in done.choices[0].message.content
    assert "moby" in done.choices[0].message.content


def test_usage_adds_up_and_follows_the_texts(client: OpenAI) -> None:
    short = client.chat.completions.create(model="m", messages=FRANCE).usage
    long = client.chat.completions.create(model="m", messages=[user("word " * 2000), *FRANCE]).usage
    assert short.total_tokens == short.prompt_tokens + short.completion_tokens
    assert short.completion_tokens == 7
    assert long.prompt_tokens > short.prompt_tokens + 2000
    assert short.prompt_tokens_details.cached_tokens == 0
    assert 1024 <= long.prompt_tokens_details.cached_tokens <= long.prompt_tokens
    assert short.completion_tokens_details.reasoning_tokens == 0


def test_choices(client: OpenAI) -> None:
    one = client.chat.completions.create(model="m", messages=FRANCE)
    three = client.chat.completions.create(model="m", messages=FRANCE, n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert three.usage.completion_tokens == 3 * one.usage.completion_tokens


def test_length_limit(client: OpenAI) -> None:
    done = client.chat.completions.create(model="m", messages=FRANCE, max_completion_tokens=2)
    assert done.choices[0].message.content == "Paris is"
    assert done.choices[0].finish_reason == "length"
    assert done.usage.completion_tokens == 2


def test_content_parts(client: OpenAI) -> None:
    parts = [{"type": "text", "text": "What is the capital of Italy?"}]
    done = client.chat.completions.create(model="m", messages=[CAPITALS, {"role": "user", "content": parts}])
    assert done.choices[0].message.content == "Rome is the capital of Italy."


async def test_async(async_client: AsyncOpenAI) -> None:
    done = await async_client.chat.completions.create(model="m", messages=FRANCE)
    assert done.choices[0].message.content == "Paris is the capital of France."


@pytest.mark.parametrize("n", [1, 2])
def test_stream_holds_the_same_as_the_whole(client: OpenAI, n: int) -> None:
    whole = client.chat.completions.create(model="m", messages=FRANCE, n=n)
    with client.chat.completions.create(
        model="m", messages=FRANCE, n=n, stream=True, stream_options={"include_usage": True}
    ) as stream:
        *chunks, last = stream
    for index in range(n):
        choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
        assert choices[0].delta.role == "assistant"
        assert "".join(choice.delta.content or "" for choice in choices) == whole.choices[index].message.content
        assert [choice.finish_reason for choice in choices][-1] == "stop"
    assert last.choices == []
    assert last.usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks)
    assert len({chunk.id for chunk in (*chunks, last)}) == 1


def test_stream_without_usage(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="m", messages=FRANCE, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert len(chunks) > 5


async def test_async_stream(async_client: AsyncOpenAI) -> None:
    stream = await async_client.chat.completions.create(model="m", messages=FRANCE, stream=True)
    told = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert told == "Paris is the capital of France."


def test_left_stream_does_not_disturb_the_next_call(client: OpenAI) -> None:
    with client.chat.completions.create(model="m", messages=FRANCE, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(model="m", messages=FRANCE).choices[0].finish_reason == "stop"


def test_stream_helper(client: OpenAI, tools: list[dict[str, Any]]) -> None:
    with client.chat.completions.stream(model="m", messages=[user("Multiply 6 by 7.")], tools=tools) as stream:
        kinds = {event.type for event in stream}
        done = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds
    (call,) = done.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("multiply", {"a": 6, "b": 7})
    assert done.choices[0].finish_reason == "tool_calls"


def called(done: Any) -> dict[str, Any]:
    return {
        call.function.name: json.loads(call.function.arguments) for call in done.choices[0].message.tool_calls or ()
    }


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("What is the weather in Paris?", {"get_weather": {"city": "Paris"}}),
        ("Weather in New York, in fahrenheit?", {"get_weather": {"city": "New York", "unit": "fahrenheit"}}),
        ("How much is 6 multiplied by 4.5?", {"multiply": {"a": 6, "b": 4.5}}),
        (
            "Are there direct flights from Berlin to Lisbon on 2026-12-01 for 2 passengers?",
            {
                "search_flights": {
                    "origin": "Berlin",
                    "destination": "Lisbon",
                    "date": "2026-12-01",
                    "passengers": 2,
                    "direct": True,
                }
            },
        ),
        (
            "What is the weather in Rome, and multiply 3 by 4.",
            {"get_weather": {"city": "Rome"}, "multiply": {"a": 3, "b": 4}},
        ),
        ("Sing me a song.", {}),
        ("Multiply them.", {}),
    ],
)
def test_chooses_tools_by_the_question(
    client: OpenAI, tools: list[dict[str, Any]], question: str, calls: dict[str, Any]
) -> None:
    done = client.chat.completions.create(model="m", messages=[user(question)], tools=tools)
    assert called(done) == calls
    assert done.choices[0].finish_reason == ("tool_calls" if calls else "stop")
    assert (done.choices[0].message.content is None) == bool(calls)


def test_one_call_at_a_time(client: OpenAI, tools: list[dict[str, Any]]) -> None:
    asked = [user("What is the weather in Rome, and multiply 3 by 4.")]
    done = client.chat.completions.create(model="m", messages=asked, tools=tools, parallel_tool_calls=False)
    assert len(called(done)) == 1


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("none", []),
        ("required", ["get_weather"]),
        ({"type": "function", "function": {"name": "multiply"}}, ["multiply"]),
    ],
)
def test_tool_choice(client: OpenAI, tools: list[dict[str, Any]], choice: Any, names: list[str]) -> None:
    asked = [user("What is the weather in Paris?")]
    done = client.chat.completions.create(model="m", messages=asked, tools=tools, tool_choice=choice)
    assert list(called(done)) == names


def test_loop_calls_each_tool_once_and_answers_out_of_the_results(client: OpenAI, tools: list[dict[str, Any]]) -> None:
    results = {"get_weather": '{"temperature": 21, "sky": "clear"}', "multiply": "12.0"}
    messages: list[Any] = [user("What is the weather in Rome, and multiply 3 by 4.")]
    seen = []
    while (
        message := client.chat.completions.create(model="m", messages=messages, tools=tools).choices[0].message
    ).tool_calls:
        messages.append(message)
        for call in message.tool_calls:
            seen.append(call.function.name)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": results[call.function.name]})
    assert sorted(seen) == ["get_weather", "multiply"]
    assert "temperature: 21, sky: clear" in message.content
    assert "12.0" in message.content

    messages += [message, user("And the weather in Oslo?")]
    assert called(client.chat.completions.create(model="m", messages=messages, tools=tools)) == {
        "get_weather": {"city": "Oslo"}
    }


def test_argument_out_of_an_earlier_result(client: OpenAI, tools: list[dict[str, Any]]) -> None:
    asked = {"id": "call_1", "type": "function", "function": {"name": "where_am_i", "arguments": "{}"}}
    messages: list[Any] = [
        user("How is the weather here?"),
        {"role": "assistant", "content": None, "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": "call_1", "content": "You are in Oslo."},
    ]
    assert called(client.chat.completions.create(model="m", messages=messages, tools=tools)) == {
        "get_weather": {"city": "Oslo"}
    }


class Event(BaseModel):
    date: str
    kind: Literal["party", "meeting"]
    guests: int
    place: str | None = None


def test_structured_answer(client: OpenAI) -> None:
    asked = [user("We hold a meeting in Berlin with 12 guests.")]
    event = client.chat.completions.parse(model="m", messages=asked, response_format=Event).choices[0].message.parsed
    assert (event.kind, event.guests) == ("meeting", 12)


def test_json_object(client: OpenAI) -> None:
    done = client.chat.completions.create(model="m", messages=FRANCE, response_format={"type": "json_object"})
    assert json.loads(done.choices[0].message.content) == {"answer": "Paris is the capital of France."}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "wizard", "content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "tool_call_id": "call_0", "content": "4"}]}, "messages[0].role"),
        ({"model": None}, "model"),
        ({"n": 0}, "n"),
        ({"n": "two"}, "n"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"tool_choice": "required"}, "tool_choice"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refusals(client: OpenAI, change: dict[str, Any], param: str, stream: bool) -> None:
    request = {"model": "m", "messages": FRANCE, "stream": stream} | change
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(**request)
    assert refused.value.type == "invalid_request_error"
    assert refused.value.param == param
    assert refused.value.request_id.startswith("req_")
