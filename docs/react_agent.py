"""The agent of the pictures in langchain.md: it looks something up, then answers."""

from langchain.agents import create_agent
from langchain.tools import tool


@tool
def look_up_order(order_id: int) -> str:
    """Look up an order of the shop, with its total and the day of delivery."""
    return f"Order {order_id}: a coffee grinder; total 129.00 EUR; delivered on 2026-11-19."


agent = create_agent("openai:gpt-5.4-mini", [look_up_order], system_prompt="Never guess.", name="desk")
agent.invoke({"messages": [{"role": "user", "content": "What is the total of order 1042?"}]})
