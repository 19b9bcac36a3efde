"""`genspan.distro.configure()`: a program of its own is set up in code, once, whatever was there before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genspan.distro import configure
from support import app, mlflow_file

SEEN = """
import json, os
from opentelemetry import trace
from genspan.instrumentation.langchain import LangChainInstrumentor
from genspan.instrumentation.openai import OpenAIInstrumentor

def seen():
    provider = trace.get_tracer_provider()
    processors = getattr(getattr(provider, "_active_span_processor", None), "_span_processors", ())
    print(json.dumps({
        "provider": type(provider).__qualname__,
        "exporters": [type(p.span_exporter).__qualname__ for p in processors if hasattr(p, "span_exporter")],
        "instrumented": [i().is_instrumented_by_opentelemetry for i in (OpenAIInstrumentor, LangChainInstrumentor)],
        "service": getattr(provider, "resource", None) and provider.resource.attributes["service.name"],
        "capture": os.environ.get("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
    }))
"""

OWN = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=open("console", "w"))))
trace.set_tracer_provider(provider)
"""


def seen(source: str, folder: Path, **given: str) -> dict[str, Any]:
    """What a program that is started without `opentelemetry-instrument` says of itself, and its stderr."""
    (folder / "app.py").write_text(f"{SEEN}\nfrom genspan.distro import configure\n{source}\nseen()\n")
    run = subprocess.run(
        [sys.executable, "app.py"],
        check=False,
        cwd=folder,
        env=app.environment(given),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return {**json.loads(run.stdout), "stderr": run.stderr}


def test_does_what_opentelemetry_instrument_does(tmp_path: Path) -> None:
    found = seen("configure()", tmp_path)
    assert found["provider"] == "TracerProvider"
    assert found["exporters"] == ["MlflowSpanExporter"]
    assert found["instrumented"] == [True, True]
    assert found["capture"] == "SPAN_ONLY"
    assert found["stderr"] == ""


def test_arguments_win_over_the_environment(tmp_path: Path) -> None:
    source = """
configure(
    tracking_uri="sqlite:///other.db", experiment="support", capture_content=False,
    otlp_endpoint="http://127.0.0.1:9", service_name="desk", without=["genspan_langchain"],
)
with trace.get_tracer("app").start_as_current_span("a", attributes={"gen_ai.operation.name": "invoke_workflow"}):
    pass
for processor in trace.get_tracer_provider()._active_span_processor._span_processors:
    if type(getattr(processor, "span_exporter", None)).__qualname__ == "MlflowSpanExporter":
        processor.force_flush()
"""
    off = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    found = seen(source, tmp_path, MLFLOW_TRACKING_URI="sqlite:///mlflow.db", MLFLOW_EXPERIMENT_ID="0", **off)
    assert found["exporters"] == ["MlflowSpanExporter", "OTLPSpanExporter"]
    assert found["instrumented"] == [True, False]
    assert (found["service"], found["capture"]) == ("desk", "false")
    assert [trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "other.db", "support")] == ["a"]
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize(
    "before",
    [
        "configure()",
        "from opentelemetry.instrumentation.auto_instrumentation import initialize; initialize()",
        "from genspan import mlflow; mlflow.openai.autolog(); mlflow.start_span_no_context('a').end()",
    ],
    ids=["itself", "opentelemetry-instrument", "autolog"],
)
def test_a_second_time_changes_nothing(before: str, tmp_path: Path) -> None:
    found = seen(f"{before}\nprovider = trace.get_tracer_provider()\nconfigure()\nconfigure()\n", tmp_path)
    assert found["exporters"].count("MlflowSpanExporter") == 1
    assert found["instrumented"] == [True, True]
    assert found["stderr"] == ""


def test_what_comes_too_late_is_told(tmp_path: Path) -> None:
    found = seen('configure()\nconfigure(experiment="late", capture_content="SPAN_ONLY")', tmp_path)
    (line,) = found["stderr"].splitlines()
    assert line.endswith("so these take no effect: MLFLOW_EXPERIMENT_NAME=late")


def test_joins_the_programs_own_provider(tmp_path: Path) -> None:
    found = seen(f"{OWN}\nconfigure(otlp_endpoint='http://127.0.0.1:9')\nconfigure()", tmp_path)
    assert found["exporters"] == ["ConsoleSpanExporter", "MlflowSpanExporter"]
    assert "so these take no effect: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9" in found["stderr"]
    assert "Overriding" not in found["stderr"]


def test_joins_a_provider_that_exports_to_mlflow_already(tmp_path: Path) -> None:
    exporting = """
from genspan.exporters.mlflow import MlflowSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider.add_span_processor(BatchSpanProcessor(MlflowSpanExporter()))
"""
    found = seen(f"{OWN}{exporting}\nconfigure()", tmp_path)
    assert found["exporters"] == ["ConsoleSpanExporter", "MlflowSpanExporter"]


# As Logfire's is (5.2): before the SDK's own, with its methods, not of its class, and not hashable.
STANDING_BEFORE = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

class Before(trace.TracerProvider):
    __hash__ = None

    def __init__(self):
        self.inner = TracerProvider()

    def get_tracer(self, *args, **kwargs):
        return self.inner.get_tracer(*args, **kwargs)

    def add_span_processor(self, span_processor):
        self.inner.add_span_processor(span_processor)

    def force_flush(self, timeout_millis=30000):
        return self.inner.force_flush(timeout_millis)

    @property
    def resource(self):
        return self.inner.resource

provider = Before()
trace.set_tracer_provider(provider)
configure(tracking_uri="sqlite:///joined.db")
configure()
with trace.get_tracer("app").start_as_current_span("a", attributes={"gen_ai.operation.name": "chat"}):
    pass
provider.force_flush()
"""


def test_joins_a_provider_that_stands_before_the_sdks(tmp_path: Path) -> None:
    found = seen(STANDING_BEFORE, tmp_path)
    assert (found["provider"], found["stderr"]) == ("Before", "")
    assert [trace.data.spans[0].name for trace in mlflow_file.traces(tmp_path / "joined.db")] == ["a"]


def test_a_provider_that_is_set_afterwards_is_refused_by_opentelemetry(tmp_path: Path) -> None:
    found = seen(f"configure()\n{OWN}", tmp_path)
    assert found["exporters"] == ["MlflowSpanExporter"]
    assert "Overriding of current TracerProvider is not allowed" in found["stderr"]


def test_switched_off(tmp_path: Path) -> None:
    found = seen("configure()\nconfigure()", tmp_path, OTEL_SDK_DISABLED="true")
    assert found["provider"] == "ProxyTracerProvider"
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_one_name_is_no_collection_of_names() -> None:
    with pytest.raises(TypeError, match="without"):
        configure(without="genspan_openai")
