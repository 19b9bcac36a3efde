"""Odd requests and odd answers, as many as hypothesis thinks of: nothing that works bare may fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.odd import WORDS
from support.openai_scenario import App, compare
from support.openai_wire import MODEL, USAGE, chunk, completion
from support.scripted_server import Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "id", "function", "name", "url", "odd"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def odd(**fields: Any) -> st.SearchStrategy[Any]:
    """A mapping whose fields are as given, or junk, or missing; or junk in its place."""
    values = {
        name: JUNK | (value if isinstance(value, st.SearchStrategy) else st.just(value))
        for name, value in fields.items()
    }
    return st.fixed_dictionaries({}, optional=values) | JUNK


def many(item: Any) -> Any:
    return st.lists(item, max_size=2)


FUNCTION = odd(name="f", arguments=st.sampled_from(["{}", "{", '{"a":1}']))
TOOL_CALL = odd(id="call_1", type="function", function=FUNCTION, index=0, custom=odd(name="c", input="x"))
PART = odd(
    type=st.sampled_from(["text", "image_url", "input_audio", "file", "refusal"]),
    text="words",
    image_url=odd(url=st.sampled_from(["https://x/y.png", "data:image/png;base64,AAAA", "data:"])),
    input_audio=odd(data="AAAA", format="wav"),
    file=odd(file_id="f", file_data="data:x/y;base64,AAAA"),
)
SAID = {
    "role": st.sampled_from(["user", "assistant", "system", "tool", "function"]),
    "content": st.just("words") | many(PART),
    "tool_calls": many(TOOL_CALL),
    "refusal": "no",
    "audio": odd(id="a", data="AAAA", transcript="t"),
    "function_call": FUNCTION,
    "reasoning_content": "hm",
    "name": "n",
    "tool_call_id": "c",
}
CHOICE = odd(index=0, finish_reason="stop", message=odd(**SAID), delta=odd(**SAID))
TOKENS = odd(**USAGE)
ANSWER = odd(**{**completion(), "choices": many(CHOICE), "usage": TOKENS})
CHUNK = odd(**{**chunk(), "choices": many(CHOICE), "usage": TOKENS})
TOOL = odd(type="function", function=odd(name="f", description="d", parameters=st.just({"type": "object"})))
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "model": JUNK | st.just(MODEL),
        "messages": JUNK | many(odd(**SAID)),
        "tools": JUNK | many(TOOL),
        "functions": JUNK | many(FUNCTION),
        "n": JUNK | st.integers(0, 3),
        "stop": JUNK | st.just(["a"]),
        "temperature": JUNK | st.floats(0, 2),
        "max_tokens": JUNK,
        "seed": JUNK,
        "response_format": JUNK | odd(type="json_schema"),
        "service_tier": JUNK | st.just("auto"),
        "reasoning_effort": JUNK,
        "stream": st.booleans() | JUNK,
        "extra_body": JUNK,
    },
)
WAY = st.sampled_from(WAYS)
MANY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def check(body: Any, way: Any, server: ScriptedServer, answer: Any) -> None:
    telemetry = InMemoryTelemetry()
    # A model that is no text names nothing; an answer may say that it has more cached tokens than tokens.
    compare(body, way, server, [answer], telemetry, tolerated=("required attribute", "relation"))


@MANY
@given(way=WAY, answer=ANSWER)
def test_odd_answers(server: ScriptedServer, way: Any, answer: Any) -> None:
    async def body(app: App) -> object:
        return await app.create()

    check(body, way, server, Json(answer))


@MANY
@given(way=WAY, chunks=st.lists(CHUNK, max_size=4))
def test_odd_streams(server: ScriptedServer, way: Any, chunks: list[Any]) -> None:
    async def body(app: App) -> object:
        await app.read(await app.stream())
        return None

    check(body, way, server, Sse(chunks))


@MANY
@given(way=WAY, request_=REQUEST)
def test_odd_requests(server: ScriptedServer, way: Any, request_: dict[str, Any]) -> None:
    async def body(app: App) -> object:
        answer = await app.call(app.completions.create, **request_)
        app.saw(answer)
        if request_.get("stream"):
            await app.read(answer)
        return None

    check(body, way, server, Json(completion()))


@pytest.mark.parametrize("size", [1_000_000])
def test_huge_answer(server: ScriptedServer, size: int) -> None:
    async def body(app: App) -> object:
        return await app.create(messages=[{"role": "user", "content": "é" * size}])

    telemetry = InMemoryTelemetry()
    compare(body, WAYS[0], server, [Json(completion())], telemetry)
    assert len(str((telemetry.span.attributes or {})["gen_ai.input.messages"])) > size
