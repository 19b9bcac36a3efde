"""The distribution in a process of its own, started by `opentelemetry-instrument`."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from support import app
from support.site import install

REPORT = """
import json, logging, os, sys
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider

provider = trace.get_tracer_provider()
processors = getattr(getattr(provider, "_active_span_processor", None), "_span_processors", ())
exporters = [p.span_exporter for p in processors if hasattr(p, "span_exporter")]
print(json.dumps({
    "provider": type(provider).__qualname__,
    "exporters": [f"{type(e).__module__}.{type(e).__qualname__}" for e in exporters],
    "resource": dict(provider.resource.attributes) if hasattr(provider, "resource") else {},
    "environment": {k: v for k, v in os.environ.items() if k.startswith("OTEL_")},
    "instrumented": os.environ.get("INSTRUMENTED", "").split(),
}))
"""

HTTP = "opentelemetry.exporter.otlp.proto.http.trace_exporter.OTLPSpanExporter"
GRPC = "opentelemetry.exporter.otlp.proto.grpc.trace_exporter.OTLPSpanExporter"
MLFLOW = "genspan.exporters.mlflow.exporter.MlflowSpanExporter"
CONSOLE = "opentelemetry.sdk.trace.export.ConsoleSpanExporter"


def report(cwd: Path, **given: str) -> dict[str, Any]:
    run = app.run(REPORT, cwd, given)
    return {**json.loads(run.stdout), "stderr": run.stderr}


INSTRUMENTOR = """
import os
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

class Instrumentor(BaseInstrumentor):
    def instrumentation_dependencies(self):
        return ()

    def _instrument(self, **kwargs):
        os.environ["INSTRUMENTED"] = os.environ.get("INSTRUMENTED", "") + " {name}"
        {body}

    def _uninstrument(self, **kwargs):
        pass
"""


def instrumentor(site: Path, name: str, entry_point: str, body: str = "") -> None:
    point = f"[opentelemetry_instrumentor]\n{entry_point} = {name}:Instrumentor\n"
    install(site, name, point, **{name: INSTRUMENTOR.format(name=name, body=body)})


def test_resource_names_the_distribution_and_keeps_the_users(tmp_path: Path) -> None:
    found = report(tmp_path, OTEL_RESOURCE_ATTRIBUTES="team=blue,service.version=7", OTEL_TRACES_EXPORTER="none")
    resource = found["resource"]
    assert resource["telemetry.distro.name"] == "genspan"
    assert resource["telemetry.distro.version"] == version("genspan")
    assert resource["telemetry.auto.version"] == version("opentelemetry-instrumentation")
    assert (resource["team"], resource["service.version"]) == ("blue", "7")
    assert resource["service.name"].startswith("unknown_service")


@pytest.mark.parametrize(
    ("given", "exporters"),
    [
        ({"OTEL_TRACES_EXPORTER": "none"}, []),
        ({"OTEL_TRACES_EXPORTER": "console"}, [CONSOLE]),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, [HTTP]),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, [GRPC]),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}, [GRPC]),
    ],
)
def test_the_users_exporters_win(given: dict[str, str], exporters: list[str], tmp_path: Path) -> None:
    metrics_off = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    assert report(tmp_path, **given, **metrics_off)["exporters"] == exporters
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"OTEL_TRACES_EXPORTER": "jaeger"}, "Requested component 'jaeger' not found"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL": "http"},
            "Unsupported OTLP protocol 'http'",
        ),
        ({"OTEL_CONFIG_FILE": "none.yaml"}, "Configuration file not found: none.yaml"),
    ],
)
def test_a_wrong_setting_is_told_in_a_line_and_the_app_runs(given: dict[str, str], reason: str, tmp_path: Path) -> None:
    found = report(tmp_path, **given)
    assert found["provider"] == "ProxyTracerProvider"
    told = [line for line in found["stderr"].splitlines() if reason in line]
    assert f"OpenTelemetry is not set up, and nothing is recorded: {reason}" in told[-1]
    assert "Traceback" not in found["stderr"]
    assert len(told) <= 2  # OpenTelemetry's own is the other.


def test_disabled_sdk_has_no_provider(tmp_path: Path) -> None:
    found = report(tmp_path, OTEL_SDK_DISABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert (found["provider"], found["exporters"]) == ("ProxyTracerProvider", [])
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_a_failing_instrumentor_keeps_no_other_from_loading(tmp_path: Path) -> None:
    site = tmp_path / "site"
    instrumentor(site, "a_broken", "a_broken", "raise RuntimeError('bad day')")
    instrumentor(site, "b_missing", "b_missing", "raise ModuleNotFoundError('not here')")
    instrumentor(site, "c_fine", "c_fine")
    found = report(tmp_path, PYTHONPATH=str(site), OTEL_TRACES_EXPORTER="none")
    assert "c_fine" in found["instrumented"]
    assert "Instrumentor a_broken of a_broken failed" in found["stderr"]
    assert "bad day" in found["stderr"]
    assert "b_missing" not in found["stderr"]


def test_of_two_instrumentors_for_a_library_ours_runs_and_says_so(tmp_path: Path) -> None:
    site = tmp_path / "site"
    instrumentor(site, "acme_openai", "openai")
    instrumentor(site, "acme_agents", "openai_agents")
    found = report(tmp_path, PYTHONPATH=str(site), OTEL_TRACES_EXPORTER="none")
    assert found["instrumented"] == ["acme_agents"]
    lines = [line for line in found["stderr"].splitlines() if "acme_openai" in line]
    assert len(lines) == 1
    assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=genspan_openai" in lines[0]


def test_the_user_may_keep_the_other_instrumentor(tmp_path: Path) -> None:
    site = tmp_path / "site"
    instrumentor(site, "acme_openai", "openai")
    found = report(
        tmp_path,
        PYTHONPATH=str(site),
        OTEL_TRACES_EXPORTER="none",
        OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="genspan_openai",
    )
    assert found["instrumented"] == ["acme_openai"]
    assert "acme_openai" not in found["stderr"]


DECLARATIVE = """
file_format: "1.1"
resource:
  attributes:
    - {name: team, value: blue}
