"""Every family of the API by every way of calling: what holds for all of them alike."""

from __future__ import annotations

import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import openai
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from support import openai_families_wire as wire
from support.openai_scenario import App, scenario
from support.scripted_server import Answer, Body, Disconnect, Failure, Json, ScriptedServer, Stall
from support.ways import WAYS, Way


@dataclass(frozen=True)
class Family:
    """One method of the API."""

    path: str
    """Where the client has it."""
    operation: str
    arguments: Callable[[], dict[str, Any]]
    answer: Answer
    attributes: dict[str, Any] = field(default_factory=dict)
    """What is recorded of the answer."""
    binary: bool = False

    @property
    def resource(self) -> str:
        return self.path.rpartition(".")[0]

    def of(self, app: App, way: str = "") -> Any:
        """The method, by `with_raw_response` or `with_streaming_response` where that is the way."""
        resource = attrgetter(self.resource)(app.client)
        return getattr(getattr(resource, way) if way else resource, self.path.rpartition(".")[2])


def sound() -> io.BytesIO:
    file = io.BytesIO(b"RIFF" + bytes(range(256)))
    file.name = "sound.wav"
    return file


def picture() -> io.BytesIO:
    file = io.BytesIO(b"\x89PNG" + bytes(range(256)))
    file.name = "picture.png"
    return file


