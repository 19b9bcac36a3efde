"""Whole programs, traced into an MLflow server that keeps its data in PostgreSQL, and read back whole."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running
from support import agent, app, postgresql
from support.environments import ROOT, Unavailable, interpreter
from support.mlflow_process import MlflowServer

pytestmark = pytest.mark.slow

UPSTREAM = (
    "openai==3.51.0",
    "opentelemetry-instrumentation-genai-openai==1.3b0",
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-proto==1.45.1",
    "orjson==3.13.0",
    "requests==2.34.2",
)
"""OpenTelemetry's own instrumentation in its own SDK set-up, and what our exporter needs; no mlflow."""

PROGRAM = """
import openai
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from genspan.exporters.mlflow import MlflowSpanExporter

provider = TracerProvider(resource=Resource.create({"service.name": "upstream"}))
provider.add_span_processor(BatchSpanProcessor(MlflowSpanExporter(experiment_name="upstream")))
OpenAIInstrumentor().instrument(tracer_provider=provider)

client = openai.OpenAI()
with provider.get_tracer("by hand").start_as_current_span("ask"):
    client.chat.completions.create(model="gpt-5.4-mini", messages=[{"role": "user", "content": "What do you sell?"}])
    client.embeddings.create(model="text-embedding-3-small", input="a coffee grinder")
provider.shutdown()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if postgresql.programs() is None:
        pytest.skip("there is no PostgreSQL here, and tests/postgresql.sh could not install one")
    with postgresql.running() as uri:
        server = MlflowServer(tmp_path_factory.mktemp("server") / "server.db", backend=uri)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def traces(url: str, experiment: str) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=url)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_traces(locations=[found.experiment_id]))


def test_the_example_agent_of_openai_and_langchain(url: str, tmp_path: Path) -> None:
    with running() as model:
        given = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none", "GENSPAN_OUTBOX_DIR": str(tmp_path / "o")}
        app.run(agent.SOURCE, tmp_path, {**given, "MLFLOW_TRACKING_URI": url, "MLFLOW_EXPERIMENT_NAME": "agent"})

    found = traces(url, "agent")
    assert Counter(span.name for trace in found for span in trace.data.spans) == agent.SPANS
    assert {str(trace.info.state) for trace in found} == {"OK"}
    (conversation,) = [trace for trace in found if any(span.span_type == "AGENT" for span in trace.data.spans)]
    assert {span.span_type for span in conversation.data.spans} >= {"AGENT", "CHAT_MODEL", "TOOL"}
    assert conversation.info.request_preview
    assert not conversation.info.request_preview.startswith(("[", "{"))
    assert conversation.info.token_usage["total_tokens"] > 0


def test_upstreams_instrumentation_in_a_set_up_of_its_own(url: str, tmp_path: Path) -> None:
    try:
        python = interpreter("upstream-app", UPSTREAM)
    except Unavailable as error:
        pytest.skip(f"upstream's instrumentation cannot be installed here: {error}")
    with running() as model:
        environ = {
            **app.environment(),
            "PYTHONPATH": os.pathsep.join(str(ROOT / root) for root in ("semconv", "exporters")),
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "none",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
            "MLFLOW_TRACKING_URI": url,
            "GENSPAN_OUTBOX_DIR": str(tmp_path / "outbox"),
        }
        done = subprocess.run(
            [python, "-c", PROGRAM], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 0, done.stderr

    (trace,) = traces(url, "upstream")
    chat, embeddings = sorted(
        (span for span in trace.data.spans if span.parent_id is not None), key=lambda span: span.name
    )
    assert (str(trace.info.state), trace.info.tags["service.name"]) == ("OK", "upstream")
    assert trace.info.request_preview == "What do you sell?"
    assert trace.info.response_preview == chat.outputs["choices"][0]["message"]["content"]
    assert (chat.span_type, embeddings.span_type) == ("CHAT_MODEL", "EMBEDDING")
    assert chat.inputs["messages"] == [{"role": "user", "content": "What do you sell?"}]
    assert trace.info.token_usage["total_tokens"] > 0
