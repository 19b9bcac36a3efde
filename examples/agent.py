"""A support desk of a kitchen shop: sums up a customer's letter, then lets an agent answer it.

    pip install openai langchain langchain-openai numpy
    OPENAI_API_KEY=… python agent.py

Nothing in here knows of tracing.
"""

import os
from datetime import date

from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import OpenAI

MODEL = os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")

LETTER = """\
My order 1042 has arrived. The lid of the coffee grinder is cracked, the kettle is fine.
Can I return the cracked grinder, who pays the postage, and what will be the refund?"""

ORDERS = {
    1041: {"delivered": date(2026, 10, 2), "items": {"espresso cups": (6, 7.50)}},
    1042: {"delivered": date(2026, 11, 19), "items": {"coffee grinder": (1, 129.00), "gooseneck kettle": (1, 64.90)}},
}

POLICIES = [
    "Damaged goods may be returned within 60 days of delivery. We pay the return postage for anything that arrived "
    "cracked or broken.",
    "Unwanted goods may be returned unused within 30 days of delivery. The customer pays the return postage.",
    "A refund is paid to the original means of payment within 5 working days after the parcel has come back.",
    "Repairs under the two-year warranty take about three weeks. The customer gets a spare machine meanwhile.",
    "Gift cards cannot be returned. They are valid for three years.",
]


@tool
def look_up_order(order_id: int) -> str:
    """Look up a customer's order: the items with their prices, the total, and the day of delivery."""
    order = ORDERS.get(order_id)
    if order is None:
        return f"There is no order {order_id}."
    items = [f"{count} x {name} at {price:.2f} EUR" for name, (count, price) in order["items"].items()]
    total = sum(count * price for count, price in order["items"].values())
    return f"Order {order_id}: {', '.join(items)}; total {total:.2f} EUR; delivered on {order['delivered']}."


def sum_up(letter: str) -> None:
    """Print a short summary while the model writes it."""
    stream = OpenAI().chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Sum up the customer's letter in one or two sentences for our support desk."},
            {"role": "user", "content": letter},
        ],
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
    print()


def answer(letter: str) -> str:
    """Let the agent look up what it needs, and write the answer."""
    policies = InMemoryVectorStore.from_texts(
        POLICIES, OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
    )
    search_policies = create_retriever_tool(
        policies.as_retriever(search_kwargs={"k": 2}),
        "search_policies",
        "Search the shop's policies on returns, postage, refunds, repairs and warranty.",
    )
    agent = create_agent(
        ChatOpenAI(model=MODEL),
        tools=[look_up_order, search_policies],
        system_prompt="You answer customers of a kitchen shop, kindly and briefly. Look up the facts, never guess.",
        name="support_desk",
    )
    result = agent.invoke({"messages": [{"role": "user", "content": letter}]})
    return result["messages"][-1].text


if __name__ == "__main__":
    print("Letter:", LETTER, sep="\n", end="\n\n")
    print("Summary:")
    sum_up(LETTER)
    print("\nAnswer:", answer(LETTER), sep="\n")
