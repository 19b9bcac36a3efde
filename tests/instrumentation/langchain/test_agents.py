"""Agents made by `create_agent`: a tree as a person would draw it, however they are run."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import tool

from support.langchain_scenario import App, scenario
from support.ways import WAYS

pytest.importorskip("langchain", "1.0")
create_agent = pytest.importorskip("langchain.agents").create_agent

QUESTION = {"messages": [{"role": "user", "content": "Look up order 1042"}]}

TWO_STEPS = """
    invoke_agent desk
      chat gpt-5.4-mini
      execute_tool look_up_order
        database
      chat gpt-5.4-mini
"""


def desk(app: App, **options: Any) -> Any:
    @tool
    def look_up_order(order_id: int) -> str:
        """Look up an order."""
        with app.span("database"):
            return f"Order {order_id}: a grinder, 129 EUR."

    return create_agent(app.model(), [look_up_order], **{"name": "desk", "system_prompt": "Be kind.", **options})


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
