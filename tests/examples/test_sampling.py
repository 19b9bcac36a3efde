"""The example of sampling, and the head sampling that the environment asks for."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased

from support import app, mlflow_file, shop

EXAMPLE = Path(__file__).parents[2] / "examples" / "sampling.py"


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


def test_it_keeps_every_trace_that_failed_and_a_share_of_the_others(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLE], cwd=tmp_path, env=app.environment(), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    traces = mlflow_file.traces(tmp_path / "mlflow.db")
    failed = [trace for trace in traces if trace.info.state == "ERROR"]
    assert len(failed) == 10
    assert len(failed) < len(traces) < 55  # 18 of 90 are to be expected
    assert {len(trace.data.spans) for trace in traces} == {2}
    assert {trace.info.trace_metadata["mlflow.trace.session"] for trace in traces} == {"a-session"}


def test_ratios_by_experiment(example: dict[str, Any]) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(example["RatioPerExperiment"]({"1": 0.0, "2": 0.5})))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("app")
    for experiment in ("1", "2", "3"):
        for _ in range(400):
            with tracer.start_as_current_span(experiment, attributes={"mlflow.experimentId": experiment}):
                tracer.start_span(experiment).end()
    names = [span.name for span in kept.get_finished_spans()]
    assert names.count("1") == 0
    assert 300 < names.count("2") < 500
    assert names.count("3") == 800


def test_what_is_held_has_a_limit_and_is_handed_on_at_the_end(example: dict[str, Any]) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(example["KeepErrors"](SimpleSpanProcessor(kept), ratio=0, limit=3))
    tracer = provider.get_tracer("app")
    with tracer.start_as_current_span("long"):
        for _ in range(4):
            tracer.start_span("step").end()
        assert len(kept.get_finished_spans()) == 4
    tracer.start_span("well").end()
    assert len(kept.get_finished_spans()) == 4
    with tracer.start_as_current_span("long"):
        tracer.start_span("step").end()
        provider.shutdown()
        assert len(kept.get_finished_spans()) == 5


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}, 5, 35),
        ({"MLFLOW_TRACE_SAMPLING_RATIO": "0.5"}, 5, 35),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0, 0),
    ],
    ids=["head sampling", "of MLflow's alone", "off"],
)
def test_ratios_that_the_environment_asks_for(given: dict[str, str], least: int, most: int, tmp_path: Path) -> None:
    assert app.run(shop.SOURCE, tmp_path, given).stderr == ""
    traces = mlflow_file.traces(tmp_path / "mlflow.db") if (tmp_path / "mlflow.db").exists() else []
    assert least <= len(traces) <= most
    assert {len(trace.data.spans) for trace in traces} <= {shop.SPANS}
