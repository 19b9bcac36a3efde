"""Operations: how they nest, end once from anywhere, and add up."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from genspan.instrumentation.core import Operation, Telemetry, detach
from support.telemetry import InMemoryTelemetry

CHAT: dict[str, Any] = {
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
    "server.address": "localhost",
    "server.port": 80,
}


@pytest.fixture
def memory() -> InMemoryTelemetry:
    return InMemoryTelemetry()


@pytest.fixture
def telemetry(memory: InMemoryTelemetry) -> Telemetry:
    return Telemetry("genspan.instrumentation.test", **memory.providers, capture="SPAN_AND_EVENT")


def chat(telemetry: Telemetry, **more: Any) -> Operation:
    return telemetry.start("chat", {**CHAT, **more})


def agent(telemetry: Telemetry, name: str = "Clerk") -> Operation:
    return telemetry.start("invoke_agent", {"gen_ai.agent.name": name})


def inside(outer: Operation, run: Callable[[], Any]) -> Any:
    token = outer.attach()
    try:
        return run()
    finally:
        detach(token)


def attributes(memory: InMemoryTelemetry, name: str) -> dict[str, Any]:
    (span,) = [span for span in memory.spans if span.name == name]
    return dict(span.attributes or {})


USED = {"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2}

ENDS: dict[str, tuple[Callable[[Operation], None], StatusCode, str | None]] = {
    "finish": (lambda operation: operation.finish(), StatusCode.UNSET, None),
    "abandon": (lambda operation: operation.abandon(), StatusCode.UNSET, None),
    "fail": (lambda operation: operation.fail(ValueError("no")), StatusCode.ERROR, "ValueError"),
    "cancel": (
        lambda operation: operation.fail(asyncio.CancelledError()),
        StatusCode.ERROR,
        "asyncio.exceptions.CancelledError",
    ),
    "interrupt": (lambda operation: operation.fail(KeyboardInterrupt()), StatusCode.ERROR, "KeyboardInterrupt"),
    "generator exit": (lambda operation: operation.fail(GeneratorExit()), StatusCode.UNSET, None),
}


@pytest.mark.parametrize("end", ENDS)
def test_ends(end: str, telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    how, status, error = ENDS[end]
    operation = chat(telemetry)
    how(operation)
    assert operation.ended
    assert memory.span.status.status_code is status
    assert (memory.span.attributes or {}).get("error.type") == error
    memory.assert_sound()


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
def test_the_first_end_counts(first: str, second: str, telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    operation = chat(telemetry)
    ENDS[first][0](operation)
    ENDS[second][0](operation)
    operation.add({"gen_ai.response.id": "too late"})
    assert memory.span.status.status_code is ENDS[first][1]
    assert "gen_ai.response.id" not in (memory.span.attributes or {})
    memory.assert_sound()


def test_ended_by_one_of_many_threads(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            operation = chat(telemetry)
            threads = [threading.Thread(target=operation.finish) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(memory.spans) == 50
    memory.assert_sound()


def test_another_ends_at_any_step_of_an_end(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    """As when garbage collection, which may run at any step, ends a dropped stream in the thread that is ending one."""
    steps = 0

    def at_each_step(frame: Any, event: str, argument: Any) -> Any:
        nonlocal steps
        if frame.f_globals.get("__name__") != Operation.__module__:
            return None
        steps += 1
        sys.settrace(None)
        chat(telemetry).finish()
        sys.settrace(at_each_step)
        return at_each_step

    def end() -> None:
        operation = chat(telemetry)
        sys.settrace(at_each_step)
        operation.finish()
        sys.settrace(None)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "it waits for itself"
    assert steps > 10
    assert len(memory.spans) == steps + 1
    memory.assert_sound()


def test_interrupted_while_ending(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    class Interrupting(dict[str, Any]):
        def values(self) -> Any:
            raise KeyboardInterrupt

    operation = telemetry.start("chat", {})
    with pytest.raises(KeyboardInterrupt):
        operation.finish(Interrupting(a=1))
    assert memory.open_spans == 0


def test_disowned(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    operation = chat(telemetry)
    operation.disown()
    operation.finish()
    assert memory.spans == []


def test_kind_and_name(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    chat(telemetry).finish()
    agent(telemetry).finish()
    telemetry.start("execute_tool", {"gen_ai.tool.name": "weather"}).finish()
    telemetry.start("invoke_workflow", {}).finish()
    assert [(span.name, span.kind) for span in memory.spans] == [
        ("chat gpt-5-mini", SpanKind.CLIENT),
        ("invoke_agent Clerk", SpanKind.INTERNAL),
        ("execute_tool weather", SpanKind.INTERNAL),
        ("invoke_workflow", SpanKind.INTERNAL),
    ]
    assert {span.instrumentation_scope.name for span in memory.spans if span.instrumentation_scope} == {telemetry.scope}
    memory.assert_sound()


def test_one_model_call_through_two_layers_is_one_span(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = telemetry.start("chat", {"gen_ai.provider.name": "langchain's word", "gen_ai.request.model": "gpt-5-mini"})
    outer.add({"gen_ai.request.temperature": 0.5})

    def inner() -> None:
        operation = chat(telemetry)
        operation.add({"gen_ai.request.temperature": 0.7, "gen_ai.request.seed": 3})
        operation.finish({"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.model": "gpt-5-mini-2026", **USED})

    inside(outer, inner)
    assert memory.spans == []
    outer.finish({"gen_ai.response.model": None}, {"gen_ai.output.messages": []})
    found = dict(memory.span.attributes or {})
    expected = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.seed": 3,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-5-mini-2026",
        "server.address": "localhost",
        "server.port": 80,
        **USED,
    }
    assert {name: found.get(name) for name in expected} == expected
    (duration,) = memory.metrics["gen_ai.client.inference.duration"].data.data_points
    assert duration.count == 1
    memory.assert_sound()


def test_failed_attempt_further_in_is_not_the_outer_failure(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = chat(telemetry)
    inside(outer, lambda: chat(telemetry).fail(ValueError("first try")))
    outer.finish()
    assert memory.span.status.status_code is StatusCode.UNSET
    assert memory.events_named("gen_ai.client.operation.exception") == []
    memory.assert_sound()


def test_call_from_a_tool_inside_a_call_is_its_own(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = chat(telemetry)

    def called() -> None:
        tool = telemetry.start("execute_tool", {"gen_ai.tool.name": "ask"})
        inside(tool, lambda: chat(telemetry).finish(USED))
        tool.finish()

    inside(outer, called)
    outer.finish()
    assert [span.name for span in memory.spans] == ["chat gpt-5-mini", "execute_tool ask", "chat gpt-5-mini"]
    memory.assert_sound()


def test_call_in_the_context_of_one_that_has_ended_is_its_own(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = chat(telemetry)
    context = inside(outer, contextvars.copy_context)
    outer.finish()
    context.run(lambda: chat(telemetry).finish())
    assert len(memory.spans) == 2
    memory.assert_sound()


def test_agent_adds_up_its_model_calls(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = agent(telemetry)

    def work() -> None:
        chat(telemetry).finish(USED)
        tool = telemetry.start("execute_tool", {"gen_ai.tool.name": "weather"})
        inside(tool, lambda: chat(telemetry).finish(USED))
        tool.finish()
        inner = agent(telemetry, "Helper")
        inside(inner, lambda: chat(telemetry).finish(USED))
        inner.finish()

    inside(outer, work)
    outer.finish()
    assert attributes(memory, "invoke_agent Helper")["gen_ai.usage.input_tokens"] == 5
    total = attributes(memory, "invoke_agent Clerk")
    assert (total["gen_ai.usage.input_tokens"], total["gen_ai.usage.output_tokens"]) == (15, 6)
    assert attributes(memory, "execute_tool weather")["gen_ai.agent.name"] == "Clerk"
    counts = {
        name: {point.attributes["gen_ai.agent.name"]: point.sum for point in memory.metrics[name].data.data_points}
        for name in ("gen_ai.invoke_agent.inference_calls", "gen_ai.invoke_agent.tool_calls")
    }
    assert counts["gen_ai.invoke_agent.inference_calls"] == {"Helper": 1, "Clerk": 2}
    assert counts["gen_ai.invoke_agent.tool_calls"] == {"Helper": 0, "Clerk": 1}
    memory.assert_sound()


def test_agent_whose_usage_is_known_keeps_it(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = agent(telemetry)
    inside(outer, lambda: chat(telemetry).finish(USED))
    outer.finish({"gen_ai.usage.input_tokens": 100})
    assert attributes(memory, "invoke_agent Clerk")["gen_ai.usage.input_tokens"] == 100


def test_conversation_reaches_what_runs_inside(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    outer = telemetry.start("invoke_workflow", {}, conversation="thread-1")
    inside(outer, lambda: chat(telemetry).finish())
    outer.finish()
    assert {(span.attributes or {}).get("gen_ai.conversation.id") for span in memory.spans} == {"thread-1"}
    memory.assert_sound()


def test_detached_in_another_context_is_silent(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    operation = chat(telemetry)
    token = contextvars.copy_context().run(operation.attach)
    detach(token)
    operation.finish()
    assert caplog.records == []
    assert not trace.get_current_span().get_span_context().is_valid


def test_detached_twice_is_silent(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    operation = chat(telemetry)
    token = operation.attach()
    detach(token)
    detach(token)
    operation.finish()
    assert caplog.records == []
    assert otel_context.get_current() == {}


class Hostile:
    """A value that fails wherever it is touched."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_hostile_values_end_the_span_all_the_same(telemetry: Telemetry, memory: InMemoryTelemetry) -> None:
    operation = chat(telemetry)
    operation.add({"gen_ai.response.id": "x"}, {"gen_ai.input.messages": [{"role": "user", "parts": [Hostile()]}]})
    operation.fail(HostileError())
    assert memory.open_spans == 0
    assert memory.span.status.status_code is StatusCode.ERROR
    assert (memory.span.attributes or {})["error.type"] == f"{HostileError.__module__}.HostileError"
