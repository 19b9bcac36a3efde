"""Chains: sequences, parallel branches, fallbacks; the steps that the app has named."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import langchain_openai.chat_models.base
import openai
import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import (
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.runnables.history import RunnableWithMessageHistory
from pydantic import BaseModel

from genspan.distro.demo.server import DemoServer
from support.langchain_scenario import LAYERS, WAYS_WITH_CONTEXT, App, record, scenario, tree
from support.telemetry import InMemoryTelemetry
from support.ways import WAYS, Way

CONNECTION_ERROR = getattr(
    langchain_openai.chat_models.base, "OpenAIConnectionError", openai.APIConnectionError
).__name__
"""LangChain has a class of its own for it since langchain-openai 1.7."""

PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])


class Order(BaseModel):
    """An order."""

    order_id: int


def shorten(value: Any) -> Any:
    return value


def chain(app: App) -> Any:
    return {"question": RunnablePassthrough()} | PROMPT | shorten | app.model() | StrOutputParser()


ONE = """
    invoke_workflow
      shorten
      chat gpt-5.4-mini
"""


@scenario(ONE)
async def test_invoke(app: App) -> object:
    return await app.invoke(chain(app), "Where is my parcel?")


@scenario(ONE)
async def test_stream(app: App) -> object:
    return await app.stream(chain(app), "Where is my parcel?")


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_stream_left_early(app: App) -> object:
    return await app.stream(PROMPT | app.model() | StrOutputParser(), {"question": "Where is my parcel?"}, limit=2)


@scenario(
    """
    invoke_workflow
      chat gpt-5.4-mini
      shorten
    invoke_workflow
      chat gpt-5.4-mini
      shorten
    """,
    unordered=True,
)
async def test_batch(app: App) -> object:
    return await app.call(chain(app), "batch", ["Where is my parcel?", "And my refund?"])


@scenario("invoke_workflow answer\n  shorten\n  chat gpt-5.4-mini")
async def test_named_chain(app: App) -> object:
    return await app.invoke(chain(app).with_config(run_name="answer"), "Where is my parcel?")


@scenario("invoke_workflow\n  shorten\n  answer\n    chat gpt-5.4-mini")
async def test_named_step(app: App) -> object:
    step = (PROMPT | app.model()).with_config(run_name="answer")
    return await app.invoke({"question": RunnablePassthrough()} | RunnableLambda(shorten) | step, "Where is my parcel?")


@scenario("invoke_workflow\n  chat gpt-5.4-mini", steps="none")
async def test_no_steps(app: App) -> object:
    return await app.invoke(chain(app), "Where is my parcel?")


@scenario(
    """
    invoke_workflow
      RunnableParallel<question>
        RunnablePassthrough
      ChatPromptTemplate
      shorten
      chat gpt-5.4-mini
      StrOutputParser
    """,
    steps="all",
)
async def test_all_steps(app: App) -> object:
    return await app.invoke(chain(app), "Where is my parcel?")


@scenario(
    """
    invoke_workflow
      chat gpt-5.4-mini
      chat gpt-5.4-mini
    """
)
async def test_branches_side_by_side(app: App) -> object:
    model = app.model()
    return await app.invoke(RunnableParallel(a=PROMPT | model, b=PROMPT | model), {"question": "Where is my parcel?"})


@scenario("invoke_workflow\n  chat gpt-5.4-mini\n  chat gpt-5.4-mini")
async def test_branches_side_by_side_streamed(app: App) -> object:
    model = app.model()
    branches = RunnableParallel(a=PROMPT | model, b=PROMPT | model)
    chunks: list[Any] = []
    await app.way.read(
        branches.stream({"question": "Hm?"}) if app.blocking else branches.astream({"question": "Hm?"}), chunks.append
    )
    app.assert_context()
    return len(chunks)


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_branch(app: App) -> object:
    branch = RunnableBranch((lambda value: value == "a", lambda value: value), app.model())
    return await app.invoke(branch, "b")


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_branch_streamed(app: App) -> object:
    branch = RunnableBranch((lambda value: value == "a", lambda value: value), app.model())
    return await app.stream(branch, "b")


def unreachable(app: App) -> Any:
    def refuse(_: Any) -> Any:
        raise ConnectionError("no")

    return RunnableLambda(refuse).with_config(run_name="first choice").with_fallbacks([app.model()])


@scenario("invoke_workflow\n  first choice ! ConnectionError\n  chat gpt-5.4-mini")
async def test_fallback(app: App) -> object:
    return await app.invoke(unreachable(app), "Hm?")


@scenario("invoke_workflow\n  first choice ! ConnectionError\n  chat gpt-5.4-mini")
async def test_fallback_streamed(app: App) -> object:
    return await app.stream(unreachable(app), "Hm?")


@scenario(
    """
    invoke_workflow
      chat gpt-5.4-mini
      first choice ! ConnectionError
    invoke_workflow
      chat gpt-5.4-mini
      first choice ! ConnectionError
    """,
    unordered=True,
)
async def test_fallback_in_a_batch(app: App) -> object:
    return await app.call(unreachable(app), "batch", ["Hm?", "Ah?"])


@scenario("""
    invoke_workflow flaky
      attempt
        attempt ! ConnectionError
        attempt
          chat gpt-5.4-mini
      shorten
