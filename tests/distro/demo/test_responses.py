"""The server's Responses API, asked for by the real OpenAI client."""

import json
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from pydantic import BaseModel

CAPITALS = "Paris is the capital of France. Rome is the capital of Italy."
QUESTION = "What is the capital of France?"
ANSWER = "Paris is the capital of France."


@pytest.fixture(scope="module")
def offered(functions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "function", "strict": False, **function} for function in functions]


def test_answer(client: OpenAI) -> None:
    done = client.responses.create(model="m", instructions=CAPITALS, input=QUESTION)
    assert done.output_text == ANSWER
    assert (done.status, done.model, done.service_tier) == ("completed", "m", "default")
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens > 10


def test_messages_as_input(client: OpenAI) -> None:
    given = [
        {"role": "developer", "content": CAPITALS},
        {"role": "user", "content": [{"type": "input_text", "text": "What is the capital of Italy?"}]},
    ]
    assert client.responses.create(model="m", input=given).output_text == "Rome is the capital of Italy."


def test_length_limit(client: OpenAI) -> None:
    done = client.responses.create(model="m", instructions=CAPITALS, input=QUESTION, max_output_tokens=2)
    assert (done.status, done.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert done.output_text == "Paris is"


def test_stream_holds_the_same_as_the_whole(client: OpenAI) -> None:
    events = list(client.responses.create(model="m", instructions=CAPITALS, input=QUESTION, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == events[-1].response.output_text == ANSWER
    assert len(deltas) > 5


async def test_async_stream_helper(async_client: AsyncOpenAI) -> None:
    async with async_client.responses.stream(model="m", instructions=CAPITALS, input=QUESTION) as stream:
        async for _ in stream:
            pass
        assert (await stream.get_final_response()).output_text == ANSWER


@pytest.mark.parametrize("stream", [False, True])
def test_tool_loop(client: OpenAI, offered: list[dict[str, Any]], stream: bool) -> None:
    def ask(given: list[Any]) -> Any:
        done = client.responses.create(model="m", input=given, tools=offered, stream=stream)
        return list(done)[-1].response if stream else done

    given: list[Any] = [{"role": "user", "content": "Multiply 6 by 7."}]
    (call,) = ask(given).output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "multiply", {"a": 6, "b": 7})
    given += [call, {"type": "function_call_output", "call_id": call.call_id, "output": "42"}]
    assert "42" in ask(given).output_text


class Guests(BaseModel):
    guests: int


def test_structured_answer(client: OpenAI) -> None:
    done = client.responses.parse(model="m", input="There will be 12 guests.", text_format=Guests)
    assert done.output_parsed == Guests(guests=12)


@pytest.mark.parametrize("change", [{"input": 3}, {"model": None}, {"input": [{"role": "wizard"}]}])
def test_refusals(client: OpenAI, change: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.responses.create(**({"model": "m", "input": "hello"} | change))
    assert refused.value.param.startswith(next(iter(change)))
