"""`traceparent` and baggage: to the app's own services, not to model vendors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import baggage, propagate
from opentelemetry.sdk.trace import TracerProvider

from genspan.distro.propagation import OwnServicesPropagator, keep_to_own_services
from genspan.instrumentation.core import Operation, Telemetry, detach

KNOWN = {"gen_ai.request.model": "gpt-5-mini"}


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry("app", tracer_provider=TracerProvider())


@pytest.fixture(autouse=True)
def propagator() -> Iterator[None]:
    before = propagate.get_global_textmap()
    keep_to_own_services()
    yield
    propagate.set_global_textmap(before)


def sent(operation: Operation) -> set[str]:
    """The headers that a request inside an operation gets."""
    headers: dict[str, str] = {}
    propagate.inject(headers, baggage.set_baggage("user", "ada", operation.context))
    return set(headers)


@pytest.mark.parametrize("name", ["chat", "generate_content", "text_completion", "embeddings", "moderation"])
def test_none_in_calls_of_models(name: str, telemetry: Telemetry) -> None:
    operation = telemetry.start(name, dict(KNOWN))
    assert sent(operation) == set()
    operation.finish()


@pytest.mark.parametrize("name", ["execute_tool", "invoke_agent", "invoke_workflow", "retrieval"])
def test_as_ever_elsewhere(name: str, telemetry: Telemetry) -> None:
    assert sent(telemetry.start(name, {}, own=name == "retrieval")) == {"traceparent", "baggage"}


def test_none_where_a_vendor_retrieves(telemetry: Telemetry) -> None:
    assert sent(telemetry.start("retrieval", {})) == set()


def test_a_tool_inside_a_model_call_is_the_apps_own(telemetry: Telemetry) -> None:
    token = telemetry.start("chat", dict(KNOWN)).attach()
    try:
        tool = telemetry.start("execute_tool", {"gen_ai.tool.name": "look_up"})
        assert sent(tool) == {"traceparent", "baggage"}
        inner = telemetry.start("chat", dict(KNOWN), parent=tool.context)
        assert sent(inner) == set()
    finally:
        detach(token)


def test_a_task_that_outlives_the_call_propagates(telemetry: Telemetry) -> None:
    operation = telemetry.start("chat", dict(KNOWN))
    context = operation.context
    operation.finish()
    headers: dict[str, str] = {}
    propagate.inject(headers, context)
    assert set(headers) == {"traceparent"}


def test_wrapped_once_and_not_where_the_user_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = propagate.get_global_textmap()
    assert isinstance(wrapped, OwnServicesPropagator)
    keep_to_own_services()
    assert propagate.get_global_textmap() is wrapped
    assert {"traceparent", "baggage"} <= wrapped.fields
    plain = wrapped._propagator
    propagate.set_global_textmap(plain)
    monkeypatch.setenv("GENSPAN_PROPAGATE_TO_MODELS", "true")
    keep_to_own_services()
    assert propagate.get_global_textmap() is plain