SPOKEN = Body(b"ID3\x00sound", content_type="audio/mpeg")
SPEAK = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hi."}
FAMILIES = (
    Family(
        "responses.create",
        "chat",
        lambda: {**wire.SAY},
        Json(wire.response()),
        {
            "gen_ai.response.id": "resp_1",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.input_tokens": 19,
            "gen_ai.usage.cache_read.input_tokens": 4,
            "gen_ai.usage.cache_write.input_tokens": 2,
            "gen_ai.usage.output_tokens": 10,
            "gen_ai.usage.reasoning.output_tokens": 3,
            "openai.response.service_tier": "default",
            "openai.api.type": "responses",
        },
    ),
    Family(
        "beta.responses.create",
        "chat",
        lambda: {**wire.SAY},
        Json(wire.response()),
        {"gen_ai.response.id": "resp_1", "gen_ai.usage.output_tokens": 10, "openai.api.type": "responses"},
    ),
    Family(
        "responses.compact",
        "chat",
        lambda: {**wire.SAY},
        Json(wire.compaction()),
        {
            "gen_ai.response.id": "cmp_1",
            "gen_ai.conversation.compacted": True,
            "gen_ai.response.finish_reasons": ("compaction",),
            "gen_ai.usage.output_tokens": 10,
        },
    ),
    Family(
        "responses.retrieve",
        "fetch_response",
        lambda: {"response_id": "resp_1"},
        Json(wire.response()),
        {
            "gen_ai.response.id": "resp_1",
            "gen_ai.response.status": "completed",
            "gen_ai.response.model": "gpt-5-mini-2026-08-01",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.output_tokens": None,
        },
    ),
    Family(
        "completions.create",
        "text_completion",
        lambda: {"model": "gpt-3.5-turbo-instruct", "prompt": "The capital of France is"},
        Json(wire.text_completion()),
        {
            "gen_ai.response.id": "cmpl-1",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.input_tokens": 5,
            "gen_ai.usage.output_tokens": 2,
            "openai.response.system_fingerprint": "fp_1",
        },
    ),
    Family(
        "embeddings.create",
        "embeddings",
        lambda: {"model": "text-embedding-3-small", "input": "Paris", "encoding_format": "float"},
        Json(wire.embeddings()),
        {
            "gen_ai.response.model": "text-embedding-3-small",
            "gen_ai.embeddings.dimension.count": 3,
            "gen_ai.usage.input_tokens": 5,
            "gen_ai.request.encoding_formats": ("float",),
        },
    ),
    Family(
        "images.generate",
        "generate_content",
        lambda: {"model": "gpt-image-1", "prompt": "A cat."},
        Json(wire.images()),
        {
            "gen_ai.output.type": "image",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.input_tokens": 50,
            "gen_ai.usage.image.input_tokens": 40,
            "gen_ai.usage.text.input_tokens": 10,
        },
    ),
    Family(
        "images.edit",
        "generate_content",
        lambda: {"model": "gpt-image-1", "prompt": "A hat.", "image": picture()},
        Json(wire.images()),
        {"gen_ai.output.type": "image", "gen_ai.usage.output_tokens": 40},
    ),
    Family(
        "images.create_variation",
        "generate_content",
        lambda: {"model": "dall-e-2", "image": picture()},
        Json(wire.images({"url": "https://images.example/1.png"})),
        {"gen_ai.output.type": "image", "gen_ai.input.messages": None},
    ),
    Family(
        "audio.speech.create",
        "generate_content",
        lambda: {**SPEAK},
        SPOKEN,
        {"gen_ai.output.type": "speech"},
        binary=True,
    ),
    Family(
        "audio.transcriptions.create",
        "generate_content",
        lambda: {"model": "gpt-4o-transcribe", "file": sound()},
        Json(
            {
                "text": "Hello.",
                "usage": {
                    "type": "tokens",
                    "input_tokens": 14,
                    "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
                    "output_tokens": 3,
                    "total_tokens": 17,
                },
            }
        ),
        {
            "gen_ai.output.type": "text",
            "gen_ai.usage.input_tokens": 14,
            "gen_ai.usage.audio.input_tokens": 14,
            "gen_ai.usage.output_tokens": 3,
        },
    ),
    Family(
        "audio.translations.create",
        "generate_content",
        lambda: {"model": "whisper-1", "file": sound()},
        Json({"text": "Hello."}),
        {"gen_ai.output.type": "text"},
    ),
    Family(
        "moderations.create",
        "moderation",
        lambda: {"model": "omni-moderation-latest", "input": "I will hit you."},
        Json(wire.moderation("violence")),
        {"gen_ai.response.id": "modr-1", "gen_ai.response.model": "omni-moderation-2026"},
    ),
    Family(
        "vector_stores.search",
        "retrieval",
        lambda: {"vector_store_id": "vs_1", "query": "return policy", "max_num_results": 3},
        Json(wire.found()),
        {
            "gen_ai.data_source.id": "vs_1",
            "gen_ai.retrieval.top_k": 3,
            "gen_ai.retrieval.query.text": "return policy",
            "gen_ai.retrieval.documents": '[{"id":"file_1","score":0.75,"content":"30 days.\\nFree.",'
            '"metadata":{"region":"EU","filename":"returns.md"}}]',
        },
    ),
    Family(
        "decisions.create",
        "generate_content",
        lambda: {
            "model": "gpt-6-luna",
            "input": "Thanks!",
            "questions": [{"type": "predicate", "name": "polite", "question": "Is it polite?"}],
        },
        Json(wire.decision()),
        {
            "gen_ai.response.model": "gpt-6-luna-2026-09-01",
            "gen_ai.output.type": "json",
            "gen_ai.usage.output_tokens": 10,
        },
    ),
)

Scenario = Callable[[App, Family], Awaitable[object]]


def every(
    *answers: Answer,
    error: str | None = None,
    spans: int = 1,
    facts: bool = False,
) -> Callable[[Scenario], Callable[..., None]]:
    """A scenario for every family. Without `answers` its own is given; `facts`: its attributes are expected."""

    def decorate(body: Scenario) -> Callable[..., None]:
        @pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.path)
        @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
        def test(way: Way, family: Family, server: ScriptedServer) -> None:
            async def of_family(app: App) -> object:
                return await body(app, family)

            expected = {"gen_ai.operation.name": family.operation, **(family.attributes if facts else {})}
            run = scenario(
                *(answers or [family.answer]), error=error, spans=spans, attributes=expected, needs=family.path
            )(of_family)
            # The scenario's own parameter.
            run(way, server)

        test.__name__, test.__doc__ = body.__name__, body.__doc__
        return test

    return decorate


@every(facts=True)
async def test_plain(app: App, family: Family) -> object:
    return await app.call(family.of(app), **family.arguments())


@every(facts=True)
async def test_raw(app: App, family: Family) -> object:
    raw = await app.call(family.of(app, "with_raw_response"), **family.arguments())
    app.saw(raw)
    return await app.call(raw.parse)


