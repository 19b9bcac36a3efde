"""LangChain and LangGraph: chains, agents, models, embeddings, tools and retrievers."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from genspan.instrumentation.core import Bystander, LibraryInstrumentor, Options, Target

from .boundaries import Body, Boundary, Reading
from .callbacks import CALLBACKS
from .chains import Steps
from .embeddings import Implementations
from .runs import RUNS

STEPS: Final = "GENSPAN_LANGCHAIN_STEPS"

_CHAT = "langchain_core.language_models.chat_models"
_LLM = "langchain_core.language_models.llms"
_RUNNABLES = "langchain_core.runnables"

_ONE = Boundary()
_SEVERAL = Boundary(several=True)
_MODEL = Body("run_manager")
_MODELS = Body("run_managers")

TARGETS = (
    *CALLBACKS,
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

    _embeddings: Implementations | None = None

    def _instrument(self, **kwargs: Any) -> None:
        RUNS.forget()
        RUNS.steps = _steps(kwargs.get("steps"))
        super()._instrument(**kwargs)
        self._when_imported("langchain_core.embeddings.embeddings", self._cover)

    def _cover(self, module: ModuleType) -> None:
        if self._embeddings is not None or not self._supported:
            return
        self._embeddings = Implementations(module.Embeddings, lambda: self._telemetry)

    def _uninstrument(self, **kwargs: Any) -> None:
        self._telemetry = None
        if self._embeddings is not None:
            self._embeddings.release()
            self._embeddings = None
        # No run starts from here on. Those under way are to be told of their end.
        RUNS.when_none(super()._uninstrument)


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
