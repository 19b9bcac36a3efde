"""Agents made by `create_agent`: a tree as a person would draw it, however they are run."""

from __future__ import annotations

import asyncio
import json
import warnings
from importlib.util import find_spec
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import MemorySaver
from langgraph.prebuilt import create_react_agent
from pydantic import BaseModel

from genspan.distro.demo.server import DemoServer
from support.langchain_scenario import LAYERS, App, record, scenario
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS, Way

QUESTION = {"messages": [{"role": "user", "content": "Look up order 1042"}]}

TWO_STEPS = """
    invoke_agent desk
      chat gpt-5.4-mini
      execute_tool look_up_order
        database
      chat gpt-5.4-mini
"""


def create_agent(*args: Any, **options: Any) -> Any:
    """LangChain's, from 1.0 on."""
    pytest.importorskip("langchain", "1.0")
    return pytest.importorskip("langchain.agents").create_agent(*args, **options)


def looking_up(app: App) -> Any:
    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        with app.span("database"):
            return f"Order {order_id}: a grinder, 129 EUR."

    return look_up_order


def desk(app: App, **options: Any) -> Any:
    return create_agent(app.model(), [looking_up(app)], **{"name": "desk", "system_prompt": "Be kind.", **options})


def failing_desk(app: App) -> Any:
    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        raise LookupError(order_id)

    return create_agent(app.model(), [look_up_order], name="desk")


@scenario(TWO_STEPS)
async def test_invoke(app: App) -> object:
    return await app.invoke(desk(app), QUESTION)


@scenario(TWO_STEPS)
async def test_stream(app: App) -> object:
    return await app.stream(desk(app), QUESTION)


@scenario(TWO_STEPS)
async def test_stream_of_tokens(app: App) -> object:
    return await app.stream(desk(app), QUESTION, stream_mode="messages")


@scenario(TWO_STEPS, ways=WAYS[1:])
async def test_events(app: App) -> object:
    async for event in desk(app).astream_events(QUESTION, version="v2"):
        app.each(event["event"])
    return None


@scenario(
    """
    invoke_agent desk
      chat gpt-5.4-mini
      chat gpt-5.4-mini
      execute_tool look_up_order
        database
    invoke_agent desk
      chat gpt-5.4-mini
      chat gpt-5.4-mini
      execute_tool look_up_order
        database
    """,
    unordered=True,
)
async def test_batch(app: App) -> object:
    return await app.call(desk(app), "batch", [QUESTION, QUESTION])


@scenario("invoke_agent desk\n  chat gpt-5.4-mini")
async def test_stream_left_early(app: App) -> object:
    """What was not wanted is no failure."""
    return await app.stream(desk(app), QUESTION, limit=1)


@scenario("""
    invoke_agent
      chat gpt-5.4-mini
      execute_tool look_up_order
        database
      chat gpt-5.4-mini
""")
async def test_agent_without_a_name(app: App) -> object:
    return await app.invoke(desk(app, name=None), QUESTION)


@scenario("""
    handling
      invoke_agent desk
        chat gpt-5.4-mini
        execute_tool look_up_order
          database
        chat gpt-5.4-mini
""")
async def test_agent_within_a_span_of_the_app(app: App) -> object:
    with app.span("handling"):
        return await app.invoke(desk(app), QUESTION)


@scenario("""
    invoke_agent boss
      chat gpt-5.4-mini
      execute_tool ask_desk
        invoke_agent desk
          chat gpt-5.4-mini
          execute_tool look_up_order
            database
          chat gpt-5.4-mini
      chat gpt-5.4-mini
""")
async def test_agent_as_a_tool_of_another(app: App) -> object:
    inner = desk(app)

    def answer(question: str) -> str:
        """Ask the desk about an order."""
        return str(inner.invoke({"messages": [("user", question)]})["messages"][-1].text)

    async def answer_later(question: str) -> str:
        """Ask the desk about an order."""
        return str((await inner.ainvoke({"messages": [("user", question)]}))["messages"][-1].text)

    ask_desk = tool("ask_desk")(answer if app.blocking else answer_later)
    boss = create_agent(app.model(), [ask_desk], name="boss")
    return await app.invoke(boss, {"messages": [("user", "Ask the desk: look up order 1042")]})


@scenario("""
    invoke_agent desk ! LookupError
      chat gpt-5.4-mini
      execute_tool look_up_order ! LookupError
""")
async def test_tool_that_fails(app: App) -> object:
    return await app.invoke(failing_desk(app), QUESTION)


@scenario(
    """
    invoke_agent desk
      chat gpt-5.4-mini
      chat gpt-5.4-mini
      execute_tool check_stock
      execute_tool look_up_order
    """,
    unordered=True,
)
async def test_tools_side_by_side(app: App) -> object:
    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        return "a grinder"

    @tool
    def check_stock(order_id: int) -> str:
        """Check the stock for an order."""
        return "none left"

    agent = create_agent(app.model(), [look_up_order, check_stock], name="desk")
    result = await app.invoke(
        agent, {"messages": [("user", "Look up order 1042 and check the stock for the order 1042")]}
    )
    return sorted(message.type for message in result["messages"])


REACT = """
    invoke_agent
      chat gpt-5.4-mini
      execute_tool look_up_order
        database
      chat gpt-5.4-mini
"""


@scenario(REACT)
async def test_prebuilt_agent_of_langgraph(app: App) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        agent = create_react_agent(app.model(), [looking_up(app)])
    return await app.invoke(agent, QUESTION)


