"""`OTEL_CONFIG_FILE`: our exporter as a plugin component, and our instrumentors with typed options."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running
from support import app, mlflow_file
from support.site import install

FILE = """
file_format: "1.1"
resource:
  attributes:
    - {name: service.name, value: desk}
tracer_provider:
  processors:
    - batch: {exporter: {mlflow: {tracking_uri: "sqlite:///chosen.db", experiment_name: support}}}
instrumentation/development:
  python:
    genspan_openai: OPTIONS
    genspan_langchain: {enabled: false}
"""

PROGRAM = """
import json, openai
from genspan.instrumentation.langchain import LangChainInstrumentor
from genspan.instrumentation.openai import OpenAIInstrumentor

openai.OpenAI().chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "Hello"}])
print(json.dumps([i().is_instrumented_by_opentelemetry for i in (OpenAIInstrumentor, LangChainInstrumentor)]))
"""


def run(options: str, folder: Path, source: str = PROGRAM, **given: str) -> tuple[list[bool], str]:
    """Runs the program with these options for OpenAI's instrumentor; which of ours are on, and its stderr."""
    (folder / "otel.yaml").write_text(FILE.replace("OPTIONS", options))
    with running() as model:
        endpoint = {"OTEL_CONFIG_FILE": "otel.yaml", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"}
        done = app.run(source, folder, endpoint | given)
    return json.loads(done.stdout), done.stderr


def asked(folder: Path) -> Any:
    """The input of the one span in MLflow."""
    (trace,) = mlflow_file.traces(folder / "chosen.db", "support")
    return trace.data.spans[0].inputs


def test_options_of_an_instrumentor(tmp_path: Path) -> None:
    on, said = run("{capture: NO_CONTENT}", tmp_path)
    assert (on, said) == ([True, False], "")
    assert "Hello" not in json.dumps(asked(tmp_path))
    assert not (tmp_path / "mlflow.db").exists()


def test_without_options_the_distributions_defaults_hold(tmp_path: Path) -> None:
    on, said = run("{}", tmp_path)
    assert (on, said) == ([True, False], "")
    assert "Hello" in json.dumps(asked(tmp_path))


def test_an_option_that_is_none_keeps_the_instrumentor_off(tmp_path: Path) -> None:
    on, said = run("{capture: NOTHING}", tmp_path)
    assert on == [False, False]
    assert "'NOTHING' is none of NO_CONTENT, SPAN_ONLY" in said


ACME = """
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

class Instrumentor(BaseInstrumentor):
    def instrumentation_dependencies(self):
        return ()

    def _instrument(self, **kwargs):
        import builtins
        builtins.acme = True

    def _uninstrument(self, **kwargs):
        pass
"""


def test_the_file_may_choose_another_vendors(tmp_path: Path) -> None:
    install(tmp_path / "site", "acme", "[opentelemetry_instrumentor]\nopenai = acme:Instrumentor\n", acme=ACME)
    source = PROGRAM.replace("json.dumps([", "json.dumps([acme] + [")
    named = FILE.replace("genspan_openai: OPTIONS", "openai: {}")
    (tmp_path / "otel.yaml").write_text(named)
    with running() as model:
        given = {"OTEL_CONFIG_FILE": "otel.yaml", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"}
        done = app.run(source, tmp_path, given | {"PYTHONPATH": str(tmp_path / "site")})
    assert json.loads(done.stdout) == [True, False, False]
    assert "stay off" not in done.stderr


POLICIES = """
import json
from opentelemetry import trace
from opentelemetry._logs import get_logger_provider

def told(exporter):
    found = getattr(exporter, "policy", None)
    name = type(getattr(exporter, "exporter", exporter)).__module__
    return [name.removeprefix("opentelemetry.exporter.otlp.proto.").split(".")[0],
            found and [found.content, bool(found.redaction), found.limit]]

spans = [processor.span_exporter for processor in trace.get_tracer_provider()._active_span_processor._span_processors
         if hasattr(processor, "span_exporter")]
logs = [processor._batch_processor._exporter
        for processor in get_logger_provider()._multi_log_record_processor._log_record_processors]
print(json.dumps([[told(exporter) for exporter in exporters] for exporters in (spans, logs)]))
"""

DESTINATIONS = """
file_format: "1.1"
tracer_provider:
  processors:
    - batch: {exporter: {mlflow: {}}}
    - batch: {exporter: {genspan_content: {limit: 9, exporter: {mlflow: {}}}}}
    - batch:
        exporter:
          genspan_content:
            content: ${PROMPTS:-false}
            exporter:
              otlp_grpc:
    - simple: {exporter: {otlp_http: {endpoint: "http://127.0.0.1:9"}}}
logger_provider:
  processors:
    - batch: {exporter: {genspan_content: {redact: [email], limit: , exporter: {otlp_http: {}}}}}
    - batch: {exporter: {otlp_grpc: {}}}
"""


def policies(folder: Path, **given: str) -> tuple[Any, Any, str]:
    """The exporters of spans and log records by where they are from, each with its policy; and stderr."""
    (folder / "otel.yaml").write_text(DESTINATIONS)
    done = app.run(POLICIES, folder, {"OTEL_CONFIG_FILE": "otel.yaml", **given})
    spans, logs = json.loads(done.stdout)
    return spans, logs, done.stderr


def test_each_exporter_of_the_file_has_the_policy_that_it_gives(tmp_path: Path) -> None:
    spans, logs, said = policies(tmp_path)
    assert spans == [
        ["genspan", None],
        ["genspan", [True, False, 9]],
        ["grpc", [False, False, None]],
        ["http", None],
    ]
    assert logs == [["http", [True, True, None]], ["grpc", None]]
    assert "genspan_content" not in said


def test_variables_hold_where_the_file_gives_none(tmp_path: Path) -> None:
    spans, logs, said = policies(
        tmp_path, PROMPTS="true", GENSPAN_OTLP_CONTENT="false", GENSPAN_REDACT="secrets", GENSPAN_OLTP_CONTENT="false"
    )
    assert spans == [
        ["genspan", [True, True, None]],
        ["genspan", [True, False, 9]],
        ["grpc", [True, False, None]],
        ["http", [False, True, None]],
    ]
    assert logs == [["http", [True, True, None]], ["grpc", [False, True, None]]]
    assert "GENSPAN_OLTP_CONTENT does nothing: exporters are CONSOLE, MLFLOW, OTLP" in said


@pytest.mark.parametrize(
    ("exporter", "why"),
    [
        ("{redact: [nobody], exporter: {console: {}}}", "genspan_content has redact ['nobody']: there is no rule"),
        ("{redact: secrets, exporter: {console: {}}}", "has redact 'secrets': it should be a list of names"),
        ("{content: flase, exporter: {console: {}}}", "has content 'flase': it should be true or false"),
        ("{limit: -1, exporter: {console: {}}}", "has limit -1: it should be a number of characters"),
        ("{redacts: [], exporter: {console: {}}}", "has no option 'redacts'"),
        ("{redact: [secrets]}", "genspan_content needs one exporter"),
        ("{exporter: {otlp_http: {endpont: x}}}", "has an exporter that is none"),
        ("{exporter: {nobodys: {}}}", "Plugin 'nobodys' not found"),
    ],
)
def test_a_mistake_in_a_policy_is_told_and_nothing_leaves(exporter: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(
        'file_format: "1.1"\n'
        "tracer_provider: {processors: [{simple: {exporter: {console: {}}}},"
        f" {{simple: {{exporter: {{genspan_content: {exporter}}}}}}}]}}\n"
    )
    source = """
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("s", attributes={"input.value": "hello"}):
    pass
"""
    done = app.run(source, tmp_path, {"OTEL_CONFIG_FILE": "otel.yaml"})
    assert why in done.stderr
    assert done.stdout == ""


def test_running_traces_are_shown_under_the_files_policy(tmp_path: Path) -> None:
    mlflow = "{tracking_uri: 'sqlite:///mlflow.db'}"
    (tmp_path / "otel.yaml").write_text(
        'file_format: "1.1"\n'
        "tracer_provider: {processors: [{batch: {exporter: "
        f"{{genspan_content: {{content: false, exporter: {{mlflow: {mlflow}}}}}}}}}}}]}}\n"
    )
    source = """
import time
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("s", attributes={"input.value": "hello", "n": 1}):
    deadline = time.monotonic() + 20
    written = b""
    while time.monotonic() < deadline and b"IN_PROGRESS" not in written:
        time.sleep(0.1)
        try:
            written = open("mlflow.db", "rb").read()
        except OSError:
            pass
    print(b"IN_PROGRESS" in written, b"hello" in written)
"""
    given = {"OTEL_CONFIG_FILE": "otel.yaml", "GENSPAN_MLFLOW_IN_PROGRESS": "true"}
    assert app.run(source, tmp_path, given).stdout.strip() == "True False"


NO_PACKAGE = """
import sys
sys.modules["opentelemetry.configuration"] = None
from genspan.distro import configure

configure()
"""


def test_without_the_package_that_reads_files(tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text('file_format: "1.1"\n')
    done = unaided(NO_PACKAGE, tmp_path, OTEL_CONFIG_FILE="otel.yaml", GENSPAN_CONTENT="false")
    assert "pip install opentelemetry-configuration" in done.stderr


OWN_FIRST = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from genspan.distro import configure

own = TracerProvider()
trace.set_tracer_provider(own)
configure()
assert trace.get_tracer_provider() is own
"""


def test_beside_a_provider_of_the_programs_own(tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(FILE.replace("OPTIONS", "{}"))
    with running() as model:
        given = {"OTEL_CONFIG_FILE": "otel.yaml", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"}
        done = unaided(OWN_FIRST + PROGRAM, tmp_path, **given)
    assert json.loads(done.stdout) == [True, False], done.stderr
    assert "There is a tracer provider already: of OTEL_CONFIG_FILE, only instrumentors count" in done.stderr


def unaided(source: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Runs a program without `opentelemetry-instrument`."""
    return subprocess.run(
        [sys.executable, "-c", source],
        check=False,
        cwd=folder,
        env=app.environment(given),
        capture_output=True,
        text=True,
        timeout=60,
    )
