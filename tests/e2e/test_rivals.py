"""Instrumentations of other vendors and of HTTP clients in one environment with ours, as pip installs them."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from genspan.distro.demo.server import running
from support import app, openai_wire
from support.collector import Collector, collector
from support.environments import ROOT, Unavailable, interpreter
from support.scripted_server import Json, ScriptedServer
from support.site import install

pytestmark = pytest.mark.slow

RIVALS = {
    "opentelemetry-instrumentation-genai-openai": "1.3b0",
    "opentelemetry-instrumentation-openai-v2": "2.4b0",
    "openinference-instrumentation-openai": "0.1.66",
    "opentelemetry-instrumentation-openai": "0.62.4",
}
"""OpenTelemetry's two, OpenInference's, OpenLLMetry's: all have an entry point `openai`."""
CLIENTS = {
    "opentelemetry-instrumentation-httpx": "0.66b1",
    "opentelemetry-instrumentation-requests": "0.66b1",
    "opentelemetry-instrumentation-aiohttp-client": "0.66b1",
    "opentelemetry-instrumentation-sqlalchemy": "0.66b1",
}
BESIDE = {
    "openai": "3.51.0",
    "opentelemetry-sdk": "1.45.1",
    "opentelemetry-exporter-otlp-proto-http": "1.45.1",
    "opentelemetry-exporter-otlp-proto-grpc": "1.45.1",
    "orjson": "3.13.0",
    "requests": "2.34.2",
    "aiohttp": "3.14.5",
    "sqlalchemy": "2.0.58",
}

CALLS = """
import asyncio, os
import openai

asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}

async def asynchronous():
    client = openai.AsyncOpenAI()
    await client.chat.completions.create(**asked)
    async for chunk in await client.chat.completions.create(**asked, stream=True):
        pass

client = openai.OpenAI()
client.chat.completions.create(**asked)
for chunk in client.chat.completions.create(**asked, stream=True):
    pass
client.responses.create(model="gpt-5-mini", input="Hello")
client.embeddings.create(model="text-embedding-3-small", input="Hello")
asyncio.run(asynchronous())
"""


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return interpreter("rivals", [f"{name}=={at}" for name, at in (RIVALS | CLIENTS | BESIDE).items()])
    except Unavailable as why:
        pytest.skip(str(why))


def run(python: Path, order: Sequence[str], source: str, folder: Path, **given: str) -> str:
    """Runs a program under that environment's `opentelemetry-instrument`, its packages found in this order; its stderr.

    Packages that are not named come last.
    """
    (folder / "app.py").write_text(source)
    found = []
    for name in order:
        found.append(folder / name)
        if name == "genspan":
            install(folder / name, name, distribution(name).read_text("entry_points.txt") or "")
        else:
            (folder / name).mkdir()
            (info,) = python.parents[1].glob(f"lib/*/site-packages/{name.replace('-', '_')}-*.dist-info")
            (folder / name / info.name).symlink_to(info)
    roots = [ROOT / root for root in ("semconv", "instrumentation", "exporters", "distro", "api")]
    environment = app.environment(
        given
        | {
            "PYTHONPATH": os.pathsep.join(map(str, [*found, *roots])),
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OPENAI_API_KEY": "none",
        }
    )
    done = subprocess.run(
        [python.parent / "opentelemetry-instrument", "python", "app.py"],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


NAMES = list(RIVALS)
ORDERS = [["genspan", *NAMES], [*NAMES[2:], "genspan", *NAMES[:2]], [*NAMES[::-1], "genspan"]]


@pytest.mark.parametrize("order", ORDERS, ids=["first", "between", "last"])
def test_one_span_per_call_and_one_warning(order: list[str], python: Path, tmp_path: Path) -> None:
    off = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "httpx,httpx2,requests,aiohttp-client,sqlalchemy"}
    with collector() as otlp, running() as model:
        destination = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "OPENAI_BASE_URL": model.base_url}
        said = run(python, order, CALLS, tmp_path, **destination, **off)
    assert Counter(span.name for span in otlp.spans) == {"chat gpt-5-mini": 5, "embeddings text-embedding-3-small": 1}
    assert {scope(span) for span in otlp.spans} == {"genspan.instrumentation.openai"}
    (line,) = [line for line in said.splitlines() if "stay off" in line]
    assert all(name in line for name in RIVALS)
    assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=genspan_openai" in line