""")
async def test_retry(app: App) -> object:
    model, tries = app.model(), iter([ConnectionError("no"), None])

    def attempt(question: str) -> Any:
        if (error := next(tries)) is not None:
            raise error
        return model

    retried = RunnableLambda(attempt).with_config(run_name="attempt").with_retry(wait_exponential_jitter=False)
    return await app.invoke((retried | shorten).with_config(run_name="flaky"), "Hm?", {"tags": ["x"]})


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_structured_output(app: App) -> object:
    return await app.invoke(app.model().with_structured_output(Order), "Where is order 1042?")


@scenario("invoke_workflow ask\n  the app's\n    chat gpt-5.4-mini")
async def test_span_of_the_app_in_a_step(app: App) -> object:
    model = app.model()

    def ask(question: str) -> Any:
        with app.span("the app's"):
            return model.invoke(question)

    async def ask_later(question: str) -> Any:
        with app.span("the app's"):
            return await model.ainvoke(question)

    return await app.invoke(RunnableLambda(ask, ask_later).with_config(run_name="ask"), "Where is my parcel?")


@scenario("invoke_workflow ask\n  chat gpt-5.4-mini", ways=WAYS[:1])
async def test_thread_of_the_app_without_its_context(app: App) -> object:
    """All that says where the call belongs is LangChain's config."""
    model = app.model()

    def ask(question: str, config: Any) -> Any:
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(model.invoke(question, config)))
        thread.start()
        thread.join()
        return answers[0]

    return await app.invoke(RunnableLambda(ask).with_config(run_name="ask"), "Where is my parcel?")


@scenario("invoke_workflow ask\n  chat gpt-5.4-mini")
async def test_call_with_a_config_of_its_own(app: App) -> object:
    """All that says where the call belongs is OpenTelemetry's context."""
    model = app.model()

    def ask(question: str) -> Any:
        return model.invoke(question, {"callbacks": []})

    return await app.invoke(RunnableLambda(ask).with_config(run_name="ask"), "Where is my parcel?")


@scenario("invoke_workflow fail ! ZeroDivisionError")
async def test_step_that_fails(app: App) -> object:
    return await app.invoke(RunnableLambda(lambda value: value / 0).with_config(run_name="fail"), 1)


@scenario("invoke_workflow ! ValueError\n  halves ! ValueError")
async def test_step_of_a_stream_that_fails(app: App) -> object:
    def halves(chunks: Any) -> Any:
        yield "one half"
        raise ValueError("no other")

    async def halves_later(chunks: Any) -> Any:
        yield "one half"
        raise ValueError("no other")

    return await app.stream(RunnablePassthrough() | RunnableGenerator(halves, halves_later), "Hm?")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_session_of_a_message_history(way: Way, demo: DemoServer) -> None:
    async def ask(app: App) -> object:
        history = InMemoryChatMessageHistory()
        prompt = ChatPromptTemplate.from_messages([("placeholder", "{history}"), ("user", "{question}")])
        session = RunnableWithMessageHistory(
            prompt | app.model(),
            lambda session_id: history,
            input_messages_key="question",
            history_messages_key="history",
        )
        return await app.invoke(session, {"question": "Where?"}, {"configurable": {"session_id": "s-1"}})

    telemetry = InMemoryTelemetry()
    record(ask, way, demo, LAYERS["langchain"], telemetry)
    assert tree(telemetry.spans) == "invoke_workflow\n  chat gpt-5.4-mini"
    (chat,) = (span for span in telemetry.spans if span.name == "chat gpt-5.4-mini")
    assert (chat.attributes or {})["gen_ai.conversation.id"] == "s-1"


@scenario("")
async def test_prompt_alone(app: App) -> object:
    """Filling in a template is no workflow."""
    return await app.invoke(PROMPT, {"question": "Where is my parcel?"})


