"""`OTEL_CONFIG_FILE`: our exporter as a plugin component, and our instrumentors with typed options."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    assert "'NOTHING' is not a valid ContentCapture" in said


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
    (tmp_path / "app.py").write_text(OWN_FIRST + PROGRAM)

    with running() as model:
        given = {"OTEL_CONFIG_FILE": "otel.yaml", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"}
        done = subprocess.run(
            [sys.executable, "app.py"],
            check=False,
            cwd=tmp_path,
            env=app.environment(given),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert json.loads(done.stdout) == [True, False], done.stderr
    assert "There is a tracer provider already: of OTEL_CONFIG_FILE, only instrumentors count" in done.stderr
