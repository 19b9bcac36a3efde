"""Metrics of both generations, and the switch between them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.metrics import Histogram as SDKHistogram
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from genspan.instrumentation.core import Operation, Telemetry, measuring
from genspan.instrumentation.core.measuring import generations
from support.telemetry import InMemoryTelemetry

NEW = {
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.operation.input_tokens",
    "gen_ai.client.inference.operation.output_tokens",
    "gen_ai.client.inference.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens",
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "gen_ai.client.inference.usage.reasoning.output_tokens",
}
NEW_STREAM = {
    "gen_ai.client.inference.time_to_first_chunk",
    "gen_ai.client.inference.time_per_output_chunk",
}
OLD = {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}
OLD_STREAM = {"gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.operation.time_per_output_chunk"}

USED = {
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.usage.cache_read.input_tokens": 2,
    "gen_ai.usage.reasoning.output_tokens": 1,
}

SWITCH = {"": NEW | OLD, "latest": NEW, " LATEST ": NEW, "1.37": OLD}


def _measured(memory: InMemoryTelemetry, chunks: int) -> set[str]:
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    operation = telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"})
    if chunks:
        operation.add({"gen_ai.request.stream": True})
    for _ in range(chunks):
        operation.chunk()
    operation.finish(USED)
    memory.assert_sound()
    return set(memory.metrics)


@pytest.mark.parametrize("value", SWITCH)
def test_generations(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_SEMCONV", value)
    assert _measured(InMemoryTelemetry(), chunks=0) == SWITCH[value]


@pytest.mark.parametrize(("value", "expected"), [("latest", NEW | NEW_STREAM), ("1.37", OLD | OLD_STREAM)])
def test_generations_of_a_stream(value: str, expected: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_SEMCONV", value)
    memory = InMemoryTelemetry()
    assert _measured(memory, chunks=4) == expected
    ((gaps,),) = [metric.data.data_points for name, metric in memory.metrics.items() if "per_output" in name]
    assert gaps.count == 3


def test_unknown_generation_is_logged_and_both_are_recorded(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert generations("1.99") == {"main", "legacy"}
    assert caplog.text.count("'1.99'") == 1


def test_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = InMemoryTelemetry()
    _measured(memory, chunks=0)
    (usage,) = memory.metrics["gen_ai.client.inference.usage.input_tokens"].data.data_points
    assert (usage.value, usage.attributes["gen_ai.token.modality"]) == (7, "unknown")
    legacy = memory.metrics["gen_ai.client.token.usage"].data.data_points
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in legacy} == {"input": 7, "output": 3}
    (duration,) = memory.metrics["gen_ai.client.inference.duration"].data.data_points
    assert 0 < duration.sum < 5


def test_failed_call_used_no_tokens() -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}).fail(ValueError())
    (usage,) = memory.metrics["gen_ai.client.inference.usage.input_tokens"].data.data_points
    assert usage.value == 0
    assert "error.type" not in usage.attributes
    (duration,) = memory.metrics["gen_ai.client.inference.duration"].data.data_points
    assert duration.attributes["error.type"] == "ValueError"
    memory.assert_sound()


USAGE = "gen_ai.client.inference.usage"
COUNTERS = ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_write.input_tokens")


def _counted(memory: InMemoryTelemetry) -> dict[str, dict[str, int]]:
    """The counters' values by modality."""
    return {
        name.removeprefix(f"{USAGE}."): {
            point.attributes["gen_ai.token.modality"]: point.value for point in metric.data.data_points
        }
        for name, metric in memory.metrics.items()
        if name.startswith(USAGE)
    }


def test_an_answer_that_tells_no_usage_counts_as_nothing() -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}).finish()
    assert _counted(memory) == {name: {"unknown": 0} for name in (*COUNTERS, "reasoning.output_tokens")}
    assert "gen_ai.client.inference.operation.input_tokens" not in memory.metrics


@pytest.mark.parametrize(
    ("usage", "by_modality"),
    [
        ({"text": 119, "audio": 13}, {"text": 119, "audio": 13}),
        ({"audio": 13}, {"audio": 13, "unknown": 119}),
        ({"text": 132, "image": 0}, {"text": 132}),
        ({"image": 133}, {"unknown": 132}),
        ({}, {"unknown": 132}),
    ],
    ids=["all told", "part told", "a part of none", "parts beyond the whole", "none told"],
)
def test_tokens_by_modality(usage: dict[str, int], by_modality: dict[str, int]) -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    operation = telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"})
    parts = {f"gen_ai.usage.{modality}.input_tokens": count for modality, count in usage.items()}
    operation.finish({"gen_ai.usage.input_tokens": 132, "gen_ai.usage.cache_read.input_tokens": 4, **parts})
    counted = _counted(memory)
    assert counted == {"input_tokens": by_modality, "cache_read.input_tokens": {"unknown": 4}}
    memory.assert_sound()


