"""A real MLflow beside the store: databases that it makes, and a client that reads what the store wrote."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from support import postgresql

# Without internet the first priced span would wait for MLflow's price list (3.17.2).
os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")

RESOURCE = Resource({"service.name": "shop", "deployment.environment.name": "test"})


@pytest.fixture(autouse=True)
def _own_folder(own_folder: Path) -> None:
    """Every test of a store is in one."""


@pytest.fixture(scope="session")
def empty_mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the installed mlflow makes it, from the first migration to the last."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder = tmp_path_factory.mktemp("mlflow")
    path = folder / "mlflow.db"
    SqlAlchemyStore(f"sqlite:///{path}", str(folder / "mlruns"))._dispose_engine()
    return path


@pytest.fixture
def mlflow_database(empty_mlflow_database: Path, tmp_path: Path) -> Path:
    """A copy of a database that mlflow made."""
    return Path(shutil.copy(empty_mlflow_database, tmp_path / "made-by-mlflow.db"))


@pytest.fixture(scope="session")
def postgresql_uri() -> Iterator[str]:
    """The tracking URI of an empty database in a PostgreSQL of the tests' own."""
    if postgresql.programs() is None:
        pytest.skip("there is no PostgreSQL here, and tests/postgresql.sh could not install one")
    with postgresql.running() as uri:
        yield uri


@pytest.fixture
def client() -> Callable[[Path], Any]:
    """`MlflowClient` for a file."""
    from mlflow import MlflowClient

    return lambda path: MlflowClient(tracking_uri=f"sqlite:///{path}")


@pytest.fixture
def tracer() -> Iterator[tuple[Tracer, Callable[[], list[ReadableSpan]]]]:
    """A tracer of the SDK, and the spans that it has ended."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    yield provider.get_tracer("shop"), lambda: list(memory.get_finished_spans())
    provider.shutdown()


def messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def record_agent(
    tracer: Tracer,
    question: str = "Weather in Paris?",
    answer: str = "Sunny",
    session: str = "s1",
    model: str = "gpt-4o",
) -> None:
    """An agent that asks a model, looks something up, calls a tool that fails, and answers."""
    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "weather",
        "gen_ai.conversation.id": session,
        "user.id": "mia",
        "gen_ai.input.messages": messages("user", question),
        "gen_ai.output.messages": messages("assistant", answer),
    }
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.input.messages": messages("user", question),
        "gen_ai.output.messages": messages("assistant", answer),
    }
    tool = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "forecast",
        "gen_ai.tool.call.arguments": '{"city": "Paris"}',
        "error.type": "TimeoutError",
    }
    with tracer.start_as_current_span("invoke_agent weather", attributes=agent):
        with tracer.start_as_current_span(f"chat {model}", attributes=chat) as span:
            span.add_event("gen_ai.choice", {"index": 0})
        try:
            with tracer.start_as_current_span("execute_tool forecast", attributes=tool):
                raise TimeoutError("no forecast")
        except TimeoutError:
            pass
        with tracer.start_as_current_span(f"chat {model}", attributes=chat):
            pass


@pytest.fixture
def agent_spans(tracer: tuple[Tracer, Callable[[], list[ReadableSpan]]]) -> Callable[..., list[ReadableSpan]]:
    """Records one run of the agent and gives its four spans, in the order in which they ended."""
    start, ended = tracer

    def record(**kwargs: str) -> list[ReadableSpan]:
        before = len(ended())
        record_agent(start, **kwargs)
        return ended()[before:]

    return record
