"""`astream_events` and its kin: the app reads what happens inside, and the tree is the same."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.pregel import Pregel

from support.langchain_scenario import App, scenario
from support.ways import WAYS

ASYNC = WAYS[1:]
BLOCKING = WAYS[:1]
QUESTION = {"messages": [("user", "Look up order 1042")]}
AGENT = """
    invoke_agent desk
      chat gpt-5.4-mini
      execute_tool look_up_order
      chat gpt-5.4-mini
"""
CHAIN = """
    invoke_workflow answer
      shorten
      chat gpt-5.4-mini
"""
GRAPH = """
    invoke_workflow
      ask
        chat gpt-5.4-mini
"""
needs_v3 = pytest.mark.skipif(not hasattr(BaseChatModel, "_iter_v2_events"), reason="came with langchain-core 1.4")


def shorten(value: Any) -> Any:
    return value


def chain(app: App) -> Any:
    prompt = ChatPromptTemplate.from_messages([("user", "{question}")])
    return (prompt | RunnableLambda(shorten) | app.model()).with_config(run_name="answer")


def graph(app: App) -> Any:
    model = app.model()

    async def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    return StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile()


def agent(app: App) -> Any:
    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        return "a grinder"

    pytest.importorskip("langchain", "1.0")
    return pytest.importorskip("langchain.agents").create_agent(app.model(), [look_up_order], name="desk")


async def read(app: App, runnable: Any, given: Any, **options: Any) -> None:
    """Reads all events; LangChain's last event of a run and the first of the next may change places."""
    heard: list[str] = []
    async for event in runnable.astream_events(given, **options):
        heard.append(f"{event['event']} {event['name']}")
        app.assert_context()
    app.saw(sorted(heard))


async def read_v3(app: App, method: Callable[..., Any], given: Any) -> None:
    """Reads all events of the newer protocol, of which LangChain says once a process that it is beta."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = method(given, version="v3")
        stream = await stream if inspect.isawaitable(stream) else stream
        await app.way.read(stream, lambda _: app.assert_context())


@scenario(CHAIN, ways=ASYNC)
async def test_chain_v1(app: App) -> object:
    return await read(app, chain(app), {"question": "Where is my parcel?"}, version="v1")


@scenario(CHAIN, ways=ASYNC)
async def test_chain_v2(app: App) -> object:
    return await read(app, chain(app), {"question": "Where is my parcel?"}, version="v2")


@scenario(
    """
    invoke_workflow waiting
      dawdle
""",
    ways=ASYNC,
)
async def test_events_left_early(app: App) -> None:
    """LangChain cancels the run, which is no failure: nobody wanted more of it."""
    at_work = asyncio.Event()
    events = left_to_wait(at_work).astream_events("Hm?", version="v2")
    async for event in events:
        app.saw(event["name"])
        if event["name"] == "dawdle":
            await at_work.wait()
            break
    await events.aclose()
    # langchain-core 0.3.0 leaves the closing of what is within to the event loop.
    await asyncio.sleep(0.1)


@scenario(
    """
    invoke_workflow waiting ! CancelledError
      dawdle ! CancelledError
""",
    ways=ASYNC,
)
async def test_reader_of_events_cancelled(app: App) -> None:
    at_work = asyncio.Event()

    async def read() -> None:
        async for _ in left_to_wait(at_work).astream_events("Hm?", version="v2"):
            pass

    reader = asyncio.create_task(read())
    await at_work.wait()
    reader.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reader


def left_to_wait(at_work: asyncio.Event) -> Any:
    async def dawdle(value: Any) -> Any:
        at_work.set()
        await asyncio.sleep(60)

    return (RunnableLambda(shorten).with_config(run_name="RunnableLambda") | RunnableLambda(dawdle)).with_config(
        run_name="waiting"
    )


@scenario(CHAIN, ways=ASYNC)
async def test_events_of_models_alone(app: App) -> object:
    options = {"version": "v2", "include_types": ["chat_model"]}
    return await read(app, chain(app), {"question": "Where is my parcel?"}, **options)


@scenario(CHAIN, ways=ASYNC)
@pytest.mark.filterwarnings("ignore:.*deprecated")
async def test_log(app: App) -> object:
    patches = 0
    async for _ in chain(app).astream_log({"question": "Where is my parcel?"}):
        app.assert_context()
        patches += 1
    return patches > 1


@scenario("chat gpt-5.4-mini", ways=ASYNC)
async def test_model_v2(app: App) -> object:
    return await read(app, app.model(), "Where is my parcel?", version="v2")


@needs_v3
@scenario("chat gpt-5.4-mini", ways=ASYNC)
async def test_model_v3(app: App) -> object:
    return await read_v3(app, app.model().astream_events, "Where is my parcel?")


@scenario(GRAPH, ways=ASYNC)
async def test_graph_v1(app: App) -> object:
    return await read(app, graph(app), QUESTION, version="v1")


@scenario(GRAPH, ways=ASYNC)
async def test_graph_v2(app: App) -> object:
    return await read(app, graph(app), QUESTION, version="v2")


@scenario(AGENT, ways=ASYNC)
async def test_agent_v1(app: App) -> object:
    return await read(app, agent(app), QUESTION, version="v1")


@scenario(AGENT, ways=ASYNC)
async def test_agent_v2(app: App) -> object:
    return await read(app, agent(app), QUESTION, version="v2")


def needs_v3_of_graphs() -> None:
    if not hasattr(Pregel, "stream_events") or "v3" not in inspect.getsource(Pregel.stream_events):
        pytest.skip("came with langgraph 1.2")


@scenario(AGENT, ways=BLOCKING)
async def test_agent_v3(app: App) -> object:
    needs_v3_of_graphs()
    return await read_v3(app, agent(app).stream_events, QUESTION)


@scenario(AGENT, ways=ASYNC)
async def test_agent_v3_later(app: App) -> object:
    needs_v3_of_graphs()
    return await read_v3(app, agent(app).astream_events, QUESTION)
