"""Graphs of LangGraph: a workflow, and a step for each node."""

from __future__ import annotations

import asyncio
import inspect
import operator
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import MemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from opentelemetry import trace
from typing_extensions import TypedDict

from support.langchain_scenario import WAYS_WITH_CONTEXT, App, scenario
from support.ways import WAYS


class State(TypedDict):
    messages: Annotated[list[Any], operator.add]


QUESTION = {"messages": [("user", "Where is my parcel?")]}

RETRY = "retry_policy" if "retry_policy" in inspect.signature(StateGraph.add_node).parameters else "retry"
"""What langgraph calls the policy, since 0.5."""


def asking(app: App) -> Any:
    """A node that asks the model, inside a span of the app's own."""
    model = app.model()

    def ask(state: State) -> State:
        with app.span("the app's"):
            return {"messages": [model.invoke(state["messages"])]}

    async def ask_later(state: State) -> State:
        with app.span("the app's"):
            return {"messages": [await model.ainvoke(state["messages"])]}

    return RunnableLambda(ask, ask_later)


def graph(*edges: tuple[str, str], **nodes: Any) -> StateGraph:
    built = StateGraph(State)
    for name, node in nodes.items():
        built.add_node(name, node)
    for edge in edges:
        built.add_edge(*edge)
    return built


NODES = """
    invoke_workflow triage
      sort
      ask
        the app's
          chat gpt-5.4-mini
"""


def triage(app: App) -> Any:
    def sort(state: State) -> State:
        return {"messages": []}

    built = graph((START, "sort"), sort=sort, ask=asking(app))
    built.add_conditional_edges("sort", lambda state: "ask", ["ask"])
    return built.compile().with_config(run_name="triage")


@scenario(NODES)
async def test_invoke(app: App) -> object:
    return await app.invoke(triage(app), QUESTION)


@scenario(NODES)
async def test_stream(app: App) -> object:
    return await app.stream(triage(app), QUESTION)


@scenario(NODES)
async def test_stream_of_tokens(app: App) -> object:
    return await app.stream(triage(app), QUESTION, stream_mode="messages")


@scenario("invoke_workflow triage\n  the app's\n    chat gpt-5.4-mini", steps="none")
async def test_no_steps(app: App) -> object:
    return await app.invoke(triage(app), QUESTION)


@scenario("invoke_workflow\n  ask\n    the app's\n      chat gpt-5.4-mini")
async def test_graph_without_a_name(app: App) -> object:
    return await app.invoke(graph((START, "ask"), ask=asking(app)).compile(), QUESTION)


@scenario(
    """
    invoke_workflow
      one
        the app's
          chat gpt-5.4-mini
      two
        the app's
          chat gpt-5.4-mini
    """,
    unordered=True,
)
async def test_nodes_side_by_side(app: App) -> object:
    built = graph((START, "one"), (START, "two"), one=asking(app), two=asking(app))
    return len((await app.invoke(built.compile(), QUESTION))["messages"])


@scenario("""
    invoke_workflow
      research
        ask
          the app's
            chat gpt-5.4-mini
      answer
        invoke_agent desk
          chat gpt-5.4-mini
""")
async def test_graph_and_agent_as_nodes(app: App) -> object:
    pytest.importorskip("langchain", "1.0")
    create_agent = pytest.importorskip("langchain.agents").create_agent
    inner = graph((START, "ask"), ask=asking(app)).compile()
    outer = graph(
        (START, "research"),
        ("research", "answer"),
        research=inner,
        answer=create_agent(app.model(), [], name="desk"),
    )
    return await app.invoke(outer.compile(), QUESTION)


@scenario(
    """
    invoke_workflow hitl
      approve
    invoke_workflow hitl
      approve
    """,
    ways=WAYS_WITH_CONTEXT,
)
async def test_interrupt_and_resume(app: App) -> object:
    """An interrupt is no failure."""
    types = pytest.importorskip("langgraph.types")
    if not hasattr(types, "interrupt"):
        pytest.skip("came with langgraph 0.2.57")

    def approve(state: State) -> State:
        return {"messages": [("ai", types.interrupt("May I?"))]}

    hitl = graph((START, "approve"), approve=approve).compile(checkpointer=MemorySaver()).with_config(run_name="hitl")
    config = {"configurable": {"thread_id": "7"}}
    app.saw((await app.invoke(hitl, QUESTION, config)).get("messages"))
    return await app.invoke(hitl, types.Command(resume="Yes."), config)


@scenario(
    """
    invoke_workflow
      research
        ask
        ask
    """,
    ways=WAYS_WITH_CONTEXT,
)
async def test_functional_api(app: App) -> object:
    func = pytest.importorskip("langgraph.func")

    @func.task
    def ask(question: str) -> str:
        return question

    @func.entrypoint()
    def research(question: str) -> list[str]:
        return [found.result() for found in (ask(question), ask(question))]

    return await app.invoke(research, "Where is my parcel?")


@scenario("invoke_workflow ! LookupError\n  look ! LookupError")
async def test_node_that_fails(app: App) -> object:
    return await app.invoke(graph((START, "look"), look=failing(LookupError("nothing"))).compile(), QUESTION)


@scenario("invoke_workflow ! LookupError\n  look ! LookupError")
async def test_node_that_fails_in_a_stream(app: App) -> object:
    return await app.stream(graph((START, "look"), look=failing(LookupError("nothing"))).compile(), QUESTION)


def failing(error: Exception) -> Callable[[State], State]:
    def look(state: State) -> State:
        raise error

    return look


