"""`docs/metrics.md`: its tables are those of the code, and its programs and configuration files do what it says."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import metric_tables
import pytest
import yaml

from genspan.distro.demo.server import running
from genspan.semconv.metrics import METRICS
from support import app, every_operation
from support.collector import Collector, collector
from support.ports import free_port

PAGE = metric_tables.PAGE.read_text()
CALL = """
import openai

stream = openai.OpenAI().chat.completions.create(
    model="gpt-5.4-mini", messages=[{"role": "user", "content": "Hello"}], stream=True,
    stream_options={"include_usage": True},
)
assert list(stream)
"""
STAY = {"gen_ai.operation.name", "gen_ai.request.model"}
BOUNDS = [0.5, 1, 2, 5, 10, 30]


def block(language: str, beginning: str) -> str:
    """The first block of the page in that language that begins so."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return next(text for text in blocks if text.startswith(beginning))


def points(otlp: Collector, name: str) -> list[Any]:
    (metric,) = (metric for metric in otlp.metrics if metric.name == name)
    return list(metric.data.data_points)


def test_the_tables_are_up_to_date() -> None:
    assert metric_tables.filled(PAGE) == PAGE, "python docs/metric_tables.py writes them"


def test_every_metric_is_told_of_or_is_none_of_ours() -> None:
    recorded = {metric.name for metric in metric_tables.RECORDED}
    assert {metric.name.rpartition(".")[0] for metric in METRICS if metric.name not in recorded} == {
        *("gen_ai.server", "gen_ai.server.request"),
        *("mcp.client.operation", "mcp.server.operation", "mcp.client.session", "mcp.server.session"),
    }


def test_views_in_a_configuration_file(tmp_path: Path) -> None:
    with collector() as otlp:
        # Sent once, at the end, however long the program takes.
        file = block("yaml", "file_format").replace("http://localhost:4318", otlp.url).replace("15000", "600000")
        (tmp_path / "otel.yaml").write_text(file)
        every_operation.run(tmp_path, {"OTEL_CONFIG_FILE": "otel.yaml"})
    durations = points(otlp, "gen_ai.client.inference.duration")
    assert {tuple(point.explicit_bounds) for point in durations} == {tuple(BOUNDS)}
    assert {name for point in durations for name in point.attributes} == STAY | {"error.type"}
    # What a view drops, an exemplar keeps; and it leads to the call.
    dropped = [exemplar.filtered_attributes.keys() for point in durations for exemplar in point.exemplars]
    assert all({"gen_ai.provider.name", "server.address"} <= names for names in dropped)
    ids = {(exemplar.trace_id, exemplar.span_id) for point in durations for exemplar in point.exemplars}
    assert len(ids) >= len(durations)
    assert ids <= {(event.log_record.trace_id, event.log_record.span_id) for event in otlp.events}
    names = {metric.name for metric in otlp.metrics}
    assert not [name for name in names if name.endswith("time_per_output_chunk")]
    assert {"gen_ai.client.inference.time_to_first_chunk", "gen_ai.execute_tool.duration"} < names
    # Collectors know exponential histograms; ours of the tests leaves them out.
    assert not [name for name in names if name.startswith("gen_ai.client.inference.operation.")]
    assert otlp.exponential == {
        "gen_ai.client.inference.operation.input_tokens",
        "gen_ai.client.inference.operation.output_tokens",
    }
    assert (tmp_path / "mlflow.db").exists()


def test_views_in_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(block("python", "from opentelemetry import metrics") + CALL)
    with collector() as otlp, running() as model:
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"}
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=tmp_path,
            env=app.environment(given),
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stderr == "Overriding of current MeterProvider is not allowed\n"
    assert len(otlp.spans) == 1
    assert otlp.requests.count("/v1/metrics") == 1
    names = {metric.name for metric in otlp.metrics}
    assert "gen_ai.client.token.usage" not in names
    assert "gen_ai.client.operation.time_to_first_chunk" in names
    unwanted = {"server.address", "server.port", "openai.response.system_fingerprint"}
    for metric in otlp.metrics:
        (point,) = metric.data.data_points
        assert not unwanted & point.attributes.keys()
        assert point.attributes.keys() > STAY
        assert point.exemplars
    assert list(points(otlp, "gen_ai.client.inference.duration")[0].explicit_bounds) == BOUNDS
    assert list(points(otlp, "gen_ai.client.operation.duration")[0].explicit_bounds)[:2] == [0.01, 0.02]


@pytest.mark.skipif(
    importlib.util.find_spec("opentelemetry.exporter.prometheus") is None, reason="its exporter is not installed"
)
def test_prometheus_in_a_configuration_file(tmp_path: Path) -> None:
    (line,) = re.findall(r"`(readers: .*prometheus.*)`", PAGE)
    port = str(free_port())
    provider = yaml.safe_load(line.replace("9464", port))
    (tmp_path / "otel.yaml").write_text(yaml.safe_dump({"file_format": "1.1", "meter_provider": provider}))
    fetch = f"import urllib.request as r\nprint(r.urlopen('http://localhost:{port}/metrics').read().decode())"
    with running() as model:
        given = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none", "OTEL_CONFIG_FILE": "otel.yaml"}
        done = app.run(f"{CALL}\n{fetch}", tmp_path, given)
    assert done.stderr == ""
    assert "gen_ai_client_inference_duration_seconds_count{" in done.stdout
