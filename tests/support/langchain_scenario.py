"""Scenarios: a way of using LangChain, run bare and instrumented, its span tree shown whole.

    @scenario('''
        invoke_agent desk
          chat gpt-5.4-mini
    ''')
    async def test_agent(app: App) -> object:
        return await app.invoke(create_agent(app.model(), []), QUESTION)

makes four tests: blocking and asynchronous, with LangChain alone and with OpenAI's SDK instrumented as well. Each fails
where the app sees any difference (values, exceptions, warnings, log records), where the tree is another, where a span
is open, ended twice, of the wrong kind or not as the conventions say, and where a context or a run is left behind.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
import select
import socket
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from typing import Any, Final

import openai
import pytest
from langchain_openai import ChatOpenAI
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from genspan.distro.demo.server import DemoServer
from genspan.instrumentation.core import guard
from genspan.instrumentation.langchain import LangChainInstrumentor
from genspan.instrumentation.langchain.runs import RUNS
from genspan.instrumentation.openai import OpenAIInstrumentor
from support.sight import Sight, looking, plain
from support.telemetry import InMemoryTelemetry, instrumented
from support.ways import WAYS, Way

MODEL = "gpt-5.4-mini"

WAYS_WITH_CONTEXT: Final = WAYS if sys.version_info >= (3, 11) else WAYS[:1]
"""For what needs tasks that are given their context. Before Python 3.11, LangChain leaves there what a generator has
attached, and LangGraph refuses what needs its config inside a node."""

_CHANCE = re.compile(
    r"(lc_run-+|run-+|chatcmpl-|call_|resp_|msg_|fc_|req_)[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{10}\.?\d*"
)
"""Ids and times, which differ from run to run."""


class App:
    """What a scenario has at hand."""

    def __init__(self, way: Way, server: DemoServer, sight: Sight, telemetry: InMemoryTelemetry) -> None:
        self.way = way
        self.server = server
        self.saw = sight.saw
        self.tracer = telemetry.tracer_provider.get_tracer("the app")
        self._before = dict(otel_context.get_current())
        self._made: list[Any] = []
        self._listeners: list[socket.socket] = []
        self._connections: list[socket.socket] = []

    @cached_property
    def hanging(self) -> str:
        """The base URL of a server that takes a request and never answers."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._listeners.append(listener)
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    @property
    def blocking(self) -> bool:
        """Whether this is the blocking way."""
        return self.way.name == "sync"

    def span(self, name: str) -> AbstractContextManager[Any]:
        """A span of the app's own, for a `with` block."""
        return self.tracer.start_as_current_span(name)

    def model(self, **options: Any) -> ChatOpenAI:
        """A chat model of the demo's server."""
        # LangChain would share its HTTP clients between event loops; and certificates take 30 ms to load.
        clients = openai.DefaultHttpxClient(verify=False), openai.DefaultAsyncHttpxClient(verify=False)
        self.closes(*clients)
        defaults = {
            "model": MODEL,
            "api_key": "test",
            "base_url": self.server.base_url,
            "max_retries": 0,
            "http_client": clients[0],
            "http_async_client": clients[1],
        }
        return ChatOpenAI(**{**defaults, **options})

    def closes(self, *clients: Any) -> None:
        """Has these closed when the scenario is over."""
        self._made.extend(clients)

    async def invoke(self, runnable: Any, *args: Any, **kwargs: Any) -> Any:
        """`invoke` or `ainvoke`."""
        return await self.call(runnable, "invoke", *args, **kwargs)

    async def call(self, runnable: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """A method of a runnable, or the asynchronous one beside it."""
        return await self.way.call(getattr(runnable, method if self.blocking else f"a{method}"), *args, **kwargs)

    async def stream(self, runnable: Any, *args: Any, limit: int | None = None, **kwargs: Any) -> None:
        """Reads `stream` or `astream` by a `for` loop and notes what comes; breaks out after `limit` items."""
        stream = runnable.stream(*args, **kwargs) if self.blocking else runnable.astream(*args, **kwargs)
        assert inspect.isgenerator(stream) if self.blocking else inspect.isasyncgen(stream)
        await self.way.read(stream, self.each, limit)
        if not self.blocking and limit is not None:
            await stream.aclose()
            del stream
            # asyncio closes the generators inside, which nobody holds any more, in its next rounds.
            gc.collect()
            await asyncio.sleep(0.01)

    def each(self, item: Any) -> None:
        """Notes an item of a stream; the app's context is its own meanwhile."""
        self.saw(item)
        self.assert_context()

    def assert_context(self) -> None:
        """Nothing of ours is current."""
        assert dict(otel_context.get_current()) == self._before

    def asked(self) -> bool:
        """Whether a request has come to the hanging server.

        To be connected to is not enough: with Python 3.10, anyio (4.16) forgets a cancellation that comes meanwhile.
        """
        for listener in select.select(self._listeners, [], [], 0)[0]:
            self._connections.append(listener.accept()[0])
        return bool(select.select(self._connections, [], [], 0)[0])

    async def cancelled(self, awaitable: Awaitable[Any], when: Callable[[], object]) -> None:
        """Starts something, cancels it as soon as `when` is true, and sees it end so."""
        task = asyncio.ensure_future(awaitable)
        while not when():
            assert not task.done()
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def close(self) -> None:
        """Closes what was opened."""
        for client in self._made:
            if isinstance(client, openai.DefaultHttpxClient):
                client.close()
            elif not self.blocking:
                await client.aclose()
        for opened in (*self._connections, *self._listeners):
            opened.close()


Body = Callable[[App], Awaitable[object]]
LAYERS = {"langchain": (LangChainInstrumentor,), "langchain+openai": (LangChainInstrumentor, OpenAIInstrumentor)}


def tree(spans: Iterable[ReadableSpan], unordered: bool = False) -> str:
    """The spans as indented lines, with `!` and the reason at those that failed.

    In the order that they started in; sorted where `unordered`, for what runs at the same time.
    """
    spans = list(spans)
    known = {span.context.span_id for span in spans}
    children: dict[int | None, list[ReadableSpan]] = {}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        parent = span.parent.span_id if span.parent is not None and span.parent.span_id in known else None
        children.setdefault(parent, []).append(span)

    def block(span: ReadableSpan) -> str:
        assert span.attributes is not None
        if "gen_ai.operation.name" not in span.attributes:
            assert span.kind is SpanKind.INTERNAL, span.name
        error = str(span.attributes.get("error.type")).rpartition(".")[2]
        failed = f" ! {error}" if span.status.status_code is StatusCode.ERROR else ""
        return "\n".join(
            [span.name + failed, *(textwrap.indent(inner, "  ") for inner in blocks(span.context.span_id))]
        )

    def blocks(parent: int | None) -> list[str]:
        below = [block(span) for span in children.get(parent, ())]
        return sorted(below) if unordered else below

    return "\n".join(blocks(None))


def run(body: Body, way: Way, server: DemoServer, telemetry: InMemoryTelemetry) -> Sight:
    """Runs a scenario once; gives what the app saw."""
    with looking() as sight:
        way.run(_seen(body, App(way, server, sight, telemetry)))
    return sight


async def _seen(body: Body, app: App) -> None:
    try:
        try:
            app.saw(await body(app))
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the app would see
            app.saw(error)
        app.assert_context()
    finally:
        await app.close()


def alike(sight: Sight) -> Any:
    """What was seen, without what differs from run to run."""
    logs = sorted((name, _steady(text)) for name, level, text in sight.logs if level not in ("DEBUG", "INFO"))
    return [_steady(repr(plain(value))) for value in sight.values], sight.warnings, logs, sight.unraisable


def _steady(text: str) -> str:
    return _CHANCE.sub("…", text)


def record(
    body: Body, way: Way, server: DemoServer, layers: Iterable[Any], telemetry: InMemoryTelemetry, **options: Any
) -> Sight:
    """Runs a scenario instrumented, and checks what must hold for every one."""
    guard._reported.clear()  # A fault of ours is logged once a process: here, once a scenario.
    with ExitStack() as stack:
        for layer in layers:
            given = options if layer is LangChainInstrumentor else {}
            stack.enter_context(instrumented(layer(), telemetry, capture="SPAN_AND_EVENT", **given))
        sight = run(body, way, server, telemetry)
        assert len(RUNS) == 0, "runs are still known"
        telemetry.assert_sound()
    return sight


def scenario(
    expected: str,
    *,
    ways: Sequence[Way] = WAYS,
    unordered: bool = False,
    steps: str | None = None,
) -> Callable[[Body], Callable[..., None]]:
    """Makes the tests of a scenario; `expected` is its tree, as `tree` shows it."""

    def decorate(body: Body) -> Callable[..., None]:
        @pytest.mark.parametrize("layers", LAYERS)
        @pytest.mark.parametrize("way", ways, ids=lambda way: way.name)
        def test(way: Way, layers: str, demo: DemoServer) -> None:
            bare = run(body, way, demo, InMemoryTelemetry())
            telemetry = InMemoryTelemetry()
            seen = record(body, way, demo, LAYERS[layers], telemetry, steps=steps)
            assert tree(telemetry.spans, unordered) == textwrap.dedent(expected).strip()
            assert alike(seen) == alike(bare)

        test.__name__, test.__doc__ = body.__name__, inspect.getdoc(body)
        test.__module__ = body.__module__
        return test

    return decorate
