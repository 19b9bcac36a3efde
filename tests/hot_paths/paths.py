"""The hot paths: what an app does a thousand times a minute, and what records it. No network, no thread of ours."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path as File
from typing import Any, Final

import httpx2
import orjson
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased
from opentelemetry.trace import NoOpTracerProvider, SpanKind

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.instrumentation.core import LibraryInstrumentor
from genspan.instrumentation.langchain import LangChainInstrumentor
from genspan.instrumentation.openai import OpenAIInstrumentor
from hot_paths.counting import Run
from support.openai_wire import ANSWERED_BY, MODEL, choice, completion, text_chunks, tool_call

Prepare = Callable[[str], Run]
"""What is to be run, for a text of the user's."""
Within = Callable[[], AbstractContextManager[object]]
"""What records while it runs."""


@dataclass(frozen=True)
class Path:
    """One way of calling a library, with and without being recorded."""

    prepare: Prepare
    recording: Within
    bare: Prepare | None = None
    """What the recorded call is compared with: by default the same, not recorded."""
    beyond: Path | None = None
    """What is left out of the figures: a path that is the same for fewer times."""
    times: int = 1
    """How many more times this path is of what `beyond` does; the figures are for one."""


# The service, in memory.

EMBEDDING: Final = [0.25] * 64
RESPONSE: Final[dict[str, Any]] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1790000000,
    "model": ANSWERED_BY,
    "status": "completed",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Paris.", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 19,
        "output_tokens": 10,
        "total_tokens": 29,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 3},
    },
}


@cache
def _chunks(count: int) -> bytes:
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in text_chunks(*["hello "] * count)]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def _answer(request: httpx2.Request) -> httpx2.Response:
    path, asked = request.url.path, json.loads(request.content)
    if asked.get("stream"):
        count = asked.get("max_completion_tokens", 1)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=_chunks(count))
    if path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": EMBEDDING}]
        usage = {"prompt_tokens": 19, "total_tokens": 19}
        return httpx2.Response(200, json={"object": "list", "data": data, "model": ANSWERED_BY, "usage": usage})
    if path.endswith("/responses"):
        return httpx2.Response(200, json=RESPONSE)
    if asked.get("tools") and asked["messages"][-1]["role"] == "user":
        asking = choice(None, finish="tool_calls", tool_calls=[tool_call()])
        return httpx2.Response(200, json=completion(asking))
    return httpx2.Response(200, json=completion())


CONNECTION: Final[dict[str, Any]] = {"api_key": "test", "base_url": "http://127.0.0.1:9/v1", "max_retries": 0}


@cache
def client() -> OpenAI:
    return OpenAI(**CONNECTION, http_client=httpx2.Client(transport=httpx2.MockTransport(_answer)))


@cache
def async_client() -> AsyncOpenAI:
    return AsyncOpenAI(**CONNECTION, http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(_answer)))


# The apps.


def _asking(text: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": "Be nice."}, {"role": "user", "content": text}]
    return {"model": MODEL, "messages": messages, "temperature": 0.5}


def chat(text: str) -> Run:
    return lambda: client().chat.completions.create(**_asking(text))


def async_chat(text: str) -> Run:
    async def run() -> None:
        await async_client().chat.completions.create(**_asking(text))

    return lambda: asyncio.run(run())


@cache
def stream(chunks: int) -> Prepare:
    def prepare(text: str) -> Run:
        def run() -> None:
            for _ in client().chat.completions.create(**_asking(text), stream=True, max_completion_tokens=chunks):
                pass

        return run

    return prepare


def async_stream(chunks: int) -> Prepare:
    def prepare(text: str) -> Run:
        async def run() -> None:
            create = async_client().chat.completions.create
            async for _ in await create(**_asking(text), stream=True, max_completion_tokens=chunks):
                pass

        return lambda: asyncio.run(run())

    return prepare


def embeddings(text: str) -> Run:
    return lambda: client().embeddings.create(model="text-embedding-3-small", input=text, encoding_format="float")


def responses(text: str) -> Run:
    return lambda: client().responses.create(model=MODEL, instructions="Be nice.", input=text)


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


def agent(text: str) -> Run:
    """Asks the model, calls a tool, asks the model again."""
    model = ChatOpenAI(model=MODEL, **CONNECTION, http_client=client()._client)
    desk = create_agent(model, [weather], system_prompt="Be nice.", name="desk")
    return lambda: desk.invoke({"messages": [("user", text)]})


# What records.


class DiscardSpans(SpanExporter):
    """Takes spans and forgets them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


class DiscardEvents(LogRecordExporter):
    """Takes log records and forgets them."""

    def export(self, batch: Sequence[Any]) -> LogRecordExportResult:
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True

    def shutdown(self) -> None:
        pass


BATCHES: Final[dict[str, Any]] = {
    "schedule_delay_millis": 3_600_000,
    "max_queue_size": 100_000,
    "max_export_batch_size": 100_000,
}
"""The SDK's own thread never wakes while we count."""


@contextmanager
def tracing(**options: Any) -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(BatchSpanProcessor(DiscardSpans(), **BATCHES))
    try:
        yield provider
    finally:
        provider.shutdown()


def recording(*instrumentors: type[LibraryInstrumentor], capture: str = "SPAN_ONLY", **options: Any) -> Within:
    """Instrumented, with spans on their way to the SDK's batch processor."""

    @contextmanager
    def within() -> Iterator[None]:
        with ExitStack() as stack:
            provider = stack.enter_context(tracing(**options))
            for instrumentor in instrumentors or (OpenAIInstrumentor,):
                stack.enter_context(_instrumented(instrumentor, tracer_provider=provider, capture=capture))
            yield

    return within


@contextmanager
def _instrumented(kind: type[LibraryInstrumentor], **options: Any) -> Iterator[None]:
    instrumentor = kind()
    instrumentor.instrument(skip_dep_check=True, **options)
    try:
        yield
    finally:
        instrumentor.uninstrument()


@contextmanager
def all_signals() -> Iterator[None]:
    """Spans, metrics of both generations, and events with the content."""
    logs, metrics = LoggerProvider(shutdown_on_exit=False), MeterProvider([InMemoryMetricReader()])
    logs.add_log_record_processor(BatchLogRecordProcessor(DiscardEvents(), **BATCHES))
    with (
        tracing() as traces,
        _instrumented(
            OpenAIInstrumentor,
            tracer_provider=traces,
            meter_provider=metrics,
            logger_provider=logs,
            capture="SPAN_AND_EVENT",
        ),
    ):
        try:
            yield
        finally:
            logs.shutdown()
            metrics.shutdown()


@contextmanager
def suppressed() -> Iterator[None]:
    with recording()(), suppress_instrumentation():
        yield


def no_sdk() -> AbstractContextManager[None]:
    return _instrumented(OpenAIInstrumentor, tracer_provider=NoOpTracerProvider(), capture="SPAN_ONLY")


# A span written by hand, the least that recording a call can cost.


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def by_hand(text: str) -> Run:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(DiscardSpans(), **BATCHES))
    tracer, ask = provider.get_tracer("by hand"), _asking(text)

    def run() -> None:
        with tracer.start_as_current_span(
            f"chat {ask['model']}",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": ask["model"],
                "server.address": "127.0.0.1",
                "server.port": 9,
                "gen_ai.request.temperature": ask["temperature"],
                "gen_ai.input.messages": orjson.dumps(
                    [_said(m["role"], m["content"]) for m in ask["messages"]]
                ).decode(),
            },
        ) as span:
            answer = client().chat.completions.create(**ask)
            usage, said = answer.usage, answer.choices[0]
            assert usage is not None
            span.set_attributes(
                {
                    "gen_ai.response.id": answer.id,
                    "gen_ai.response.model": answer.model,
                    "gen_ai.response.finish_reasons": [said.finish_reason],
                    "gen_ai.usage.input_tokens": usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": usage.completion_tokens,
                    "gen_ai.usage.cache_read.input_tokens": usage.prompt_tokens_details.cached_tokens,
                    "gen_ai.usage.reasoning.output_tokens": usage.completion_tokens_details.reasoning_tokens,
                    "gen_ai.output.messages": orjson.dumps(
                        [{**_said("assistant", said.message.content), "finish_reason": said.finish_reason}]
                    ).decode(),
                }
            )

    return run


