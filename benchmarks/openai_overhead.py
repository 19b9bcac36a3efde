"""What recording adds to one call of the OpenAI SDK, next to a span written by hand with the same attributes.

    python benchmarks/openai_overhead.py

The SDK answers from memory, spans go to the SDK's batch processor and no further, content is captured. Bare,
hand-written and recorded calls take turns; the figures are CPU time over that of the bare call, in microseconds, as
medians over the rounds. Compare the ratio: absolute times vary by machine.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
from openai import OpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from genspan.instrumentation.openai import OpenAIInstrumentor

ROUNDS = 12
CHUNKS = 200


class Discard(SpanExporter):
    """Takes spans and forgets them."""

    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def completion() -> bytes:
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello " * 40}}
            ],
            "usage": {
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "total_tokens": 30,
                "prompt_tokens_details": {"cached_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
        }
    ).encode()


def chunks() -> bytes:
    lines = []
    for number in range(CHUNKS):
        delta = {"content": "hello "} if number else {"role": "assistant", "content": ""}
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if number == CHUNKS - 1 else None}
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
        lines.append(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n")
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


COMPLETION, STREAM = completion(), chunks()


def answer(request: httpx2.Request) -> httpx2.Response:
    if b'"stream":true' in request.content:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=STREAM)
    return httpx2.Response(200, headers={"content-type": "application/json"}, content=COMPLETION)


provider = TracerProvider()
provider.add_span_processor(
    BatchSpanProcessor(Discard(), schedule_delay_millis=60_000, max_queue_size=100_000, max_export_batch_size=100_000)
)
tracer = provider.get_tracer("hand-written")
client = OpenAI(
    api_key="test",
    base_url="http://127.0.0.1:9/v1",
    http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
)
Messages = list[dict[str, Any]]


def plain(messages: Messages) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=messages, temperature=0.5)


def streamed(messages: Messages) -> None:
    for _ in client.chat.completions.create(model="gpt-4o", messages=messages, temperature=0.5, stream=True):
        pass


def started(messages: Messages) -> Any:
    parts = [{"role": m["role"], "parts": [{"type": "text", "content": m["content"]}]} for m in messages]
    return tracer.start_as_current_span(
        "chat gpt-4o",
        kind=trace.SpanKind.CLIENT,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "server.address": "127.0.0.1",
            "server.port": 9,
            "openai.api.type": "chat_completions",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.input.messages": orjson.dumps(parts).decode(),
        },
    )


def answered(span: trace.Span, text: str, reason: str, **usage: int) -> None:
    message = {"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": reason}
    span.set_attributes(
        {
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.model": "gpt-4o",
            "gen_ai.response.finish_reasons": [reason],
            **{f"gen_ai.usage.{name.replace('__', '.')}_tokens": count for name, count in usage.items()},
            "gen_ai.output.messages": orjson.dumps([message]).decode(),
        }
    )


def plain_by_hand(messages: Messages) -> None:
    with started(messages) as span:
        response = plain(messages)
        usage, choice = response.usage, response.choices[0]
        answered(
            span,
            choice.message.content,
            choice.finish_reason,
            input=usage.prompt_tokens,
            output=usage.completion_tokens,
            cache_read__input=usage.prompt_tokens_details.cached_tokens,
            reasoning__output=usage.completion_tokens_details.reasoning_tokens,
        )


def streamed_by_hand(messages: Messages) -> None:
    with started(messages) as span:
        text, reason = [], ""
        stream = client.chat.completions.create(model="gpt-4o", messages=messages, temperature=0.5, stream=True)
        for chunk in stream:
            choice = chunk.choices[0]
            if choice.delta.content:
                text.append(choice.delta.content)
            reason = choice.finish_reason or reason
        answered(span, "".join(text), reason)


def cost(call: Callable[[Messages], Any], messages: Messages, calls: int) -> float:
    """Microseconds of CPU that a call takes."""
    begin = time.process_time()
    for _ in range(calls):
        call(messages)
    return (time.process_time() - begin) / calls * 1e6


def main() -> None:
    instrumentor = OpenAIInstrumentor()
    print(f"{'':14}{'bare µs':>10}{'by hand':>10}{'genspan':>10}{'ratio':>8}")
    for name, size, calls, call, by_hand in (
        ("chat 1 kB", 1_000, 150, plain, plain_by_hand),
        ("chat 10 kB", 10_000, 150, plain, plain_by_hand),
        ("chat 1 MB", 1_000_000, 15, plain, plain_by_hand),
        (f"{CHUNKS} chunks", 1_000, 15, streamed, streamed_by_hand),
    ):
        messages = [{"role": "system", "content": "Be nice."}, {"role": "user", "content": "x" * size}]
        rounds = []
        for _ in range(ROUNDS):
            bare, hand = cost(call, messages, calls), cost(by_hand, messages, calls)
            instrumentor.instrument(skip_dep_check=True, tracer_provider=provider, capture="SPAN_ONLY")
            recorded = cost(call, messages, calls)
            instrumentor.uninstrument()
            provider.force_flush()
            rounds.append((bare, hand - bare, recorded - bare))
        bare, hand, recorded = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:14}{bare:10.0f}{hand:10.0f}{recorded:10.0f}{recorded / hand:8.2f}")


if __name__ == "__main__":
    main()
