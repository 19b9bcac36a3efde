"""MLflow's API in an app that Logfire has set up: its tracer provider and spans stand before the SDK's."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from support import app, mlflow_file
from support.environments import ROOT, Unavailable, interpreter
from support.site import install

pytestmark = pytest.mark.slow

PACKAGES = ("logfire==5.4.0", "opentelemetry-exporter-otlp-proto-grpc==1.45.1", "orjson==3.13.0", "requests==2.34.2")

SET_UP = """
import json
import logfire

logfire.configure(send_to_logfire=False, console=False)

from genspan import mlflow
from genspan.distro import using_attributes
"""


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return interpreter("logfire", PACKAGES, ["certifi"])  # Whichever there is: nobody is called.
    except Unavailable as why:
        pytest.skip(str(why))


def run(python: Path, source: str, folder: Path) -> Any:
    """Runs a program in that environment; what it printed as JSON. It says nothing else."""
    install(folder / "site", "genspan", distribution("genspan").read_text("entry_points.txt") or "")
    roots = [ROOT / root for root in ("semconv", "instrumentation", "exporters", "distro", "api")]
    given = {"PYTHONPATH": os.pathsep.join(map(str, [folder / "site", *roots])), "LOGFIRE_SEND_TO_LOGFIRE": "false"}
    (folder / "app.py").write_text(SET_UP + source)
    done = subprocess.run(
        [python, "app.py"],
        check=False,
        cwd=folder,
        env=app.environment(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


TRACE = """
@mlflow.trace(span_type="TOOL")
def look_up(question):
    with logfire.span("theirs"):
        return {"answer": question}

with mlflow.tracing.context(session_id="s-1", tags={"team": "blue"}):
    with mlflow.start_span("agent", span_type="AGENT") as span:
        span.set_inputs({"q": 1})
        mlflow.update_current_trace(tags={"late": "yes"})
        look_up("why")
        try:
            with mlflow.start_span("fails"):
                raise ValueError("no")
        except ValueError:
            pass

found = mlflow.get_trace(mlflow.get_last_active_trace_id())
print(json.dumps([span.trace_id, found.to_dict()]))
"""


def test_a_trace_with_its_facts_is_found(python: Path, tmp_path: Path) -> None:
    trace_id, found = run(python, TRACE, tmp_path)
    assert found["info"]["trace_id"] == trace_id
    assert found["info"]["tags"] | {"team": "blue", "late": "yes"} == found["info"]["tags"]
    assert found["info"]["trace_metadata"]["mlflow.trace.session"] == "s-1"
    spans = {span["name"]: span for span in found["data"]["spans"]}
    ids = {name: span["span_id"] for name, span in spans.items()}
    parents = {name: span["parent_span_id"] for name, span in spans.items()}
    assert parents == {"agent": None, "look_up": ids["agent"], "theirs": ids["look_up"], "fails": ids["agent"]}
    assert spans["theirs"]["attributes"]["session.id"] == '"s-1"'
    assert spans["look_up"]["attributes"]["gen_ai.operation.name"] == '"execute_tool"'
    assert spans["fails"]["status"]["code"] == "STATUS_CODE_ERROR"
    (stored,) = mlflow_file.traces(tmp_path / "mlflow.db")
    assert [span.name for span in stored.data.spans] == list(spans)


OTHERWISE = """
from genspan.mlflow import MlflowClient

with logfire.span("theirs"), using_attributes(tags={"of": "theirs"}), mlflow.start_span("ours"):
    active = mlflow.get_current_active_span().name

client = MlflowClient()
root = client.start_trace("by client")
child = client.start_span("child", root.trace_id, root.span_id)
client.end_span(root.trace_id, child.span_id, outputs=2)
client.end_trace(root.trace_id, outputs=3)

with mlflow.tracing.configure(span_processors=[lambda span: span.set_outputs("masked")]):
    mlflow.trace(lambda: "secret", name="masked")()
mlflow.trace(lambda: 1, name="never", sampling_ratio_override=0.0)()
found = mlflow.search_traces(return_type="list", order_by=["timestamp_ms ASC"])
print(json.dumps([
    active,
    [[span.name for span in trace.data.spans] for trace in found],
    found[0].info.tags.get("of"),
    [trace.data.spans[0].outputs for trace in found[1:]],
]))
"""


def test_client_masking_and_sampling(python: Path, tmp_path: Path) -> None:
    active, names, tag, outputs = run(python, OTHERWISE, tmp_path)
    assert active == "ours"
    assert names == [["theirs", "ours"], ["by client", "child"], ["masked"]]
    assert tag == "theirs"
    assert outputs == [3, "masked"]
