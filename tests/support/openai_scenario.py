"""Scenarios: a way of calling OpenAI's SDK, run bare and instrumented, and compared.

    @scenario(Json(completion()))
    async def test_create(app: App) -> object:
        return await app.create()

makes a test for the blocking and one for the asynchronous client. It fails where the app sees any difference (values,
exceptions, warnings, log records), where the server receives other bytes, and where a span is missing, open, ended
twice or not as the conventions say.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

import openai
import pytest
from opentelemetry import context as otel_context
from opentelemetry.trace import StatusCode

from genspan.instrumentation.core import guard
from genspan.instrumentation.openai import OpenAIInstrumentor
from support.openai_wire import ASK
from support.scripted_server import Request, ScriptedServer
from support.scripted_socket import ScriptedSocket
from support.sight import Sight, looking
from support.telemetry import InMemoryTelemetry, instrumented
from support.ways import WAYS, Way

NO_CONNECTION, TIMEOUT = (
    ("openai.APIConnectionError", "openai.APITimeoutError")
    if hasattr(openai._streaming, "request_exceptions")
    else ("httpx.RemoteProtocolError", "httpx.ReadTimeout")
)
"""What breaks a stream, as openai 3 words it, and as httpx did before."""


Server = ScriptedServer | ScriptedSocket


class App:
    """What a scenario has at hand: a client of its way, and an eye."""

    def __init__(self, way: Way, server: Server, sight: Sight) -> None:
        self.way = way
        self.server = server
        self.saw = sight.saw
        """Notes a value as it is now."""
        self._made: list[Any] = []

    @property
    def blocking(self) -> bool:
        """Whether this is the blocking way."""
        return self.way.name == "sync"

    def make(self, sync: Any = openai.OpenAI, asynchronous: Any = openai.AsyncOpenAI, **options: Any) -> Any:
        """A client; closed after the scenario."""
        http = openai.DefaultHttpxClient if self.blocking else openai.DefaultAsyncHttpxClient
        # Certificates take 30 ms to load, and no request needs them.
        defaults = {
            "api_key": "test",
            "base_url": self.server.url,
            "max_retries": 0,
            "http_client": http(verify=False),
        }
        client = (sync if self.blocking else asynchronous)(**{**defaults, **options})
        self._made.append(client)
        return client

    @cached_property
    def client(self) -> Any:
        """A plain client without retries."""
        return self.make()

    @property
    def completions(self) -> Any:
        """`client.chat.completions`."""
        return self.client.chat.completions

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the function returns, awaited where that is due."""
        return await self.way.call(function, *args, **kwargs)

    async def create(self, **arguments: Any) -> Any:
        """`chat.completions.create` with a question."""
        return await self.call(self.completions.create, **{**ASK, **arguments})

    async def stream(self, **arguments: Any) -> Any:
        """`create(stream=True)`."""
        stream = await self.create(stream=True, **arguments)
        self.saw(stream)
        return stream

    async def read(self, stream: Any, limit: int | None = None) -> None:
        """Reads a stream by a `for` loop and notes what comes; breaks out after `limit` items."""
        await self.way.read(stream, self.each, limit)

    def each(self, item: Any) -> None:
        """Notes an item of a stream, and that the app's context is its own meanwhile."""
        self.saw(item)
        self.saw(dict(otel_context.get_current()))

    async def close_clients(self) -> None:
        """Closes every client made."""
        for client in self._made:
            await self.way.call(client.close)


Body = Callable[[App], Awaitable[object]]


def run(body: Body, way: Way, server: Server, answers: Sequence[Any]) -> tuple[Sight, list[Request]]:
    """Runs a scenario once; gives what the app saw and what the server received."""
    server.script(*answers)
    with looking() as sight:
        way.run(_seen(body, App(way, server, sight)))
    return sight, server.requests


async def _seen(body: Body, app: App) -> None:
    try:
        app.saw(await body(app))
    except BaseException as error:  # noqa: BLE001 - whatever the app would see
        app.saw(error)
    app.saw(dict(otel_context.get_current()))
    await app.close_clients()


@cache  # A client takes as long to make as a scenario to run.
def _capable(needs: str | None, blocking: bool) -> bool:
    if needs is None:
        return True
    client = (openai.OpenAI if blocking else openai.AsyncOpenAI)(api_key="test")
    try:
        attrgetter(needs)(client)
    except AttributeError:
        return False
    return True


def _alike(request: Request) -> Request:
    """The request with a boundary of its own in place of the one that the SDK draws for each form."""
    drawn = next((re.search("boundary=(.+)", value) for name, value in request.headers if name == "Content-Type"), None)
    if drawn is None:
        return request
    boundary = drawn[1]
    headers = tuple((name, value.replace(boundary, "boundary")) for name, value in request.headers)
    return replace(request, headers=headers, body=request.body.replace(boundary.encode(), b"boundary"))


def compare(
    body: Body,
    way: Way,
    server: Server,
    answers: Sequence[Any],
    telemetry: InMemoryTelemetry,
    capture: str | None = "SPAN_AND_EVENT",
    tolerated: Sequence[str] = (),
) -> None:
    """Runs a scenario bare, then instrumented. Breaches of the conventions' rules that are `tolerated` pass.

    Raises AssertionError where they differ or the telemetry is not sound.
    """
    guard._reported.clear()  # A fault of ours is logged once a process: here, once a scenario.
    bare, sent = run(body, way, server, answers)
    # Upstream's check of what is installed reads metadata each time; `opentelemetry-instrument` leaves it out as well.
    with instrumented(OpenAIInstrumentor(), telemetry, capture=capture, skip_dep_check=True):
        seen, received = run(body, way, server, answers)
    assert seen.values == bare.values
    assert seen.warnings == bare.warnings
    # In any order: some scenarios do several things at once.
    assert sorted(seen.logs) == sorted(bare.logs)
    assert seen.unraisable == bare.unraisable
    assert sorted(map(_alike, received), key=repr) == sorted(map(_alike, sent), key=repr)
    telemetry.assert_sound(tolerated)


def scenario(
    *answers: Any,
    spans: int = 1,
    error: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    needs: str | None = None,
    ways: Sequence[Way] = WAYS,
    tolerated: Sequence[str] = (),
) -> Callable[[Body], Callable[..., None]]:
    """Makes a test of a scenario.

    `spans` is how many it makes; `error` is the `error.type` of each, None where none fails; `attributes` are some of
    each one's, None for one that must be absent. `needs` names what of the client an old SDK may lack; `tolerated` are
    rules of the conventions that the app itself breaks.
    """

    def decorate(body: Body) -> Callable[..., None]:
        @pytest.mark.parametrize("way", ways, ids=lambda way: way.name)
        def test(way: Way, server: Server) -> None:
            if not _capable(needs, way.name == "sync"):
                pytest.skip(f"no {needs} in openai {openai.__version__}")
            telemetry = InMemoryTelemetry()
            compare(body, way, server, answers, telemetry, tolerated=tolerated)
            assert len(telemetry.spans) == spans
            for span in telemetry.spans:
                recorded = dict(span.attributes or {})
                assert recorded.get("error.type") == error
                assert (span.status.status_code is StatusCode.ERROR) is (error is not None)
                expected = attributes or {}
                assert {name: recorded.get(name) for name in expected} == dict(expected)

        test.__name__, test.__doc__ = body.__name__, inspect.getdoc(body)
        test.__module__ = body.__module__
        return test

    return decorate