# What the exporter does with a trace.


def export(text: str) -> Run:
    """An agent's trace, another each time, into a SQLite file in MLflow's schema."""
    with tracing() as provider, ExitStack() as stack:
        provider.add_span_processor(SimpleSpanProcessor(keep := InMemorySpanExporter()))
        for instrumentor in BOTH:
            stack.enter_context(_instrumented(instrumentor, tracer_provider=provider, capture="SPAN_ONLY"))
        traces = []
        for _ in range(TRACES):
            agent(text)()
            traces.append(keep.get_finished_spans())
            keep.clear()
    folder = tempfile.TemporaryDirectory(prefix="hot-paths-")
    os.environ["GENSPAN_OUTBOX_DIR"] = folder.name
    exporter = MlflowSpanExporter(f"sqlite:///{File(folder.name) / 'mlflow.db'}")
    # Once its thread has ended, whoever exports writes by himself, and is counted.
    assert exporter._delivery is not None
    exporter._delivery._worker.end()

    def run() -> None:
        assert exporter.export(traces.pop()) is SpanExportResult.SUCCESS, folder

    return run


TRACES: Final = 6
"""As many as are written: warm-up and counted."""


def nothing(_: str) -> Run:
    return lambda: None


HAND_WRITTEN: Final = Path(by_hand, nullcontext, bare=chat)

FEW, MANY = 5, 10
BOTH: Final = (OpenAIInstrumentor, LangChainInstrumentor)
RECORDED: Final = recording()
SAMPLED_OUT: Final = recording(sampler=ALWAYS_OFF)


def each_chunk(within: Within) -> Path:
    """One chunk of a stream."""
    return Path(stream(MANY), within, beyond=Path(stream(FEW), within), times=MANY - FEW)


PATHS: Final[Mapping[str, Path]] = {
    "chat": Path(chat, RECORDED),
    "chat, content off": Path(chat, recording(capture="NO_CONTENT")),
    "chat, with metrics and events": Path(chat, all_signals),
    "chat, async": Path(async_chat, RECORDED),
    "chat, sampled out": Path(chat, SAMPLED_OUT),
    "chat, sampled out by a ratio": Path(chat, recording(sampler=TraceIdRatioBased(0.0))),
    "chat, suppressed": Path(chat, suppressed),
    "chat, no SDK": Path(chat, no_sdk),
    "stream of 5 chunks": Path(stream(FEW), RECORDED),
    "stream of 5 chunks, async": Path(async_stream(FEW), RECORDED),
    "stream, each further chunk": each_chunk(RECORDED),
    "stream, each further chunk, sampled out": each_chunk(SAMPLED_OUT),
    "embeddings": Path(embeddings, RECORDED),
    "responses": Path(responses, RECORDED),
    "LangChain agent of two steps": Path(agent, recording(*BOTH)),
    "LangChain agent of two steps, sampled out": Path(agent, recording(*BOTH, sampler=ALWAYS_OFF)),
    "export of the agent's trace to SQLite": Path(export, nullcontext, bare=nothing),
}
OFF: Final = ("chat, sampled out", "chat, suppressed", "chat, no SDK")
"""Paths on which nothing is recorded."""