@scenario("invoke_workflow\n  chat gpt-5.4-mini ! FAILED\n  chat gpt-5.4-mini".replace("FAILED", CONNECTION_ERROR))
async def test_fallback_of_a_model(app: App) -> object:
    lost = app.model(base_url="http://127.0.0.1:1/v1")
    return await app.invoke(lost.with_fallbacks([app.model()]), "Where is my parcel?")


@scenario(
    "invoke_workflow ! FAILED\n  chat gpt-5.4-mini ! FAILED\n  chat gpt-5.4-mini ! FAILED".replace(
        "FAILED", CONNECTION_ERROR
    )
)
async def test_retry_of_a_model_in_vain(app: App) -> object:
    lost = app.model(base_url="http://127.0.0.1:1/v1")
    retried = lost.with_retry(wait_exponential_jitter=False, stop_after_attempt=2)
    return await app.invoke(retried, "Where is my parcel?")


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_retry_of_a_model_in_a_chain(app: App) -> object:
    return await app.invoke(RunnablePassthrough() | app.model().with_retry(), "Where is my parcel?")


@scenario("invoke_workflow ! LookupError\n  look ! LookupError")
async def test_branch_that_fails(app: App) -> object:
    def look(value: Any) -> Any:
        raise LookupError(value)

    return await app.invoke(RunnableParallel(a=RunnablePassthrough(), b=RunnableLambda(look)), "Where?")


@scenario("invoke_workflow\n  chat gpt-5.4-mini\n  chat gpt-5.4-mini\n  chat gpt-5.4-mini")
async def test_each_of_a_list(app: App) -> object:
    return await app.invoke(RunnablePassthrough() | app.model().map(), ["Where?", "When?", "Why?"])


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_assigned(app: App) -> object:
    return await app.invoke(RunnablePassthrough.assign(answer=PROMPT | app.model()), {"question": "Where?"})


@scenario("invoke_workflow\n  chat gpt-5.4-mini")
async def test_structured_output_with_the_answer_as_it_came(app: App) -> object:
    asked = app.model().with_structured_output(Order, include_raw=True, method="function_calling")
    return await app.invoke(asked, "Where is order 1042?")


@scenario("invoke_workflow\ninvoke_workflow ! ZeroDivisionError", unordered=True)
async def test_batch_with_failures_among_its_answers(app: App) -> object:
    divide = RunnableLambda(lambda value: 1 / value) | RunnablePassthrough()
    return await app.call(divide, "batch", [0, 1], return_exceptions=True)


@scenario("invoke_workflow gather\n  the app's\n    chat gpt-5.4-mini\n    chat gpt-5.4-mini", ways=WAYS[1:])
async def test_tasks_of_the_app(app: App) -> object:
    model = app.model()

    async def gather(question: str) -> Any:
        with app.span("the app's"):
            return await asyncio.gather(*(model.ainvoke(question) for _ in range(2)))

    return await app.invoke(RunnableLambda(gather).with_config(run_name="gather"), "Where?")


@scenario("invoke_workflow ask\n  the app's\n    chat gpt-5.4-mini", ways=WAYS[1:])
async def test_blocking_function_of_an_asynchronous_run(app: App) -> object:
    """LangChain runs it in an executor's thread."""
    model = app.model()

    def ask(question: str) -> Any:
        with app.span("the app's"):
            return model.invoke(question)

    return await app.invoke(RunnableLambda(ask).with_config(run_name="ask"), "Where?")


@scenario("invoke_workflow ! CancelledError\n  chat gpt-5.4-mini ! CancelledError", ways=WAYS[1:])
async def test_cancelled(app: App) -> object:
    return await app.cancelled((PROMPT | app.model(base_url=app.hanging)).ainvoke({"question": "Hm?"}), app.asked)


@scenario("invoke_workflow ! CancelledError\n  chat gpt-5.4-mini ! CancelledError", ways=WAYS[1:])
async def test_cancelled_stream(app: App) -> object:
    chain = PROMPT | app.model(base_url=app.hanging) | StrOutputParser()
    return await app.cancelled(app.stream(chain, {"question": "Hm?"}), app.asked)


@scenario("invoke_workflow\n  words\n    in the generator", ways=WAYS_WITH_CONTEXT)
async def test_span_of_the_app_in_a_generator(app: App) -> object:
    def words(chunks: Any) -> Any:
        with app.span("in the generator"):
            yield from chunks

    async def words_later(chunks: Any) -> Any:
        with app.span("in the generator"):
            async for chunk in chunks:
                yield chunk

    return await app.stream(RunnablePassthrough() | RunnableGenerator(words, words_later), "Hm?")