tracer_provider:
  processors:
    - simple: {exporter: {console: {}}}
    - batch: {exporter: {mlflow: {}}}
"""


def test_a_configuration_file_says_it_all(tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(DECLARATIVE)
    found = report(tmp_path, OTEL_CONFIG_FILE="otel.yaml", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert found["exporters"] == [CONSOLE, MLFLOW]
    assert found["resource"]["team"] == "blue"
    assert "OTEL_TRACES_EXPORTER" not in found["environment"]
    assert found["environment"]["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] == "SPAN_ONLY"
    assert "ignoring" not in found["stderr"]


PLAIN_DISTRO = """
import os
from opentelemetry.instrumentation.distro import BaseDistro

class Distro(BaseDistro):
    def _configure(self, **kwargs):
        os.environ.setdefault("OTEL_TRACES_EXPORTER", "console")
"""


@pytest.mark.parametrize(
    ("package", "given", "exporters"),
    [
        ("opentelemetry-distro", {}, [MLFLOW]),
        ("opentelemetry-distro", {"OTEL_PYTHON_DISTRO": "plain"}, [CONSOLE]),
        ("acme-distro", {}, [CONSOLE]),
        ("acme-distro", {"OTEL_PYTHON_DISTRO": "genspan"}, [MLFLOW]),
    ],
)
def test_precedes_opentelemetrys_own_distro_and_no_other(
    package: str, given: dict[str, str], exporters: list[str], tmp_path: Path
) -> None:
    site = tmp_path / "site"  # On PYTHONPATH, so found before ours.
    install(site, package, "[opentelemetry_distro]\nplain = plain_distro:Distro\n", plain_distro=PLAIN_DISTRO)
    found = report(tmp_path, PYTHONPATH=str(site), **given)
    assert found["exporters"] == exporters


PROVIDING_DISTRO = """
from opentelemetry import trace
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

class Distro(BaseDistro):
    def _configure(self, **kwargs):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
        trace.set_tracer_provider(provider)
"""


def test_joins_the_provider_of_another_distribution(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "acme", "[opentelemetry_distro]\nacme = acme:Distro\n", acme=PROVIDING_DISTRO)
    found = report(
        tmp_path, PYTHONPATH=str(site), OTEL_PYTHON_DISTRO="acme", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"
    )
    assert found["provider"] == "TracerProvider"
    assert found["exporters"] == [CONSOLE, MLFLOW]
    assert "Overriding" not in found["stderr"]
