"""`mlflow.<library>.autolog()`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genspan import mlflow
from genspan.instrumentation.openai import OpenAIInstrumentor
from support.mlflow_api import Tracing


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    mlflow.autolog(disable=True)


def is_on() -> bool:
    return bool(OpenAIInstrumentor().is_instrumented_by_opentelemetry)


def test_on_and_off_and_on(tracing_to: Tracing) -> None:
    for on in (True, True, False, False, True):
        mlflow.openai.autolog(disable=not on)
        assert is_on() is on
    mlflow.openai.autolog(log_traces=False)
    assert not is_on()


def test_all_of_them(tracing_to: Tracing) -> None:
    mlflow.autolog()
    assert is_on()
    mlflow.autolog(disable=True)
    assert not is_on()


def test_disabled_tracing_takes_them_along(tracing_to: Tracing) -> None:
    mlflow.openai.autolog()
    mlflow.tracing.disable()
    assert not is_on()
    mlflow.tracing.disable()
    mlflow.tracing.enable()
    assert is_on()


def test_what_is_said_while_tracing_is_disabled_holds_afterwards(tracing_to: Tracing) -> None:
    mlflow.tracing.disable()
    mlflow.openai.autolog()
    assert not is_on()
    mlflow.langchain.autolog()
    mlflow.langchain.autolog(disable=True)
    mlflow.tracing.enable()
    assert is_on()


def test_what_mlflow_takes_is_taken(tracing_to: Tracing) -> None:
    mlflow.openai.autolog(exclusive=True, disable_for_unsupported_versions=True, disable_openai_agent_tracer=False)
    mlflow.langchain.autolog(run_tracer_inline=True, silent=True)
    assert is_on()


def test_a_library_that_is_not_traced_yet(tracing_to: Tracing, caplog: pytest.LogCaptureFixture) -> None:
    missing = next(name for name in ("ag2", "agno", "txt") if name not in mlflow.__dir__())
    getattr(mlflow, missing).autolog(silent=True)
    assert not caplog.records
    getattr(mlflow, missing).autolog()
    assert missing in caplog.text
