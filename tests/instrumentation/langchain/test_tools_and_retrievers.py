"""Tools and retrievers, called by themselves and inside others."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import ToolException, create_retriever_tool, tool
from pydantic import Field

from support.langchain_scenario import LAYERS, App, record, scenario
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS


class Shelf(BaseRetriever):
    """Two documents; waits for as long as it is told to."""

    seconds: float = 0
    asked: list[str] = Field(default_factory=list)

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if query == "missing":
            raise KeyError(query)
        return [Document("A grinder.", id="1", metadata={"shelf": 2, "score": 0.5}), Document("A kettle.")]

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        self.asked.append(query)
        await asyncio.sleep(self.seconds)
        return self._get_relevant_documents(query, run_manager=run_manager)


def adding(app: App) -> Any:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        with app.span("adding"):
            return a + b

    return add


@scenario("execute_tool add\n  adding")
async def test_tool(app: App) -> object:
    return await app.invoke(adding(app), {"a": 3, "b": 4})


@scenario("execute_tool add\n  adding")
async def test_tool_call(app: App) -> object:
    return await app.invoke(adding(app), {"type": "tool_call", "id": "1", "name": "add", "args": {"a": 3, "b": 4}})


@scenario("execute_tool add ! ValidationError")
async def test_wrong_arguments(app: App) -> object:
    return await app.invoke(adding(app), {"a": "three"})


def exiting() -> Any:
    @tool
    def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    return leave


@scenario("execute_tool leave ! SystemExit")
async def test_tool_that_exits(app: App) -> object:
    """LangChain says nothing of exceptions that are no `Exception`."""
    try:
        return await app.invoke(exiting(), {})
    except SystemExit as error:
        return error.code


def refusing() -> Any:
    @tool
    def refuse() -> str:
        """Refuse."""
        raise ToolException("not today")

    refuse.handle_tool_error = True
    return refuse


@scenario("execute_tool refuse")
async def test_failure_that_the_tool_handles(app: App) -> object:
    return await app.invoke(refusing(), {})


def waiting(begun: list[bool]) -> Any:
    @tool
    async def wait() -> str:
        """Wait."""
        begun.append(True)
        await asyncio.sleep(60)
        return "late"

    return wait


@scenario("execute_tool wait ! CancelledError", ways=WAYS[1:])
async def test_cancelled_tool(app: App) -> object:
    begun: list[bool] = []
    return await app.cancelled(waiting(begun).ainvoke({}), lambda: begun)


@scenario("execute_tool wait ! CancelledError", ways=WAYS[1:])
async def test_tool_that_runs_out_of_time(app: App) -> object:
    try:
        return await asyncio.wait_for(waiting([]).ainvoke({}), 0.2)
    except asyncio.TimeoutError:
        return "out of time"


@scenario("retrieval")
async def test_retriever(app: App) -> object:
    return await app.invoke(Shelf(), "grinder")


@scenario("retrieval ! KeyError")
async def test_retriever_that_fails(app: App) -> object:
    return await app.invoke(Shelf(), "missing")


@scenario("retrieval ! CancelledError", ways=WAYS[1:])
async def test_cancelled_retriever(app: App) -> object:
    shelf = Shelf(seconds=60)
    return await app.cancelled(shelf.ainvoke("grinder"), lambda: shelf.asked)


class Both(BaseRetriever):
    """Asks another retriever, twice."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [found for _ in range(2) for found in Shelf().invoke(query, {"callbacks": run_manager.get_child()})]


@scenario("retrieval\n  retrieval\n  retrieval", ways=WAYS[:1])
async def test_retriever_that_asks_others(app: App) -> object:
    return await app.invoke(Both(), "grinder")


@scenario("execute_tool search\n  retrieval")
async def test_retriever_as_a_tool(app: App) -> object:
    return await app.invoke(create_retriever_tool(Shelf(), "search", "Search the shelf."), {"query": "grinder"})


@scenario("invoke_workflow\n  retrieval\n  chat gpt-5.4-mini")
async def test_retrieval_for_a_model(app: App) -> object:
    prompt = ChatPromptTemplate.from_messages([("system", "{found}"), ("user", "{question}")])
    asked = {"found": Shelf(), "question": RunnablePassthrough()} | prompt | app.model() | StrOutputParser()
    return await app.invoke(asked, "grinder")


def test_what_is_recorded_of_a_tool() -> None:
    async def call(app: App) -> None:
        await app.invoke(adding(app), {"type": "tool_call", "id": "7", "name": "add", "args": {"a": 3, "b": 4}})
        await app.invoke(adding(app), {"a": 3, "b": 4})

    telemetry = InMemoryTelemetry()
    record(call, WAYS[0], None, LAYERS["langchain"], telemetry)  # type: ignore[arg-type]  # no server
    called, bare = (dict(span.attributes or {}) for span in telemetry.spans if span.name == "execute_tool add")
    assert called.pop("gen_ai.tool.call.id") == "7"
    assert json.loads(called.pop("gen_ai.tool.call.result")) == {"result": "7"}
    assert json.loads(bare.pop("gen_ai.tool.call.result")) == {"result": 7}
    assert (
        called
        == bare
        == {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "add",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.description": "Add two numbers.",
            "gen_ai.tool.call.arguments": '{"a":3,"b":4}',
        }
    )
    assert "gen_ai.execute_tool.duration" in telemetry.metrics


def test_what_is_recorded_of_a_retrieval() -> None:
    async def call(app: App) -> object:
        return await app.invoke(Shelf(), "grinder")

    telemetry = InMemoryTelemetry()
    record(call, WAYS[0], None, LAYERS["langchain"], telemetry)  # type: ignore[arg-type]  # no server
    attributes = dict(telemetry.span.attributes or {})
    assert json.loads(attributes.pop("gen_ai.retrieval.documents")) == [
        {"content": "A grinder.", "id": "1", "score": 0.5, "metadata": {"shelf": 2, "score": 0.5}},
        {"content": "A kettle."},
    ]
    assert attributes == {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "grinder"}
