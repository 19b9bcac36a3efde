"""LangChain's callback managers say when a run starts, when something of it comes, and when it ends.

They are wrapped, where a callback handler could be registered: the managers say it in the frame that the run goes on
in, while handlers may be called in another task. And in each run LangChain takes its time for every handler that there
is, whatever that does.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from genspan.instrumentation.core import Active, Surrounding, Target, Telemetry, Wrapper, guarded
from genspan.instrumentation.core.reading import field

from . import recording
from .kind import Kind, Role
from .models import CHAT, TEXT_COMPLETION
from .retrieval import RETRIEVAL
from .runs import RUNS, Run
from .tools import TOOL


@dataclass(frozen=True, slots=True)
class Starts:
    """A manager's method that says that a run starts, or several side by side, and returns a manager for each."""

    asked: str
    """The second argument, beside `serialized`: what the run is to work on. For several runs, what each is."""
    kind: Kind | None = None
    """What the runs are; None for chains, which are many things."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """What wrapt calls in place of the method."""
        asynchronous = inspect.iscoroutinefunction(original)

        def wrapped_call(
            wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Any:
            returned = wrapped(*args, **kwargs)
            telemetry = active()
            if telemetry is None or not telemetry.heard:
                return returned
            if asynchronous:
                return self._awaited(returned, telemetry, args, kwargs)
            guarded(self._start, telemetry, returned, args, kwargs)
            return returned

        return wrapped_call

    async def _awaited(
        self, pending: Awaitable[Any], telemetry: Telemetry, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        returned = await pending
        guarded(self._start, telemetry, returned, args, kwargs)
        return returned

    def _start(self, telemetry: Telemetry, returned: Any, args: tuple[Any, ...], arguments: dict[str, Any]) -> None:
        # The method had the arguments by name from another dict.
        arguments.update(zip(("serialized", self.asked), args, strict=False))
        if isinstance(returned, list):
            for manager, asked in zip(returned, arguments[self.asked], strict=True):
                recording.start(telemetry, self.kind, manager, {**arguments, self.asked: [asked]})
        else:
            recording.start(telemetry, self.kind, returned, arguments)


@dataclass(frozen=True, slots=True)
class Happens:
    """A run manager's method that says something of its run: that it is over, say.

    It is heard while uninstrumented, too, for runs that were under way before.
    """

    takes: Callable[[Run, Any, dict[str, Any]], None]
    """Records it, from the run, the first argument and those by name."""
    first: str
    """The name of the first argument."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """What wrapt calls in place of the method."""

        def wrapped_call(
            wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Any:
            run = RUNS.get(instance.run_id)
            if run is not None:
                guarded(self.takes, run, args[0] if args else kwargs.get(self.first), kwargs)
            return wrapped(*args, **kwargs)

        return wrapped_call


def _end(run: Run, result: Any, rest: dict[str, Any]) -> None:
    inputs = rest.get("inputs")
    if inputs is not None:
        # Of a chain whose input is a stream, which knows it only now.
        recording.late_request(run, {"inputs": inputs})
    run.leave()
    run.end(None, result)


def _fail(run: Run, error: BaseException, rest: dict[str, Any]) -> None:
    run.leave()
    run.end(error, rest.get("response"))


def _token(run: Run, token: Any, rest: dict[str, Any]) -> None:
    mark_of_the_end = token == "" and field(field(rest.get("chunk"), "message"), "chunk_position") == "last"
    if not mark_of_the_end:
        recording.chunk(run)


def _event(run: Run, event: Any, rest: dict[str, Any]) -> None:
    if field(event, "event") == "content-block-delta":
        recording.chunk(run)


_MANAGERS: Final = "langchain_core.callbacks.manager"
_OF_ALL: Final[dict[str, Surrounding]] = {
    "on_chain_start": Starts("inputs"),
    "on_chat_model_start": Starts("messages", Kind(Role.OTHER, CHAT)),
    "on_llm_start": Starts("prompts", Kind(Role.OTHER, TEXT_COMPLETION)),
    "on_tool_start": Starts("input_str", Kind(Role.OTHER, TOOL)),
    "on_retriever_start": Starts("query", Kind(Role.OTHER, RETRIEVAL)),
}
_OF_ONE: Final[dict[str, dict[str, Surrounding]]] = {
    "Chain": {"on_chain_end": Happens(_end, "outputs"), "on_chain_error": Happens(_fail, "error")},
    "LLM": {
        "on_llm_new_token": Happens(_token, "token"),
        # An event of `stream_events(version="v3")`.
        "on_stream_event": Happens(_event, "event"),
        "on_llm_end": Happens(_end, "response"),
        "on_llm_error": Happens(_fail, "error"),
    },
    "Tool": {"on_tool_end": Happens(_end, "output"), "on_tool_error": Happens(_fail, "error")},
    "Retriever": {"on_retriever_end": Happens(_end, "documents"), "on_retriever_error": Happens(_fail, "error")},
}
CALLBACKS: Final = tuple(
    Target(_MANAGERS, f"{prefix}{manager}.{name}", does)
    for prefix in ("", "Async")
    for manager, methods in (
        ("CallbackManager", _OF_ALL),
        *((f"CallbackManagerFor{kind}Run", methods) for kind, methods in _OF_ONE.items()),
    )
    for name, does in methods.items()
)
