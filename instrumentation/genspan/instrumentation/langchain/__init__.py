"""LangChain and LangGraph: chains, agents, models, embeddings, tools and retrievers."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from genspan.instrumentation.core import Bystander, LibraryInstrumentor, Options, Target

from .boundaries import Body, Boundary, Ending, Reading, Starting
from .chains import Steps
from .embeddings import Implementations

STEPS: Final = "GENSPAN_LANGCHAIN_STEPS"

_CHAT = "langchain_core.language_models.chat_models"
_LLM = "langchain_core.language_models.llms"
_MANAGERS = "langchain_core.callbacks.manager"
_RUNNABLES = "langchain_core.runnables"

_ONE = Boundary()
_SEVERAL = Boundary(several=True)
_MODEL = Body("run_manager")
_MODELS = Body("run_managers")

TARGETS = (
    # Generators: between two chunks, the consumer's context is the consumer's.
    Target("langgraph.pregel", "Pregel.stream", _ONE),
    Target("langgraph.pregel", "Pregel.astream", _ONE),
    Target(_CHAT, "BaseChatModel.stream", _ONE),
    Target(_CHAT, "BaseChatModel.astream", _ONE),
    Target(_LLM, "BaseLLM.stream", _ONE),
    Target(_LLM, "BaseLLM.astream", _ONE),
    Target(f"{_RUNNABLES}.base", "Runnable._transform_stream_with_config", _ONE),
    Target(f"{_RUNNABLES}.base", "Runnable._atransform_stream_with_config", _ONE),
    Target(f"{_RUNNABLES}.branch", "RunnableBranch.stream", _ONE),
    Target(f"{_RUNNABLES}.branch", "RunnableBranch.astream", _ONE),
    Target(f"{_RUNNABLES}.fallbacks", "RunnableWithFallbacks.stream", _ONE),
    Target(f"{_RUNNABLES}.fallbacks", "RunnableWithFallbacks.astream", _ONE),
    Target("langchain.agents.agent", "AgentExecutor.stream", _ONE),
    Target("langchain.agents.agent", "AgentExecutor.astream", _ONE),
    Target("langchain_classic.agents.agent", "AgentExecutor.stream", _ONE),
    Target("langchain_classic.agents.agent", "AgentExecutor.astream", _ONE),
    # The run goes on in a task, which is cancelled when the app stops reading.
    Target(f"{_RUNNABLES}.base", "Runnable.astream_events", Reading()),
    # No end callback after a cancellation.
    Target("langchain_core.tools.base", "BaseTool.run", _ONE),
    Target("langchain_core.tools.base", "BaseTool.arun", _ONE),
    Target("langchain_core.retrievers", "BaseRetriever.invoke", _ONE),
    Target("langchain_core.retrievers", "BaseRetriever.ainvoke", _ONE),
    # Where the asynchronous managers call the handlers in another task than the run's.
    Target(_MANAGERS, "AsyncCallbackManager.on_chat_model_start", Starting()),
    Target(_MANAGERS, "AsyncCallbackManager.on_llm_start", Starting()),
    Target(_MANAGERS, "AsyncCallbackManagerForChainRun.on_chain_end", Ending()),
    Target(_MANAGERS, "AsyncCallbackManagerForChainRun.on_chain_error", Ending()),
    # Many runs side by side; and the work of each.
    Target(f"{_RUNNABLES}.base", "Runnable._batch_with_config", _SEVERAL),
    Target(f"{_RUNNABLES}.base", "Runnable._abatch_with_config", _SEVERAL),
    Target(f"{_RUNNABLES}.base", "RunnableSequence.batch", _SEVERAL),
    Target(f"{_RUNNABLES}.base", "RunnableSequence.abatch", _SEVERAL),
    Target(f"{_RUNNABLES}.fallbacks", "RunnableWithFallbacks.batch", _SEVERAL),
    Target(f"{_RUNNABLES}.fallbacks", "RunnableWithFallbacks.abatch", _SEVERAL),
    Target(_CHAT, "BaseChatModel.generate", _SEVERAL),
    Target(_CHAT, "BaseChatModel.agenerate", _SEVERAL),
    Target(_CHAT, "BaseChatModel._generate_with_cache", _MODEL),
    Target(_CHAT, "BaseChatModel._agenerate_with_cache", _MODEL),
    Target(_CHAT, "BaseChatModel._iter_v2_events", _MODEL),
    Target(_CHAT, "BaseChatModel._aiter_v2_events", _MODEL),
    Target(_LLM, "BaseLLM.generate", _SEVERAL),
    Target(_LLM, "BaseLLM.agenerate", _SEVERAL),
    Target(_LLM, "BaseLLM._generate_helper", _MODELS),
    Target(_LLM, "BaseLLM._agenerate_helper", _MODELS),
)

_logger = logging.getLogger("genspan.instrumentation")


@dataclass(frozen=True)
class LangChainOptions(Options):
    """What a configuration file may say of this instrumentor."""

    steps: Steps | None = None
    """Which chains inside a workflow or an agent get a span of their own (default: the environment's)."""


class LangChainInstrumentor(LibraryInstrumentor):
    """Records runs of LangChain and LangGraph.

    `instrument` takes one option more: `steps`, a `Steps` or its value, says which chains inside a workflow or an agent
    get a span of their own (default: that of `GENSPAN_LANGCHAIN_STEPS`, else the named ones).
    """

    requirement = "langchain-core >= 0.3"
    targets = TARGETS
    bystanders = (Bystander.autologging("langchain"),)
    configuration = LangChainOptions

    _hook: _Everywhere | None = None
    _embeddings: Implementations | None = None

    def _instrument(self, **kwargs: Any) -> None:
        self._steps = _steps(kwargs.get("steps"))
        super()._instrument(**kwargs)
        self._when_imported("langchain_core.tracers.context", self._register)
        self._when_imported("langchain_core.embeddings.embeddings", self._cover)

    def _register(self, module: ModuleType) -> None:
        if self._telemetry is None or self._hook is not None or not self._supported:
            return
        from .handler import Handler

        self._hook = _Everywhere(Handler(self._telemetry, self._steps))
        module.register_configure_hook(self._hook, inheritable=True)
        self._hooks: list[Any] = module._configure_hooks

    def _cover(self, module: ModuleType) -> None:
        if self._embeddings is not None or not self._supported:
            return
        self._embeddings = Implementations(module.Embeddings, lambda: self._telemetry)

    def _uninstrument(self, **kwargs: Any) -> None:
        super()._uninstrument(**kwargs)
        if self._embeddings is not None:
            self._embeddings.release()
            self._embeddings = None
        if self._hook is not None:
            self._hook.handler.stop()
            self._hooks[:] = [hook for hook in self._hooks if hook[0] is not self._hook]
            self._hook = None


class _Everywhere:
    """Stands where LangChain takes a context variable that holds a handler: here it is the same in every context."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler

    def get(self) -> Any:
        return self.handler


def _steps(value: Steps | str | None) -> Steps:
    """The value given, else the environment's, else the default."""
    if isinstance(value, Steps):
        return value
    text = (os.environ.get(STEPS, "") if value is None else value).strip().lower()
    try:
        return Steps(text or "named")
    except ValueError:
        _logger.warning("%s is %r: set one of %s.", STEPS, text, ", ".join(steps.value for steps in Steps))
        return Steps.NAMED


__all__ = ["LangChainInstrumentor", "Steps"]
