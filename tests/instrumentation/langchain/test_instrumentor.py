"""Switched on and off: what is installed goes again, and off means free."""

from __future__ import annotations

import copy
import inspect
import logging
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextvars import copy_context
from importlib import import_module
from typing import Any

import langchain_core
import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from genspan.instrumentation.core import guard
from genspan.instrumentation.langchain import TARGETS, LangChainInstrumentor, recording
from genspan.instrumentation.langchain import runs as runs_module
from genspan.instrumentation.langchain.runs import RUNS
from support.telemetry import InMemoryTelemetry, instrumented

CONTENT = ("gen_ai.input.messages", "gen_ai.output.messages")


@pytest.fixture
def telemetry() -> Iterator[InMemoryTelemetry]:
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry(), capture="SPAN_ONLY") as telemetry:
        yield telemetry


def model() -> FakeListChatModel:
    return FakeListChatModel(responses=["Here."])


def installed() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for target in TARGETS:
        if "agents" in target.module:
            continue  # langchain 0.x and langchain-classic
        owner: Any = import_module(target.module)
        *path, name = target.name.split(".")
        for part in path:
            owner = getattr(owner, part, None)
        found[f"{target.module}:{target.name}"] = vars(owner).get(name) if owner is not None else None
    return found


def test_uninstrumenting_leaves_nothing_behind() -> None:
    before = installed()
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()):
        within = installed()
        assert all(within[place] is not before[place] for place in before if before[place] is not None)
    assert installed() == before


def test_every_target_is_in_this_version_of_the_libraries() -> None:
    missing = {place.rpartition(".")[2] for place, found in installed().items() if found is None}
    version = tuple(map(int, langchain_core.__version__.split(".")[:2]))
    assert missing <= (set() if version >= (1, 7) else {"_iter_v2_events", "_aiter_v2_events", "on_stream_event"})


def test_uninstrumented_in_the_middle_of_a_run() -> None:
    before = installed()

    def stop(value: Any) -> Any:
        LangChainInstrumentor().uninstrument()
        return model().invoke(value)

    with instrumented(LangChainInstrumentor(), InMemoryTelemetry(), capture="SPAN_ONLY") as telemetry:
        assert RunnableLambda(stop).with_config(run_name="stop").invoke("Hm?").content == "Here."
        assert [span.name for span in telemetry.spans] == ["invoke_workflow stop"]
        assert not trace.get_current_span().get_span_context().is_valid
        assert len(RUNS) == 0
        assert installed() == before


def test_instrumented_anew_in_the_middle_of_a_run() -> None:
    before = installed()

    def again(value: Any) -> Any:
        LangChainInstrumentor().uninstrument()
        LangChainInstrumentor().instrument(tracer_provider=telemetry.tracer_provider)
        return model().invoke(value)

    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()) as telemetry:
        RunnableLambda(again).with_config(run_name="again").invoke("Hm?")
        assert [span.name for span in telemetry.spans] == ["chat", "invoke_workflow again"]
    assert installed() == before


def test_suppressed(telemetry: InMemoryTelemetry) -> None:
    with suppress_instrumentation():
        (RunnableLambda(lambda value: value) | model()).invoke("Hm?")
        list(model().stream("Hm?"))
    assert telemetry.spans == []
    assert len(RUNS) == 0


def test_sampled_out() -> None:
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry(ALWAYS_OFF), capture="SPAN_ONLY") as telemetry:
        sampled: list[bool] = []

        def look(value: Any) -> Any:
            sampled.append(trace.get_current_span().get_span_context().trace_flags.sampled)
            return value

        RunnableLambda(look).invoke("Hm?")
    assert sampled == [False]
    assert telemetry.spans == []


def test_content_is_not_captured_unless_asked_for() -> None:
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()) as telemetry:
        model().invoke("Hm?")
    assert not set(CONTENT) & set(telemetry.span.attributes or {})


def test_generators_stay_generators(telemetry: InMemoryTelemetry) -> None:
    stream = model().stream("Hm?")
    assert inspect.isgenerator(stream)
    assert inspect.isasyncgen(model().astream("Hm?"))
    assert inspect.iscoroutinefunction(model().agenerate)
    assert stream.__name__ == "stream"
    assert telemetry.spans == []
    assert len(RUNS) == 0, "nothing starts before the first chunk is asked for"
    stream.close()


def test_exception_thrown_into_a_stream(telemetry: InMemoryTelemetry) -> None:
    stream = model().stream("Hm?")
    next(stream)
    with pytest.raises(ZeroDivisionError):
        stream.throw(ZeroDivisionError())
    assert (telemetry.span.attributes or {})["error.type"] == "ZeroDivisionError"


