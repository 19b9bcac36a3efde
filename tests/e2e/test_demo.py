"""The example agent under the distribution: what leaves the process is valid, and the same in every backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running
from support import app, mlflow_file, tree
from support.collector import Collector, collector
from support.conventions import assert_conventional, sampling_faults
from support.phoenix import Phoenix
from support.site import install

AGENT = Path(__file__).parents[2] / "examples" / "agent.py"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("phoenix")]


def run_agent(folder: Path, **given: str) -> list[Any]:
    """Runs the example in a folder, and gives the traces that MLflow reads there."""
    with running() as model:
        endpoint = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1"}
        run = app.run(AGENT.read_text(), folder, endpoint | given)
    assert run.stderr == ""
    assert "Answer:" in run.stdout
    return mlflow_file.traces(folder / "mlflow.db")


REMEMBERING = """
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

class Remembering(Sampler):
    def __init__(self, argument):
        pass

    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, links=None, trace_state=None):
        noted = {**(attributes or {}), "test.at_start": list(attributes or ())}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, noted)

    def get_description(self):
        return "Takes all; notes on each span which attributes it started with."
"""


@dataclass(frozen=True)
class Demo:
    sent: Collector
    traces: list[Any]


@pytest.fixture(scope="module", params=["SPAN_ONLY", "SPAN_AND_EVENT", "NO_CONTENT"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One run, with content captured as the parameter says."""
    folder = tmp_path_factory.mktemp("demo")
    point = "[opentelemetry_traces_sampler]\nremembering = remembering:Remembering\n"
    install(folder / "site", "remembering", point, remembering=REMEMBERING)
    with collector() as sent:
        traces = run_agent(
            folder,
            PYTHONPATH=str(folder / "site"),
            OTEL_TRACES_SAMPLER="remembering",
            OTEL_EXPORTER_OTLP_ENDPOINT=sent.url,
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=request.param,
        )
    return Demo(sent, traces)


def test_every_span_event_and_metric_is_as_the_conventions_say(demo: Demo) -> None:
    operations = {(span.attributes or {}).get("gen_ai.operation.name") for span in demo.sent.spans}
    assert {"chat", "execute_tool", "invoke_agent", "retrieval"} <= operations
    assert "gen_ai.client.inference.duration" in {metric.name for metric in demo.sent.metrics}
    assert_conventional(demo.sent.spans, demo.sent.events, demo.sent.metrics)


def test_samplers_see_what_they_should(demo: Demo) -> None:
    faults = [fault for span in demo.sent.spans for fault in sampling_faults(span, span.attributes["test.at_start"])]
    assert faults == []


def test_mlflow_holds_the_spans_that_were_sent(demo: Demo) -> None:
    assert tree.of_mlflow(demo.traces) == tree.of_otel(demo.sent.spans)
    assert {trace.info.state for trace in demo.traces} == {"OK"}


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_phoenix_and_mlflow_hold_the_same_trees(protocol: str, tmp_path: Path, phoenix: Phoenix) -> None:
    project = f"demo-{protocol[:4]}"
    traces = run_agent(
        tmp_path,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=phoenix.grpc if protocol == "grpc" else f"{phoenix.url}/v1/traces",
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_RESOURCE_ATTRIBUTES=f"openinference.project.name={project}",
    )
    nodes = tree.of_mlflow(traces)
    assert len(nodes) > 8
    assert tree.of_phoenix(phoenix.spans(project, len(nodes))) == nodes
