"""Where the sampler drops every span, calls pass with nothing but the mark that a vendor is asked."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import wrapt
from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.util.types import Attributes

from genspan.instrumentation.core import Method, Telemetry, runs_at_a_vendor
from genspan.instrumentation.core.sampling import Unrecorded
from genspan.instrumentation.core.wrapping import wrapper
from support.telemetry import InMemoryTelemetry

ASK = Method("chat", lambda call: {"gen_ai.provider.name": "openai", "gen_ai.request.model": call.get("model")})
LOOK_UP = Method("retrieval", lambda call: {}, own=True)
USE = Method("execute_tool", lambda call: {"gen_ai.tool.name": "t"})


class Asked(Sampler):
    """Notes each time it is asked."""

    def __init__(self, answers: Sampler) -> None:
        self.answers = answers
        self.times = 0

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        self.times += 1
        return self.answers.should_sample(*args, **kwargs)

    def get_description(self) -> str:
        return self.answers.get_description()


def recorded(method: Method, provider: TracerProvider | None, body: Any, **providers: Any) -> Any:
    """What a wrapped function returns, which returns what `body` does."""
    telemetry = Telemetry("genspan.instrumentation.test", tracer_provider=provider, **providers)

    def function(**kwargs: Any) -> Any:
        return body()

    return wrapt.FunctionWrapper(function, wrapper(method, function, lambda: telemetry))(model="m")


@contextmanager
def inside(*, sampled: bool, remote: bool) -> Iterator[None]:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    with trace.use_span(NonRecordingSpan(SpanContext(1, 2, remote, flags))):
        yield


def spans_of(sampler: Sampler, method: Method = ASK) -> Sequence[Any]:
    memory = InMemoryTelemetry(sampler)
    assert recorded(method, memory.tracer_provider, lambda: "answer") == "answer"
    memory.assert_sound()
    return memory.spans


@pytest.mark.parametrize("sampler", [DEFAULT_ON, DEFAULT_OFF, ParentBased(TraceIdRatioBased(1.0)), ALWAYS_OFF])
def test_the_sampler_is_not_asked_where_its_answer_is_known(sampler: Sampler) -> None:
    asked = Asked(sampler)
    with inside(sampled=False, remote=False):
        assert not spans_of(asked)
    assert asked.times == 0


@pytest.mark.parametrize(
    ("sampler", "sampled", "remote", "spans"),
    [
        (DEFAULT_ON, True, False, 1),
        (DEFAULT_ON, True, True, 1),
        (DEFAULT_ON, False, True, 0),
        (DEFAULT_OFF, True, False, 1),
        (ALWAYS_ON, False, False, 1),
        (ParentBased(ALWAYS_ON, local_parent_not_sampled=ALWAYS_ON), False, False, 1),
        (ParentBased(ALWAYS_OFF, remote_parent_not_sampled=ALWAYS_ON), False, True, 1),
        (ParentBased(ParentBased(ALWAYS_ON), local_parent_not_sampled=DEFAULT_ON), False, False, 0),
    ],
)
def test_else_the_sampler_is_asked(sampler: Sampler, sampled: bool, remote: bool, spans: int) -> None:
    asked = Asked(sampler)
    with inside(sampled=sampled, remote=remote):
        assert len(spans_of(asked)) == spans
    assert asked.times == 1


def test_a_root_is_for_the_sampler_to_drop() -> None:
    asked = Asked(DEFAULT_OFF)
    assert not spans_of(asked)
    assert asked.times == 1


def test_a_sampler_of_the_apps_own_is_always_asked() -> None:
    class Own(Sampler):
        def should_sample(
            self,
            parent_context: Any,
            trace_id: int,
            name: str,
            kind: Any = None,
            attributes: Attributes = None,
            *_: Any,
        ) -> SamplingResult:
            return ALWAYS_ON.should_sample(parent_context, trace_id, name, kind, attributes)

        def get_description(self) -> str:
            return "Own{AlwaysOffSampler}"

    with inside(sampled=False, remote=False):
        assert len(spans_of(Own())) == 1


def test_a_sampler_that_cannot_be_described_is_asked() -> None:
    class Silent(Asked):
        def get_description(self) -> str:
            raise ValueError

    with inside(sampled=False, remote=False):
        assert len(spans_of(Silent(ALWAYS_ON))) == 1


def test_metrics_are_recorded_all_the_same() -> None:
    memory = InMemoryTelemetry(ALWAYS_OFF)
    recorded(ASK, memory.tracer_provider, lambda: None, meter_provider=memory.meter_provider)
    assert "gen_ai.client.inference.duration" in memory.metrics


@pytest.mark.parametrize(("method", "vendor"), [(ASK, True), (LOOK_UP, False), (USE, False)])
def test_propagators_can_tell_who_is_asked(method: Method, vendor: bool) -> None:
    seen: list[Context] = []
    around = get_current()
    recorded(method, InMemoryTelemetry(ALWAYS_OFF).tracer_provider, lambda: seen.append(get_current()))
    assert get_current() is around
    assert {**seen[0], "genspan.operation": None} == {**around, "genspan.operation": None}
    # A task that the call has started goes on in its context, and asks others.
    assert not runs_at_a_vendor(seen[0])
    assert (
        recorded(method, InMemoryTelemetry(ALWAYS_OFF).tracer_provider, lambda: runs_at_a_vendor(get_current()))
        is vendor
    )


def test_a_tool_called_inside_a_model_call_asks_the_apps_own_services() -> None:
    provider = InMemoryTelemetry(ALWAYS_OFF).tracer_provider

    def inner() -> bool:
        return runs_at_a_vendor(get_current())

    assert recorded(ASK, provider, lambda: recorded(USE, provider, inner)) is False


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_errors_are_the_apps(kind: type[BaseException]) -> None:
    error = kind()

    def fail() -> None:
        raise error

    with pytest.raises(kind) as caught:
        recorded(ASK, InMemoryTelemetry(ALWAYS_OFF).tracer_provider, fail)
    assert caught.value is error


def test_awaited() -> None:
    seen: list[bool] = []

    async def answer(**_: Any) -> str:
        await asyncio.sleep(0)
        seen.append(runs_at_a_vendor(get_current()))
        return "answer"

    telemetry = Telemetry("genspan.instrumentation.test", tracer_provider=InMemoryTelemetry(ALWAYS_OFF).tracer_provider)
    wrapped = wrapt.FunctionWrapper(answer, wrapper(ASK, answer, lambda: telemetry))
    assert asyncio.run(wrapped(model="m")) == "answer"
    assert seen == [True]


def test_streams_are_the_librarys_own() -> None:
    class Fold:
        def add(self, chunk: Any) -> None:
            raise AssertionError

        def response(self) -> Any:
            raise AssertionError

    stream = iter("abc")
    method = Method(ASK.operation, ASK.identity, fold=Fold)
    assert recorded(method, InMemoryTelemetry(ALWAYS_OFF).tracer_provider, lambda: stream) is stream


def test_nothing_waits_for_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        recorded(ASK, InMemoryTelemetry(ALWAYS_OFF).tracer_provider, lambda: None)
        assert not [one for one in gc.get_objects() if type(one) is Unrecorded]
    finally:
        gc.enable()
