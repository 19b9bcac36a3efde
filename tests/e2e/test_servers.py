"""Web servers under load: every request's trace is at the collector and in MLflow's file, from every worker."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from genspan.distro.demo.server import running
from support.collector import collector
from support.ports import free_port
from support.web import Server, serving

pytestmark = pytest.mark.slow

REQUESTS = 100
END = 15.0
"""Seconds that the end of a server may take, whose destinations answer. It takes one or two on an idle machine."""

WSGI = """
import os
import openai
from opentelemetry import trace

tracer = trace.get_tracer("shop")
client = openai.OpenAI()

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/ask/"):
        with tracer.start_as_current_span(path):
            client.embeddings.create(model="text-embedding-3-small", input=path)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""

FASTAPI = """
import os
from contextlib import asynccontextmanager
import openai
from fastapi import FastAPI, Response
from opentelemetry import trace

tracer = trace.get_tracer("shop")
client = openai.AsyncOpenAI()

@asynccontextmanager
async def lifespan(app):
    yield
    with tracer.start_as_current_span("closing time"):
        pass

app = FastAPI(lifespan=lifespan)

@app.get("/ask/{n}")
async def ask(n: int):
    with tracer.start_as_current_span(f"/ask/{n}"):
        await client.embeddings.create(model="text-embedding-3-small", input=str(n))
    return Response(str(os.getpid()))
"""


@pytest.fixture
def model() -> Iterator[dict[str, str]]:
    with running() as server:
        yield {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"}


def counts(file: Path) -> Counter[str]:
    """How many spans of each name are in MLflow's file."""
    with sqlite3.connect(file) as connection:
        return Counter(name for (name,) in connection.execute("SELECT name FROM spans"))


def loaded(server: Server) -> Counter[int]:
    answered = server.load(REQUESTS)
    assert server.stop() < END
    return answered


EXPECTED = Counter({f"/ask/{n}": 1 for n in range(REQUESTS)} | {"embeddings text-embedding-3-small": REQUESTS})


def test_gunicorn_with_four_workers(model: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(WSGI)
    port = free_port()
    command = ["gunicorn", "--workers", "4", "--bind", f"127.0.0.1:{port}", "shop:app"]
    with collector() as otlp, serving(command, port, tmp_path, model | {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url}) as it:
        answered = loaded(it)
        log = it.log.read_text()
    assert len(answered) > 1
    assert Counter(span.name for span in otlp.spans) == EXPECTED, log
    assert counts(tmp_path / "mlflow.db") == EXPECTED, log
    assert "Traceback" not in log


UVICORN = "uvicorn --port {port} --workers"
# The workers of uvicorn's package; the package that it refers to instead has the same (uvicorn 0.54).
GUNICORN = "gunicorn --bind 127.0.0.1:{port} --preload --worker-class uvicorn.workers.UvicornWorker --workers"


@pytest.mark.parametrize(
    ("server", "workers"),
    [(UVICORN, 1), (UVICORN, 2), (GUNICORN, 4)],
    ids=["uvicorn", "uvicorn's workers", "gunicorn, preloaded, with uvicorn's workers"],
)
def test_a_fastapi_app(server: str, workers: int, model: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(FASTAPI)
    port = free_port()
    command = [*server.format(port=port).split(), str(workers), "shop:app"]
    with collector() as otlp, serving(command, port, tmp_path, model | {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url}) as it:
        answered = loaded(it)
        log = it.log.read_text()
    expected = EXPECTED + Counter({"closing time": workers})
    sent, stored = Counter(span.name for span in otlp.spans), counts(tmp_path / "mlflow.db")
    assert len(answered) <= workers
    assert sent == stored, log
    assert Counter({name: sent[name] for name in expected}) == expected, log  # FastAPI makes spans of its own (0.163).
    measured = [metric for metric in otlp.metrics if metric.name == "gen_ai.client.operation.duration"]
    assert sum(point.count for metric in measured for point in metric.data.data_points) == REQUESTS, log
    assert "Traceback" not in log
