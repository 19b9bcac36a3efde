import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

# What a user of MLflow's own client has in the file.
_SCRIPT = """
import json, sys, time
import mlflow

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("desk")

def chat(name, usage):
    with mlflow.start_span(name, span_type="CHAT_MODEL") as span:
        span.set_attribute("mlflow.llm.model", "gpt-4.1-mini")
        span.set_attribute("mlflow.llm.provider", "openai")
        span.set_attribute("mlflow.chat.tokenUsage", usage)

with mlflow.start_span("support_desk", span_type="AGENT") as root:
    root.set_inputs({"messages": [{"role": "user", "content": "Where is\\nmy order [bold]1042[/]?"}]})
    mlflow.update_current_trace(session_id="session-1", tags={"team": "desk"})
    chat("chat", {"input_tokens": 1200, "output_tokens": 20, "total_tokens": 1220})
    with mlflow.start_span("search_policies", span_type="TOOL"):
        with mlflow.start_span("retrieve", span_type="RETRIEVER"):
            time.sleep(0.02)
    chat("chat", {"input_tokens": 1300, "output_tokens": 30, "total_tokens": 1330})
    root.set_outputs({"choices": [{"message": {"role": "assistant", "content": "On its way."}}]})
    root.add_event(mlflow.entities.SpanEvent("noted", attributes={"where": "desk", "times": 2}))
agent = root.trace_id

time.sleep(0.01)
try:
    with mlflow.start_span("look_up", span_type="TOOL") as failed:
        raise LookupError("no order 7")
except LookupError:
    pass

mlflow.flush_trace_async_logging()
mlflow.log_feedback(trace_id=agent, name="helpful", value=True, rationale="It was.")
mlflow.log_expectation(trace_id=agent, name="answer", value={"order": 1042})
print(json.dumps({"agent": agent, "failed": failed.trace_id}))
"""

_ENVIRON = {"MLFLOW_MODEL_CATALOG_URI": "", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@dataclass(frozen=True)
class Written:
    path: Path
    agent: str
    failed: str

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.path}"


@pytest.fixture(scope="session")
def mlflow_file(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A file with two traces, written by the real MLflow client."""
    folder = tmp_path_factory.mktemp("mlflow")
    path = folder / "mlflow.db"
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, f"sqlite:///{path}"],
        env={key: value for key, value in os.environ.items() if not key.startswith("OTEL_")} | _ENVIRON,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return Written(path, **json.loads(done.stdout.splitlines()[-1]))
