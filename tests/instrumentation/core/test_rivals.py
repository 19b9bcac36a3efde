"""Another vendor's instrumentor of a library beside ours, turned on in the program in any order."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from openai.resources.chat.completions import Completions
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from genspan.instrumentation.openai import OpenAIInstrumentor

ORIGINAL = vars(Completions)["create"]


def instrumentor(name: str, requires: str = "openai >= 1", fails: bool = False) -> Any:
    """Another vendor's, which notes the method that it finds."""

    class Other(BaseInstrumentor):
        found: Any = None

        def instrumentation_dependencies(self) -> tuple[str, ...]:
            return (requires,)

        def _instrument(self, **kwargs: Any) -> None:
            if fails:
                raise RuntimeError("bad day")
            self.found = vars(Completions)["create"]

        def _uninstrument(self, **kwargs: Any) -> None:
            pass

    Other.__name__ = Other.__qualname__ = name
    return Other()


@pytest.fixture
def genspans() -> Iterator[Any]:
    """Our instrumentor, off before and after."""
    instrumentor = OpenAIInstrumentor()
    assert not instrumentor.is_instrumented_by_opentelemetry
    yield instrumentor
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
    assert vars(Completions)["create"] is ORIGINAL


@pytest.fixture
def theirs() -> Iterator[Any]:
    instrumentor_ = instrumentor("OpenAIInstrumentor")
    yield instrumentor_
    if instrumentor_.is_instrumented_by_opentelemetry:
        instrumentor_.uninstrument()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_ours_stands_aside_for_one_that_comes_later_and_is_back_after_it(
    genspans: Any, theirs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    provider = TracerProvider()
    genspans.instrument(tracer_provider=provider, capture="NO_CONTENT")
    assert vars(Completions)["create"] is not ORIGINAL
    theirs.instrument(tracer_provider=provider)
    assert theirs.found is ORIGINAL
    assert not genspans.is_instrumented_by_opentelemetry
    (told,) = warnings(caplog)
    assert told.startswith(f"openai is instrumented by {type(theirs).__module__}.OpenAIInstrumentor, which the program")
    assert told.endswith("set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=genspan_openai")
    theirs.uninstrument()
    assert genspans.is_instrumented_by_opentelemetry
    assert vars(Completions)["create"] is not ORIGINAL
    assert genspans._telemetry.capture.name == "NO_CONTENT"
    theirs.instrument(tracer_provider=provider)
    assert len(warnings(caplog)) == 1


def test_ours_stands_aside_for_one_that_came_before(
    genspans: Any, theirs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    theirs.instrument()
    genspans.instrument()
    genspans.instrument()
    assert vars(Completions)["create"] is ORIGINAL
    assert len(warnings(caplog)) == 1
    theirs.uninstrument()
    assert vars(Completions)["create"] is not ORIGINAL


def test_ours_stays_off_once_it_is_turned_off(genspans: Any, theirs: Any, caplog: pytest.LogCaptureFixture) -> None:
    genspans.instrument()
    theirs.instrument()
    genspans.uninstrument()
    assert len(warnings(caplog)) == 1
    theirs.uninstrument()
    assert vars(Completions)["create"] is ORIGINAL


def test_both_run_for_tracer_providers_of_their_own(
    genspans: Any, theirs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    genspans.instrument(tracer_provider=TracerProvider())
    theirs.instrument(tracer_provider=TracerProvider())
    assert theirs.found is not ORIGINAL
    assert genspans.is_instrumented_by_opentelemetry
    assert warnings(caplog) == []


def test_ours_runs_on_where_the_other_cannot_be_turned_on(genspans: Any) -> None:
    genspans.instrument()
    with pytest.raises(RuntimeError, match="bad day"):
        instrumentor("OpenAIInstrumentor", fails=True).instrument()
    assert vars(Completions)["create"] is not ORIGINAL
    instrumentor("OpenAIInstrumentor", requires="openai < 1").instrument()
    assert vars(Completions)["create"] is not ORIGINAL


def test_instrumentors_of_other_libraries_are_none_of_our_business(genspans: Any) -> None:
    genspans.instrument()
    other = instrumentor("OpenAIAgentsInstrumentor")
    other.instrument()
    assert genspans.is_instrumented_by_opentelemetry
    other.uninstrument()


def test_two_others_and_the_last_of_them_to_go(genspans: Any, theirs: Any) -> None:
    second = instrumentor("OpenaiInstrumentor")
    genspans.instrument()
    theirs.instrument()
    second.instrument()
    theirs.uninstrument()
    assert vars(Completions)["create"] is ORIGINAL
    second.uninstrument()
    assert vars(Completions)["create"] is not ORIGINAL
