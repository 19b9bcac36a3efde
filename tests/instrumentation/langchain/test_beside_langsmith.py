"""LangSmith's own tracing beside us: it is told of the same runs, and the tree is the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_core.tracers.context import tracing_v2_enabled
from langsmith import Client, traceable, utils

from support.langchain_scenario import App, scenario
from support.ways import WAYS

BLOCKING = WAYS[:1]


class Recorder(Client):
    """Keeps what it is told of, where LangSmith's client would send it."""

    def __init__(self) -> None:
        super().__init__(api_url="http://127.0.0.1:1", api_key="test", auto_batch_tracing=False)
        self.began: dict[Any, tuple[str, Any]] = {}
        self.ended: list[str] = []

    def create_run(self, name: str, *args: Any, **kwargs: Any) -> None:
        self.began[kwargs["id"]] = name, kwargs.get("parent_run_id")

    def update_run(self, run_id: Any, *args: Any, **kwargs: Any) -> None:
        error = str(kwargs.get("error") or "").partition("(")[0]
        self.ended.append(f"{' < '.join(self._path(run_id))} {error}".strip())

    def _path(self, run_id: Any) -> Iterator[str]:
        while run_id is not None:
            name, run_id = self.began[run_id]
            yield name


@pytest.fixture(autouse=True)
def _tracing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANGCHAIN_CALLBACKS_BACKGROUND", "false")
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    utils.get_env_var.cache_clear()
    yield
    utils.get_env_var.cache_clear()


@contextmanager
def traced(app: App) -> Iterator[Recorder]:
    """LangSmith is told of what runs in the block; the app sees of what."""
    client = Recorder()
    with tracing_v2_enabled(client=client) as tracer:
        yield client
    tracer.wait_for_futures()
    assert len(client.ended) == len(client.began) > 1
    app.saw(sorted(client.ended))


def failing(value: Any) -> Any:
    raise LookupError(value)


@scenario("""
    invoke_agent desk
      chat gpt-5.4-mini
      execute_tool look_up_order
      chat gpt-5.4-mini
""")
async def test_agent(app: App) -> object:
    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        return "a grinder"

    pytest.importorskip("langchain", "1.0")
    create_agent = pytest.importorskip("langchain.agents").create_agent
    with traced(app):
        agent = create_agent(app.model(), [look_up_order], name="desk")
        await app.invoke(agent, {"messages": [("user", "Look up order 1042")]})


@scenario("invoke_workflow answer\n  chat gpt-5.4-mini\n  failing ! LookupError\n  chat gpt-5.4-mini")
async def test_chain(app: App) -> object:
    second = RunnableLambda(failing).with_fallbacks([app.model()])
    chain = (app.model() | (lambda answer: answer.content) | second).with_config(run_name="answer")
    with traced(app):
        await app.invoke(chain, "Where is my parcel?")


@scenario("invoke_workflow ask\n  chat gpt-5.4-mini", ways=BLOCKING)
async def test_function_that_langsmith_traces(app: App) -> object:
    """Its run is LangSmith's alone, and the model's parent is one that we have never heard of."""
    model = app.model()
    with traced(app) as client:

        @traceable(client=client)
        def asking(question: str) -> Any:
            return model.invoke(question).content

        chain = RunnableLambda(lambda question: f"{asking(question)}").with_config(run_name="ask")
        await app.invoke(chain, "Where is my parcel?")