def test_callbacks_of_the_app_are_told_the_same(telemetry: InMemoryTelemetry) -> None:
    class Listener(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            self.heard.append(f"start {kwargs['name']}")

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            self.heard.append("model")

        def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
            self.heard.append("end")

    listener = Listener()
    handlers: list[BaseCallbackHandler] = [listener]
    (RunnableLambda(lambda value: value) | model()).invoke("Hm?", {"callbacks": handlers})
    assert listener.heard == ["start RunnableSequence", "start RunnableLambda", "end", "model", "end"]
    assert handlers == [listener]


def test_a_copied_config_tells_of_a_run_once(telemetry: InMemoryTelemetry) -> None:
    def copied(value: Any, config: Any) -> Any:
        return model().invoke(value, {"callbacks": copy.deepcopy(config["callbacks"])})

    RunnableLambda(copied).with_config(run_name="copied").invoke("Hm?")
    assert [span.name for span in telemetry.spans] == ["chat", "invoke_workflow copied"]


def test_a_run_that_two_managers_tell_of_is_recorded_once(telemetry: InMemoryTelemetry) -> None:
    """LangGraph (1.2) does so where tracers are given another payload than other handlers."""
    real, tracers = CallbackManager.configure(), CallbackManager.configure()
    run = real.on_chain_start(None, "Hm?", name="split")
    again = tracers.on_chain_start(None, "...", name="split", run_id=run.run_id)
    again.on_chain_end("...")
    run.on_chain_end("Here.")
    assert [span.name for span in telemetry.spans] == ["invoke_workflow split"]
    assert not trace.get_current_span().get_span_context().is_valid
    assert len(RUNS) == 0


def test_conversation_is_that_of_the_config(telemetry: InMemoryTelemetry) -> None:
    @tool
    def look(what: str) -> str:
        """Look."""
        return what

    chain = RunnableLambda(lambda value: look.invoke({"what": value})).with_config(run_name="looking")
    chain.invoke("here", {"metadata": {"session_id": "s-1"}})
    assert {(span.attributes or {})["gen_ai.conversation.id"] for span in telemetry.spans} == {"s-1"}


def test_conversation_is_that_of_the_configurable(telemetry: InMemoryTelemetry) -> None:
    """The chain's own, though its start is not told; another's inside is not the chain's."""
    config = {"configurable": {"thread_id": "t-1"}}
    own = RunnableLambda(lambda value: model().invoke(value)).with_config(run_name="own")
    others = RunnableLambda(lambda value: own.invoke(value, config)).with_config(run_name="others")
    own.invoke("Hm?", config)
    others.invoke("Hm?")
    found = [(span.name, (span.attributes or {}).get("gen_ai.conversation.id")) for span in telemetry.spans]
    assert found == [
        ("chat", "t-1"),
        ("invoke_workflow own", "t-1"),
        ("chat", "t-1"),
        ("own", None),
        ("invoke_workflow others", None),
    ]


def test_runs_that_never_end_are_let_go(telemetry: InMemoryTelemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    def start_and_end_late() -> None:
        managers = [CallbackManager.configure().on_tool_start({"name": "forgotten"}, "{}") for _ in range(5)]
        assert len(RUNS) == 3
        assert len(telemetry.spans) == 2
        for manager in reversed(managers):
            manager.on_tool_end("found again")

    monkeypatch.setattr(runs_module, "_MOST", 3)
    # What was let go does not restore the context any more, so the test has one of its own.
    copy_context().run(start_and_end_late)
    assert len(RUNS) == 0
    assert len(telemetry.spans) == 5


def test_faults_of_ours_are_logged_once_and_change_nothing(
    telemetry: InMemoryTelemetry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard._reported.clear()

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(recording, "place_in", broken)
    for _ in range(2):
        assert model().invoke("Hm?").content == "Here."
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("genspan.instrumentation", logging.WARNING)
    ]
    guard._reported.clear()


@pytest.mark.parametrize("value", ["rubbish", "named"])
def test_steps_of_the_environment(
    value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GENSPAN_LANGCHAIN_STEPS", value)
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()) as telemetry:
        (RunnableLambda(lambda value: value).with_config(run_name="step") | model()).invoke("Hm?")
    assert [span.name for span in telemetry.spans] == ["step", "chat", "invoke_workflow"]
    assert [record.getMessage() for record in caplog.records] == (
        ["GENSPAN_LANGCHAIN_STEPS is 'rubbish': set one of none, named, all."] if value == "rubbish" else []
    )


def test_installed_before_the_app_imports_langchain() -> None:
    app = """
        import sys
        from genspan.instrumentation.langchain import LangChainInstrumentor
        from support.telemetry import InMemoryTelemetry, instrumented
        assert not any(name.startswith("lang") for name in sys.modules)
        with instrumented(LangChainInstrumentor(), InMemoryTelemetry()) as telemetry:
            assert not any(name.startswith("lang") for name in sys.modules)
            from langchain_core.language_models import FakeListChatModel
            from langchain_core.runnables import RunnableLambda
            (RunnableLambda(lambda value: value) | FakeListChatModel(responses=["Here."])).invoke("Hm?")
            print([span.name for span in telemetry.spans])
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(app)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert ran.stderr == ""
    assert ran.stdout.strip() == "['chat', 'invoke_workflow']"
