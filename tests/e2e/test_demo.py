"""The example agent under the distribution: what leaves the process is valid, and the same in every backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running
from support import app, mlflow_file, tree
from support.collector import Collector, collector
from support.conventions import assert_conventional
from support.phoenix import Phoenix

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


@dataclass(frozen=True)
class Demo:
    sent: Collector
    traces: list[Any]


@pytest.fixture(scope="module", params=["SPAN_ONLY", "SPAN_AND_EVENT", "NO_CONTENT"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One run, with content captured as the parameter says."""
    with collector() as sent:
        traces = run_agent(
            tmp_path_factory.mktemp("demo"),
            OTEL_EXPORTER_OTLP_ENDPOINT=sent.url,
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=request.param,
        )
    return Demo(sent, traces)


def test_every_span_event_and_metric_is_as_the_conventions_say(demo: Demo) -> None:
    operations = {(span.attributes or {}).get("gen_ai.operation.name") for span in demo.sent.spans}
    assert {"chat", "execute_tool", "invoke_agent", "retrieval"} <= operations
    assert "gen_ai.client.inference.duration" in {metric.name for metric in demo.sent.metrics}
    assert_conventional(demo.sent.spans, demo.sent.events, demo.sent.metrics)


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