@scenario(f"{NODES.rstrip()}\n    after", unordered=False)
async def test_nothing_of_the_run_is_current_after_it(app: App) -> object:
    await app.invoke(triage(app), QUESTION)
    with app.span("after"):
        return None


@scenario("""
    invoke_workflow outer
      call
        invoke_workflow inner
          ask
            the app's
              chat gpt-5.4-mini
""")
async def test_graph_called_in_a_node(app: App) -> object:
    inner = graph((START, "ask"), ask=asking(app)).compile().with_config(run_name="inner")

    def call(state: State) -> Any:
        return inner.invoke(state)

    async def call_later(state: State) -> Any:
        return await inner.ainvoke(state)

    outer = graph((START, "call"), call=RunnableLambda(call, call_later)).compile().with_config(run_name="outer")
    return await app.invoke(outer, QUESTION)


@scenario(
    """
    invoke_workflow
      spread
      work
      work
      work
    """,
    unordered=True,
)
async def test_node_for_each_item(app: App) -> object:
    types = pytest.importorskip("langgraph.types")

    def work(item: Any) -> State:
        return {"messages": [item]}

    built = graph((START, "spread"), spread=lambda state: {"messages": []}, work=work)
    built.add_conditional_edges("spread", lambda state: [types.Send("work", n) for n in range(3)], ["work"])
    return len((await app.invoke(built.compile(), QUESTION))["messages"])


@scenario("""
    invoke_workflow
      again
      again
      again
""")
async def test_loop(app: App) -> object:
    built = graph((START, "again"), again=lambda state: {"messages": ["once more"]})
    built.add_conditional_edges("again", lambda state: END if len(state["messages"]) > 3 else "again", ["again", END])
    return await app.invoke(built.compile(), QUESTION)


@scenario(f"invoke_workflow ! {GraphRecursionError.__name__}\n  again\n  again")
async def test_loop_without_an_end(app: App) -> object:
    built = graph((START, "again"), ("again", "again"), again=lambda state: {"messages": []})
    return await app.invoke(built.compile(), QUESTION, {"recursion_limit": 2})


@scenario("""
    invoke_workflow
      flaky ! ConnectionError
      flaky
""")
async def test_node_that_is_tried_again(app: App) -> object:
    types = pytest.importorskip("langgraph.types")
    policy = types.RetryPolicy(initial_interval=0.001, jitter=False, retry_on=ConnectionError)
    tries = iter([ConnectionError("no"), None])

    def flaky(state: State) -> State:
        if (error := next(tries)) is not None:
            raise error
        return {"messages": ["at last"]}

    built = StateGraph(State)
    built.add_node("flaky", flaky, **{RETRY: policy})
    built.add_edge(START, "flaky")
    return await app.invoke(built.compile(), QUESTION)


@scenario(
    """
    invoke_workflow outer
      work
        approve
    invoke_workflow outer
      work
        approve
    """,
    ways=WAYS_WITH_CONTEXT,
)
async def test_interrupt_and_resume_in_a_sub_graph(app: App) -> object:
    types = pytest.importorskip("langgraph.types")
    if not hasattr(types, "interrupt"):
        pytest.skip("came with langgraph 0.2.57")

    def approve(state: State) -> State:
        return {"messages": [("ai", types.interrupt("May I?"))]}

    inner = graph((START, "approve"), approve=approve).compile()
    outer = graph((START, "work"), work=inner).compile(checkpointer=MemorySaver()).with_config(run_name="outer")
    config = {"configurable": {"thread_id": "7"}}
    await app.stream(outer, QUESTION, config, subgraphs=True)
    return await app.stream(outer, types.Command(resume="Yes."), config, subgraphs=True)


@scenario("""
    invoke_workflow
      first
    invoke_workflow
      second
""")
async def test_stop_before_a_node(app: App) -> object:
    def nothing(state: State) -> State:
        return {"messages": []}

    built = graph((START, "first"), ("first", "second"), first=nothing, second=nothing)
    stopping = built.compile(checkpointer=MemorySaver(), interrupt_before=["second"])
    config = {"configurable": {"thread_id": "7"}}
    app.saw(await app.invoke(stopping, QUESTION, config))
    return await app.invoke(stopping, None, config)


@scenario("invoke_workflow\n  first")
async def test_stream_left_early(app: App) -> object:
    def nothing(state: State) -> State:
        return {"messages": []}

    built = graph((START, "first"), ("first", "second"), first=nothing, second=nothing)
    return await app.stream(built.compile(), QUESTION, limit=1)


@scenario(
    """
    invoke_workflow ! CancelledError
      ask ! CancelledError
        the app's
          chat gpt-5.4-mini ! CancelledError
    """,
    ways=WAYS[1:],
)
async def test_cancelled(app: App) -> object:
    model = app.model(base_url=app.hanging)

    async def ask(state: State) -> State:
        span = app.tracer.start_span("the app's")
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            return {"messages": [await model.ainvoke(state["messages"])]}

    built = graph((START, "ask"), ask=ask).compile()
    return await app.cancelled(built.ainvoke(QUESTION), app.asked)


@scenario(
    """
    invoke_workflow
      ask
        chat gpt-5.4-mini
        in a thread
    """,
    ways=WAYS[1:],
)
async def test_thread_of_asyncio_in_a_node(app: App) -> object:
    model = app.model()

    def work() -> None:
        with app.span("in a thread"):
            pass

    async def ask(state: State) -> State:
        answer = await model.ainvoke(state["messages"])
        await asyncio.to_thread(work)
        return {"messages": [answer]}

    return await app.invoke(graph((START, "ask"), ask=ask).compile(), QUESTION)
