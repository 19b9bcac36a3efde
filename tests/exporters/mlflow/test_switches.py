"""MLflow's switches of tracing, and ours."""

from __future__ import annotations

import logging
import random

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow.switches import Switches


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, True),
        ({"ENABLE_MLFLOW_TRACING": "true"}, True),
        ({"ENABLE_MLFLOW_TRACING": "False"}, False),
        ({"IS_IN_DB_MODEL_SERVING_ENV": "true"}, False),
        ({"IS_IN_DB_MODEL_SERVING_ENV": "true", "ENABLE_MLFLOW_TRACING": "true"}, True),
        ({"IS_IN_DB_MODEL_SERVING_ENV": "false"}, True),
    ],
)
def test_whether_there_is_any(environ: dict[str, str], on: bool) -> None:
    assert Switches.read(environ).on is on


def spans(count: int) -> list[ReadableSpan]:
    numbers = random.Random(7)
    return [
        ReadableSpan("a span", context=SpanContext(numbers.getrandbits(128), number + 1, is_remote=False))
        for number in range(count)
    ]


def test_a_share_of_traces_is_kept() -> None:
    given = spans(10_000)

    kept = Switches.read({"MLFLOW_TRACE_SAMPLING_RATIO": "0.25"}).sampled(given)

    assert 2300 < len(kept) < 2700
    assert Switches.read({"MLFLOW_TRACE_SAMPLING_RATIO": "0.25"}).sampled(kept) == kept
    assert len(Switches.read({"MLFLOW_TRACE_SAMPLING_RATIO": "0.5"}).sampled(kept)) == len(kept)
    assert Switches.read({"MLFLOW_TRACE_SAMPLING_RATIO": "0"}).sampled(given) == []
    assert Switches.read({"MLFLOW_TRACE_SAMPLING_RATIO": "1"}).sampled(given) == given
    assert Switches.read({}).sampled(given) == given


@pytest.mark.parametrize("ratio", ["half", "1.5", "-1", "nan"])
def test_a_ratio_that_is_none_is_told_and_ignored(ratio: str, caplog: pytest.LogCaptureFixture) -> None:
    given = spans(10)

    assert Switches.read({"MLFLOW_TRACE_SAMPLING_RATIO": ratio}).sampled(given) == given

    (told,) = caplog.records
    assert told.levelno == logging.WARNING
    assert repr(ratio) in told.getMessage()


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_running_traces_are_shown_on_request(value: str, expected: bool) -> None:
    assert Switches.read({"GENSPAN_MLFLOW_IN_PROGRESS": value}).in_progress is expected