@every(facts=True)
async def test_raw_never_parsed(app: App, family: Family) -> object:
    raw = await app.call(family.of(app, "with_raw_response"), **family.arguments())
    return [raw.headers["content-type"], raw.status_code, raw.http_response.content]


@every(facts=True)
async def test_streaming_response_parsed(app: App, family: Family) -> object:
    async with app.way.using(family.of(app, "with_streaming_response")(**family.arguments())) as raw:
        app.saw(raw)
        parsed = await app.call(raw.parse)
        app.saw(parsed)
        if family.binary:
            app.saw(await app.call(parsed.read if app.blocking else parsed.aread))


@every(facts=True)
async def test_streaming_response_read(app: App, family: Family) -> object:
    async with app.way.using(family.of(app, "with_streaming_response")(**family.arguments())) as raw:
        return await app.call(raw.read)


@every(facts=True)
async def test_streaming_response_in_pieces(app: App, family: Family) -> object:
    async with app.way.using(family.of(app, "with_streaming_response")(**family.arguments())) as raw:
        await app.read(raw.iter_bytes())


@every()
async def test_streaming_response_left_unread(app: App, family: Family) -> object:
    async with app.way.using(family.of(app, "with_streaming_response")(**family.arguments())) as raw:
        return raw.status_code


@every(Failure(429, code="rate_limit_exceeded"), error="openai.RateLimitError")
async def test_refused(app: App, family: Family) -> object:
    return await app.call(family.of(app), **family.arguments())


@every(Failure(400), error="openai.BadRequestError")
async def test_refused_in_streaming_response(app: App, family: Family) -> object:
    async with app.way.using(family.of(app, "with_streaming_response")(**family.arguments())) as raw:
        return raw


@every(Disconnect(), error="openai.APIConnectionError")
async def test_disconnected(app: App, family: Family) -> object:
    return await app.call(family.of(app), **family.arguments())


@every(Stall(), error="openai.APITimeoutError")
async def test_timed_out(app: App, family: Family) -> object:
    # Of reading alone: a busy machine may take longer to connect.
    timeout = openai.Timeout(10, read=0.05)
    try:
        return await app.call(family.of(app), **family.arguments(), timeout=timeout)
    finally:
        _wait_for_the_request(app)


def _wait_for_the_request(app: App) -> None:
    """Until the server, which a busy machine may have kept from it, has read what it never answers."""
    given_up = time.monotonic() + 10
    while not app.server.requests and time.monotonic() < given_up:
        time.sleep(0.005)


@every(Failure(500), Failure(503), Failure(500), error="openai.InternalServerError")
async def test_retried_in_vain(app: App, family: Family) -> object:
    resource = attrgetter(family.resource)(app.client.with_options(max_retries=2))
    return await app.call(getattr(resource, family.path.rpartition(".")[2]), **family.arguments())


@every(error="TypeError")
async def test_unknown_argument(app: App, family: Family) -> object:
    return await app.call(family.of(app), **family.arguments(), nonsense=1)


@every(Json(None))
async def test_null(app: App, family: Family) -> object:
    raw = await app.call(family.of(app, "with_raw_response"), **family.arguments())
    return raw.http_response.content


@every(Body(b"<html>busy</html>", content_type="text/html"))
async def test_web_page_in_place_of_an_answer(app: App, family: Family) -> object:
    raw = await app.call(family.of(app, "with_raw_response"), **family.arguments())
    return raw.http_response.content


@every(facts=True)
async def test_arguments_given_as_omitted(app: App, family: Family) -> object:
    return await app.call(family.of(app), **family.arguments(), timeout=openai.NOT_GIVEN, extra_body=None)


@every(spans=0)
async def test_suppressed(app: App, family: Family) -> object:
    with suppress_instrumentation():
        return await app.call(family.of(app), **family.arguments())


@every(facts=True)
async def test_extra_body_that_changes_nothing(app: App, family: Family) -> object:
    return await app.call(
        family.of(app), **family.arguments(), extra_body={"odd": {"a": 1}}, extra_headers={"X-Odd": "1"}
    )