def executor(app: App) -> Any:
    """The agent of langchain 0.x, which langchain-classic has today."""
    agents = pytest.importorskip("langchain_classic.agents" if find_spec("langchain_classic") else "langchain.agents")
    if not hasattr(agents, "AgentExecutor"):
        pytest.skip("no AgentExecutor in this version of langchain")
    prompt = ChatPromptTemplate.from_messages([("user", "{input}"), ("placeholder", "{agent_scratchpad}")])
    tools = [looking_up(app)]
    return agents.AgentExecutor(agent=agents.create_tool_calling_agent(app.model(), tools, prompt), tools=tools)


@scenario(REACT)
async def test_agent_executor(app: App) -> object:
    return await app.invoke(executor(app), {"input": "Look up order 1042"})


@scenario(REACT)
async def test_agent_executor_streamed(app: App) -> object:
    return await app.stream(executor(app), {"input": "Look up order 1042"})


@scenario("invoke_agent desk ! CancelledError\n  chat gpt-5.4-mini ! CancelledError", ways=WAYS[1:])
async def test_cancelled(app: App) -> object:
    agent = create_agent(app.model(base_url=app.hanging), [], name="desk")
    return await app.cancelled(agent.ainvoke(QUESTION), app.asked)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_what_is_recorded(way: Way, demo: DemoServer) -> None:
    """What the agent was asked and answered, and what its model used in all; not the state of its graph."""

    async def ask(app: App) -> object:
        return await app.invoke(desk(app), QUESTION, {"configurable": {"thread_id": "t-1"}})

    telemetry = InMemoryTelemetry()
    record(ask, way, demo, LAYERS["langchain"], telemetry)
    (agent,) = (dict(span.attributes or {}) for span in telemetry.spans if span.name == "invoke_agent desk")
    chats = [dict(span.attributes or {}) for span in telemetry.spans if span.name.startswith("chat")]
    for name in ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"):
        assert agent.pop(name) == sum(chat[name] for chat in chats) > 0
    (question,), (answer,) = (json.loads(agent.pop(f"gen_ai.{side}.messages")) for side in ("input", "output"))
    assert question == {"role": "user", "parts": [{"type": "text", "content": "Look up order 1042"}]}
    assert answer["role"] == "assistant"
    assert answer["parts"] == [{"type": "text", "content": "Order 1042: a grinder, 129 EUR."}]
    assert agent == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "desk",
        "gen_ai.conversation.id": "t-1",
    }
    (tool_call,) = (dict(span.attributes or {}) for span in telemetry.spans if span.name.startswith("execute_tool"))
    assert tool_call["gen_ai.agent.name"] == "desk"
    assert {chat["gen_ai.conversation.id"] for chat in chats} == {"t-1"}
    assert {"gen_ai.invoke_agent.duration", "gen_ai.invoke_agent.tool_calls"} <= telemetry.metrics.keys()


class Order(BaseModel):
    """An order."""

    order_id: int


@scenario("invoke_agent desk\n  chat gpt-5.4-mini")
async def test_structured_answer(app: App) -> object:
    """The model gives it as the arguments of a tool that is none."""
    return await app.invoke(create_agent(app.model(), [], name="desk", response_format=Order), QUESTION)


@scenario(
    """
    invoke_agent desk ! CancelledError
      chat gpt-5.4-mini
      execute_tool look_up_order ! CancelledError
    """,
    ways=WAYS[1:],
)
async def test_cancelled_in_a_tool(app: App) -> object:
    begun: list[bool] = []

    @tool
    async def look_up_order(order_id: int) -> str:
        """Look up an order."""
        begun.append(True)
        await asyncio.sleep(60)
        return "late"

    agent = create_agent(app.model(), [look_up_order], name="desk")
    return await app.cancelled(agent.ainvoke(QUESTION), lambda: begun)


@scenario("""
    invoke_agent desk
      chat gpt-5.4-mini
    invoke_agent desk
      execute_tool look_up_order
        database
      chat gpt-5.4-mini
""")
async def test_approval_by_a_person(app: App) -> object:
    """The agent stops before its tool, and goes on when it is told to."""
    saver = MemorySaver()
    agent = desk(app, checkpointer=saver, interrupt_before=["tools"])
    config = {"configurable": {"thread_id": "7"}}
    app.saw(await app.invoke(agent, QUESTION, config))
    return await app.invoke(agent, None, config)


@scenario("""
    invoke_agent desk
      chat gpt-5.4-mini
      execute_tool look_up_order
    invoke_agent desk
      execute_tool look_up_order
      chat gpt-5.4-mini
""")
async def test_tool_that_asks_a_person(app: App) -> object:
    """An interrupt is no failure of the tool, which starts anew when the answer is there."""
    types = pytest.importorskip("langgraph.types")

    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        return str(types.interrupt("May I?"))

    saver = MemorySaver()
    agent = create_agent(app.model(), [look_up_order], name="desk", checkpointer=saver)
    config = {"configurable": {"thread_id": "7"}}
    app.saw((await app.invoke(agent, QUESTION, config))["messages"])
    return await app.invoke(agent, types.Command(resume="Yes."), config)


@scenario("""
    invoke_workflow
      invoke_agent desk
        chat gpt-5.4-mini
        execute_tool look_up_order
          database
        chat gpt-5.4-mini
      last_words
""")
async def test_agent_in_a_chain(app: App) -> object:
    def last_words(state: Any) -> Any:
        return state["messages"][-1].content

    return await app.invoke(desk(app) | RunnableLambda(last_words), QUESTION)


@scenario("invoke_agent desk ! TimeoutError\n  chat ! TimeoutError")
async def test_model_that_fails(app: App) -> object:
    class Late(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise TimeoutError("late")

    return await app.invoke(create_agent(Late(responses=[""]), [], name="desk"), QUESTION)