@pytest.mark.parametrize(("value", "counted"), [("", True), ("1.37", True), ("latest", False)])
def test_tokens_of_embeddings_are_in_the_older_metric_alone(
    value: str, counted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENSPAN_SEMCONV", value)
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    operation = telemetry.start("embeddings", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"})
    operation.finish({"gen_ai.usage.input_tokens": 7})
    usage = {"gen_ai.client.token.usage"} if counted else set()
    assert memory.metrics.keys() == {"gen_ai.client.operation.duration"} | usage
    memory.assert_sound()


def test_an_agents_own_usage_is_not_counted_again() -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    telemetry.start("invoke_agent", {"gen_ai.agent.name": "Clerk"}).finish(USED)
    assert memory.metrics.keys() == {
        "gen_ai.invoke_agent.duration",
        "gen_ai.invoke_agent.inference_calls",
        "gen_ai.invoke_agent.tool_calls",
    }


def test_instrumentors_share_their_instruments(caplog: pytest.LogCaptureFixture) -> None:
    memory = InMemoryTelemetry()
    for library in ("openai", "langchain"):
        telemetry = Telemetry(f"genspan.instrumentation.{library}", **memory.providers)
        telemetry.start("embeddings", {"gen_ai.provider.name": library}).finish()
    assert memory.scopes == ["genspan.instrumentation"]
    points = memory.metrics["gen_ai.client.operation.duration"].data.data_points
    assert [point.attributes["gen_ai.provider.name"] for point in points] == ["openai", "langchain"]
    assert not caplog.records


def test_nothing_is_live_without_a_meter_provider() -> None:
    assert not Telemetry("genspan.instrumentation.test").instruments.live


def _exemplars(memory: InMemoryTelemetry) -> dict[str, set[int | None]]:
    """The spans that the exemplars of each metric name, by id."""
    return {
        name: {exemplar.span_id for point in metric.data.data_points for exemplar in point.exemplars}
        for name, metric in memory.metrics.items()
    }


@pytest.mark.parametrize(
    "end", [lambda operation: operation.finish(USED), lambda operation: operation.fail(ValueError())]
)
def test_exemplars_name_the_operations_own_span(end: Callable[[Operation], None]) -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    operation = telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"})
    operation.add({"gen_ai.request.stream": True})
    for _ in range(3):
        operation.chunk()
    # A stream is read to its end wherever the app is by then.
    with memory.tracer_provider.get_tracer("app").start_as_current_span("later"):
        end(operation)
    named = _exemplars(memory)
    assert (NEW_STREAM | OLD_STREAM | {"gen_ai.client.inference.usage.input_tokens"}) < named.keys()
    assert set(map(frozenset, named.values())) == {frozenset({operation.span.get_span_context().span_id})}


def test_an_agents_exemplars_name_the_agent() -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    agent = telemetry.start("invoke_agent", {"gen_ai.agent.name": "Clerk"})
    tool = telemetry.start("execute_tool", {"gen_ai.tool.name": "weather"}, parent=agent.context)
    tool.finish()
    agent.finish()
    ids = {kind.name: {kind.span.get_span_context().span_id} for kind in (agent, tool)}
    assert _exemplars(memory) == {
        "gen_ai.execute_tool.duration": ids["execute_tool"],
        "gen_ai.invoke_agent.duration": ids["invoke_agent"],
        "gen_ai.invoke_agent.inference_calls": ids["invoke_agent"],
        "gen_ai.invoke_agent.tool_calls": ids["invoke_agent"],
    }


def test_a_span_that_is_not_sampled_is_measured_and_no_exemplar() -> None:
    memory = InMemoryTelemetry(ALWAYS_OFF)
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}).finish(USED)
    named = _exemplars(memory)  # Collected once: the SDK forgets exemplars then.
    assert named.keys() == NEW | OLD
    assert not any(named.values())


def _stream(telemetry: Telemetry, chunks: int) -> None:
    operation = telemetry.start("chat", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m"})
    operation.add({"gen_ai.request.stream": True})
    for _ in range(chunks):
        operation.chunk()
    operation.finish()


def _gaps(memory: InMemoryTelemetry) -> list[int]:
    return [
        point.count
        for name, metric in memory.metrics.items()
        if name.endswith("time_per_output_chunk")
        for point in metric.data.data_points
    ]


def test_chunks_are_measured_by_whoever_collects(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = InMemoryTelemetry()
    measuring_threads = []
    record = SDKHistogram.record

    def noted(*args: Any, **kwargs: Any) -> None:
        measuring_threads.append(threading.get_ident())
        record(*args, **kwargs)

    monkeypatch.setattr(SDKHistogram, "record", noted)
    # Two instrumentors share the meter, and with it the instrument that tells of the collection.
    telemetries = [Telemetry(f"genspan.instrumentation.{name}", **memory.providers) for name in ("one", "two")]
    app = threading.Thread(target=lambda: [_stream(telemetry, chunks=200) for telemetry in telemetries])
    app.start()
    app.join()
    assert 4 < len(measuring_threads) < 50
    assert _gaps(memory) == [398, 398]
    assert _gaps(memory) == [398, 398]
    memory.assert_sound()


def test_metrics_that_nobody_collects_take_no_more_memory() -> None:
    memory = InMemoryTelemetry()
    telemetry = Telemetry("genspan.instrumentation.test", **memory.providers)
    for _ in range(1_200):
        _stream(telemetry, chunks=3)
    assert len(measuring._waiting) <= 1_000
    assert _gaps(memory) == [2_400, 2_400]


def test_a_forked_child_leaves_what_is_waiting_to_its_parent() -> None:
    memory = InMemoryTelemetry()
    _stream(Telemetry("genspan.instrumentation.test", **memory.providers), chunks=3)
    assert measuring._waiting
    child = os.fork()
    if child == 0:
        os._exit(len(measuring._waiting))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert _gaps(memory) == [2, 2]