def test_the_users_choice_of_the_others(python: Path, tmp_path: Path) -> None:
    off = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "genspan_openai,httpx,httpx2,requests,aiohttp-client,sqlalchemy"}
    with collector() as otlp, running() as model:
        destination = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "OPENAI_BASE_URL": model.base_url}
        said = run(python, ORDERS[0], CALLS, tmp_path, **destination, **off)
    assert otlp.spans
    assert "genspan.instrumentation.openai" not in {scope(span) for span in otlp.spans}
    assert "stay off" not in said


AGENT = """
import asyncio, os
import aiohttp, httpx2, openai, requests, sqlalchemy
from genspan.instrumentation.core.telemetry import Telemetry
from genspan.instrumentation.core import detach

service = os.environ["SERVICE"]
client = openai.OpenAI()
telemetry = Telemetry("shop")

async def ask():
    await openai.AsyncOpenAI().chat.completions.create(model="gpt-5-nano", messages=[])
    async with aiohttp.ClientSession() as session, session.get(f"{service}/aiohttp") as answer:
        await answer.read()

client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "Hello"}])
tool = telemetry.start("execute_tool", {"gen_ai.tool.name": "look_up"})
token = tool.attach()
httpx2.get(f"{service}/httpx")
requests.get(f"{service}/requests")
asyncio.run(ask())
with sqlalchemy.create_engine("sqlite://").connect() as connection:
    connection.execute(sqlalchemy.text("SELECT 1"))
detach(token)
tool.finish()
"""


@pytest.fixture
def services() -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    """A model's vendor, and a service of the user's own."""
    with ScriptedServer() as vendor, ScriptedServer() as service:
        vendor.script(Json(openai_wire.completion()))
        service.script(Json({}))
        yield vendor, service


def scope(span: ReadableSpan) -> str:
    assert span.instrumentation_scope is not None
    return span.instrumentation_scope.name


def children(otlp: Collector, parent: str) -> Counter[str]:
    """How many children of a span each instrumentation made."""
    (above,) = [span for span in otlp.spans if span.name == parent]
    assert above.context is not None
    ids = above.context.span_id
    return Counter(scope(span).rpartition(".")[2] for span in otlp.spans if span.parent and span.parent.span_id == ids)


@pytest.mark.parametrize("asked", [False, True])
def test_clients_nest_and_traceparent_stays_with_the_users_own(
    asked: bool, services: tuple[ScriptedServer, ScriptedServer], python: Path, tmp_path: Path
) -> None:
    vendor, service = services
    with collector() as otlp:
        given = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
            "OPENAI_BASE_URL": vendor.url,
            "SERVICE": service.url,
            "GENSPAN_PROPAGATE_TO_MODELS": str(asked).lower(),
        }
        run(python, ["genspan"], AGENT, tmp_path, **given)
    for model in ("gpt-5-mini", "gpt-5-nano"):
        assert children(otlp, f"chat {model}") == {"httpx": 1}
    tool = children(otlp, "execute_tool look_up")
    assert tool == {"httpx": 1, "requests": 1, "aiohttp_client": 1, "openai": 1, "sqlalchemy": tool["sqlalchemy"]}
    assert tool["sqlalchemy"] > 0
    sent = {request.path: {name.lower() for name, _ in request.headers} for request in service.requests}
    assert {path for path, names in sent.items() if "traceparent" in names} == {
        "/v1/httpx",
        "/v1/requests",
        "/v1/aiohttp",
    }
    assert len(vendor.requests) == 2
    for request in vendor.requests:
        assert ("traceparent" in {name.lower() for name, _ in request.headers}) is asked
