"""A real OTLP backend beside MLflow's file: both hold the same spans, over HTTP and over gRPC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import agent, app, mlflow_file, shop, tree
from support import phoenix as backend
from support.collector import collector
from support.environments import Unavailable
from support.phoenix import Phoenix
from support.rotel import rotel

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    if not backend.PROGRAM.exists():
        pytest.skip("Phoenix is not installed: `make test` installs it where Python is 3.11 or newer")
    with backend.phoenix(tmp_path_factory.mktemp("phoenix")) as server:
        yield server


@pytest.fixture(params=["http/protobuf", "grpc"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def destination(protocol: str, phoenix: Phoenix) -> dict[str, str]:
    """The environment that points an app at Phoenix."""
    return {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": phoenix.grpc if protocol == "grpc" else f"{phoenix.url}/v1/traces",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }


def test_an_app_with_spans_of_its_own(
    destination: dict[str, str], protocol: str, phoenix: Phoenix, tmp_path: Path
) -> None:
    project = f"shop-{protocol[:4]}"
    run = app.run(
        shop.SOURCE, tmp_path, destination | {"OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={project}"}
    )
    assert run.stderr == ""
    in_phoenix = phoenix.spans(project, shop.TRACES * shop.SPANS)
    in_mlflow = mlflow_file.traces(tmp_path / "mlflow.db")
    assert len(in_mlflow) == shop.TRACES
    assert len(in_phoenix) == shop.TRACES * shop.SPANS
    assert tree.of_phoenix(in_phoenix) == tree.of_mlflow(in_mlflow)
    chats = [span for span in in_phoenix if span["name"] == "chat gpt-5"]
    assert all(span["attributes"]["gen_ai.usage.input_tokens"] == 3 for span in chats)


def test_the_example_agent(destination: dict[str, str], protocol: str, phoenix: Phoenix, tmp_path: Path) -> None:
    project = f"agent-{protocol[:4]}"
    traces = agent.run(tmp_path, **destination, OTEL_RESOURCE_ATTRIBUTES=f"openinference.project.name={project}")
    nodes = tree.of_mlflow(traces)
    assert Counter(node.name for node in nodes) == agent.SPANS
    assert tree.of_phoenix(phoenix.spans(project, len(nodes))) == nodes


THREE = """
file_format: "1.1"
resource:
  attributes:
    - {{name: openinference.project.name, value: three}}
tracer_provider:
  processors:
    - batch: {{exporter: {{mlflow: {{}}}}}}
    - batch: {{exporter: {{otlp_grpc: {{endpoint: "{grpc}", tls: {{insecure: true}}}}}}}}
    - batch: {{exporter: {{otlp_http: {{endpoint: "{http}/v1/traces"}}}}}}
"""


def test_a_collector_in_rust_and_mlflow_beside_it(phoenix: Phoenix, tmp_path: Path) -> None:
    with collector() as end:
        try:
            with rotel(end.url, tmp_path) as between:
                (tmp_path / "otel.yaml").write_text(THREE.format(grpc=phoenix.grpc, http=between.http))
                run = app.run(shop.SOURCE, tmp_path, {"OTEL_CONFIG_FILE": "otel.yaml"})
        except Unavailable as why:
            pytest.skip(str(why))
    assert run.stderr == ""
    in_phoenix = phoenix.spans("three", shop.TRACES * shop.SPANS)
    in_mlflow = tree.of_mlflow(mlflow_file.traces(tmp_path / "mlflow.db"))
    assert len(in_mlflow) == len(in_phoenix) == len(end.spans) == shop.TRACES * shop.SPANS
    assert tree.of_phoenix(in_phoenix) == in_mlflow == tree.of_otel(end.spans)
