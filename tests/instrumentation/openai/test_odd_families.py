"""Odd requests and odd answers of the other families: nothing that works bare may fail."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.odd import WORDS
from support.openai_families_wire import (
    SAY,
    compaction,
    decision,
    embeddings,
    found,
    images,
    moderation,
    response,
    text_completion,
    text_events,
)
from support.openai_scenario import App, compare
from support.scripted_server import Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS

pytestmark = pytest.mark.skipif(not hasattr(openai.OpenAI, "responses"), reason="an SDK from before responses")

LEAF: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.just("\ud800")
JUNK: st.SearchStrategy[Any] = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "id", "content", "output", "odd"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KINDS = (
    "message",
    "reasoning",
    "function_call",
    "custom_tool_call",
    "function_call_output",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "mcp_call",
    "mcp_approval_response",
    "image_generation_call",
    "computer_call",
    "computer_call_output",
    "shell_call_output",
    "apply_patch_call",
    "compaction",
    "hologram",
)
PARTS = ["input_text", "output_text", "refusal", "input_image", "input_file", "input_audio", "summary_text", "hologram"]


def spoilt(whole: Any) -> st.SearchStrategy[Any]:
    """The value with parts of it missing, or replaced by junk."""
    if isinstance(whole, dict):
        fields = {name: JUNK | spoilt(value) for name, value in whole.items()}
        return st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(
            {name: spoilt(value) for name, value in whole.items()}
        )
    if isinstance(whole, list):
        return st.tuples(*map(spoilt, whole)).map(list) | st.lists(
            JUNK | st.one_of(*map(spoilt, whole or [None])), max_size=2
        )
    return st.just(whole) | LEAF


PART = st.fixed_dictionaries(
    {"type": st.sampled_from(PARTS)},
    optional=dict.fromkeys(("text", "refusal", "image_url", "file_id", "file_data", "input_audio"), JUNK),
)
ITEM = JUNK | st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "id": JUNK,
        "call_id": JUNK,
        "role": st.just("user") | JUNK,
        "content": JUNK | st.lists(PART, max_size=2),
        "summary": JUNK | st.lists(PART, max_size=2),
        "name": JUNK,
        "arguments": JUNK,
        "action": JUNK,
        "output": JUNK | st.lists(PART, max_size=2),
        "result": JUNK,
        "results": JUNK,
    },
)
ANSWER = spoilt(response()) | st.lists(ITEM, max_size=3).map(lambda output: {**response(), "output": output})
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "model": JUNK | st.just("gpt-5-mini"),
        "input": JUNK | st.lists(ITEM, max_size=3),
        "instructions": JUNK | st.lists(ITEM, max_size=2),
        "tools": JUNK | st.lists(st.fixed_dictionaries({"type": JUNK}), max_size=2),
        "conversation": JUNK | st.just({"id": "conv_1"}),
        "prompt": JUNK | spoilt({"id": "p", "version": "1", "variables": {"a": "b"}}),
        "reasoning": JUNK | spoilt({"effort": "low"}),
        "text": JUNK | spoilt({"format": {"type": "json_schema"}}),
        "service_tier": JUNK,
        "max_output_tokens": JUNK,
        "temperature": JUNK,
        "previous_response_id": JUNK,
        "extra_body": JUNK | st.just({"model": "other"}),
    },
)
WAY = st.sampled_from(WAYS)
MANY = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def check(body: Any, way: Any, server: ScriptedServer, answer: Any) -> None:
    telemetry = InMemoryTelemetry()
    # A model that is no text names nothing; an answer may say that it has more cached tokens than tokens, or have a
    # status that nobody knows.
    compare(body, way, server, [answer], telemetry, tolerated=("required attribute", "relation", "enum value"))


@MANY
@given(way=WAY, answer=ANSWER)
def test_odd_responses(server: ScriptedServer, way: Any, answer: Any) -> None:
    async def body(app: App) -> object:
        return await app.call(app.client.responses.create, **SAY)

    check(body, way, server, Json(answer))


@MANY
@given(way=WAY, answer=ANSWER)
def test_odd_responses_fetched(server: ScriptedServer, way: Any, answer: Any) -> None:
    async def body(app: App) -> object:
        return await app.call(app.client.responses.retrieve, "resp_1")

    check(body, way, server, Json(answer))


@MANY
@given(way=WAY, events=st.lists(st.one_of(*map(spoilt, text_events())), max_size=5))
def test_odd_response_streams(server: ScriptedServer, way: Any, events: list[Any]) -> None:
    async def body(app: App) -> object:
        await app.read(await app.call(app.client.responses.create, **SAY, stream=True))
        return None

    check(body, way, server, Sse(events, done=False))


@MANY
@given(way=WAY, request_=REQUEST)
def test_odd_response_requests(server: ScriptedServer, way: Any, request_: dict[str, Any]) -> None:
    async def body(app: App) -> object:
        return await app.call(app.client.responses.create, **request_)

    check(body, way, server, Json(response()))


OTHERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "compact": ("responses.compact", {**SAY}, compaction()),
    "completions": ("completions.create", {"model": "m", "prompt": "p"}, text_completion()),
    "embeddings": ("embeddings.create", {"model": "m", "input": "p", "encoding_format": "float"}, embeddings()),
    "base64": ("embeddings.create", {"model": "m", "input": "p"}, embeddings("AAAA")),
    "images": ("images.generate", {"model": "m", "prompt": "p"}, images()),
    "translations": ("audio.translations.create", {"model": "m", "file": ("a.wav", b"a")}, {"text": "Hello."}),
    "moderations": ("moderations.create", {"model": "m", "input": "p"}, moderation("hate")),
    "searches": ("vector_stores.search", {"vector_store_id": "v", "query": "q"}, found()),
    "decisions": ("decisions.create", {"model": "m", "input": "i", "questions": []}, decision()),
}


def method(app: App, path: str) -> Any:
    found: Any = app.client
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("family", OTHERS)
@settings(MANY, max_examples=25)
@given(way=WAY, data=st.data())
def test_odd_answers(server: ScriptedServer, family: str, way: Any, data: Any) -> None:
    path, arguments, whole = OTHERS[family]
    if path == "decisions.create" and not hasattr(openai.OpenAI, "decisions"):
        pytest.skip("no decisions")
    answer = data.draw(spoilt(whole))

    async def body(app: App) -> object:
        return await app.call(method(app, path), **arguments)

    check(body, way, server, Json(answer))


@pytest.mark.parametrize("family", OTHERS)
@settings(MANY, max_examples=25)
@given(way=WAY, data=st.data())
def test_odd_requests(server: ScriptedServer, family: str, way: Any, data: Any) -> None:
    path, arguments, whole = OTHERS[family]
    if path == "decisions.create" and not hasattr(openai.OpenAI, "decisions"):
        pytest.skip("no decisions")
    request = data.draw(st.fixed_dictionaries({name: JUNK | st.just(value) for name, value in arguments.items()}))
    extra = data.draw(st.none() | JUNK)

    async def body(app: App) -> object:
        return await app.call(method(app, path), **request, extra_body=extra)

    check(body, way, server, Json(whole))


IMAGE = {"type": "image_generation.completed", "b64_json": "AAAA", "output_format": "png", "usage": images()["usage"]}
STREAMS: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    "completions": ("completions.create", {"model": "m", "prompt": "p"}, [text_completion("a", "b")]),
    "images": ("images.generate", {"model": "m", "prompt": "p"}, [{**IMAGE, "type": "partial"}, IMAGE]),
    "transcriptions": (
        "audio.transcriptions.create",
        {"model": "m", "file": ("a.wav", b"a")},
        [{"type": "transcript.text.delta", "delta": "a"}, {"type": "transcript.text.done", "text": "a"}],
    ),
}


@pytest.mark.parametrize("family", STREAMS)
@settings(MANY, max_examples=25)
@given(way=WAY, data=st.data())
def test_odd_streams(server: ScriptedServer, family: str, way: Any, data: Any) -> None:
    path, arguments, chunks = STREAMS[family]
    spoilt_chunks = data.draw(st.lists(st.one_of(*map(spoilt, chunks)) | JUNK, max_size=4))

    async def body(app: App) -> object:
        await app.read(await app.call(method(app, path), **arguments, stream=True))
        return None

    check(body, way, server, Sse(spoilt_chunks))
