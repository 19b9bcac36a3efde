"""The runs of LangChain that are under way, and what each makes current for the code that runs inside it.

LangChain's callbacks name a run by its id and its parent's. A `Run` holds what we know of one from its start callback
to its end. `RUNS` is all state there is; a run that has ended has left it.
"""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry.context import Context, create_key

from genspan.instrumentation.core import Method, Operation
from genspan.instrumentation.core.recorder import conclude

from .chains import Steps
from .kind import Kind, Role

_INNERMOST: Final = create_key("genspan-langchain")
"""The run, or the scope of one that has yet to start, that the code runs in."""
_READER: Final = create_key("genspan-langchain-reader")

_LOSES_CONFIG: Final = sys.version_info < (3, 11)
"""There a task cannot be given its context. LangGraph (1.2) then runs a node without its config, so that what the node
runs is said to be inside whatever the graph is inside."""
_GRAPHS: Final = frozenset({Role.AGENT, Role.GRAPH})

_MOST: Final = 50_000
"""Runs kept at once. Those of a runnable that never says that its run is over are let go from there on."""


class Run:
    """One run: of a chain, a model, a tool or a retriever. Most chains are not recorded: they have no operation."""

    ended = False

    def __init__(
        self,
        identifier: UUID,
        parent: UUID | None,
        kind: Kind,
        outer: Context,
        operation: Operation | None,
    ) -> None:
        self.id = identifier
        self.parent = parent
        """The id of the run around it, as LangChain has it."""
        self.kind = kind
        self.method = kind.records if isinstance(kind.records, Method) else None
        """How to read what the run gives back, where it is an operation of the conventions."""
        self.operation = operation
        self.conversation: str | None = None
        """`gen_ai.conversation.id`, where its metadata or its config has one."""
        self._outer = outer
        self.context = Context(outer if operation is None else operation.context, **{_INNERMOST: self})
        """The context for what runs inside."""

    def enter(self, current: Context) -> None:
        """Makes the run the current one, for the code that LangChain calls next in this frame, thread or task.

        `current` is the context there.
        """
        self._outer = current
        otel_context.attach(self.context)

    def leave(self) -> None:
        """Undoes `enter`; nothing where another run or none is current, as in another task than the one entered in.

        The context of before is set anew, for the token of `enter` is worth nothing in another `contextvars.Context`,
        and the end callback may be called in one.
        """
        if _run_in(otel_context.get_current()) is self:
            otel_context.attach(self._outer)

    def end(self, error: BaseException | None = None, result: Any = None) -> None:
        """Ends what was recorded: failed where there is an error. A second end changes nothing."""
        if error is not None and (_is_no_failure(error) or self._is_left(error)):
            error = None
        self.ended = True
        RUNS.drop(self)
        # Its own context holds the run. Without this, only the garbage collector could let go of the two.
        self.context = self._outer
        operation = self.operation
        if operation is None:
            return
        if self.method is not None:
            conclude(operation, self.method, result, error)
        elif error is None:
            operation.finish()
        else:
            operation.fail(error)

    def _is_left(self, error: BaseException) -> bool:
        """Whether the run was cancelled for the reason alone that nobody reads its events any more."""
        reader: Any = self.context.get(_READER)
        return isinstance(error, CancelledError) and reader is not None and reader.left


def _is_no_failure(error: BaseException) -> bool:
    """The app wants no more of a stream, or LangGraph uses an exception to interrupt a graph or to leave it."""
    return isinstance(error, GeneratorExit) or any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__)


class _Runs:
    """The runs under way, by id."""

    steps = Steps.NAMED
    """Which chains inside others get a span of their own."""

    def __init__(self) -> None:
        self._open: dict[UUID | None, Run] = {}
        self.get: Final[Callable[[UUID | None], Run | None]] = self._open.get
        """The run of an id, None where it is over or was never seen."""
        self._when_none: Callable[[], object] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def add(self, run: Run) -> None:
        """Takes a run that has started."""
        self._open[run.id] = run
        if len(self._open) > _MOST:
            next(iter(self._open.copy().values())).end()

    def drop(self, run: Run) -> None:
        """Lets go of a run."""
        self._open.pop(run.id, None)
        if self._when_none is not None and not self._open:
            self.forget()

    def when_none(self, call: Callable[[], object]) -> None:
        """Calls it as soon as no run is under way."""
        self._when_none = call
        if not self._open:
            self.forget()

    def forget(self) -> None:
        """Waits for no run any longer: calls what `when_none` was given."""
        call, self._when_none = self._when_none, None
        if call is not None:
            call()


RUNS: Final = _Runs()

Place = tuple["Scope | None", "Run | None", Context]
"""Where a run starts: the scope that it belongs to, the run inside which it starts, and the context."""


def place_in(current: Context, parent: UUID | None) -> Place:
    """Where a run starts, in the context `current`, whose parent is said to be `parent`.

    Where that is nobody we know, it is the one whose context is current: an app may start a chain in a tool with a
    config of its own, and LangSmith names spans of its own. Where LangGraph loses its config, it is that one as well.

    Its context is the current one where that was made by the parent run, for the app may have opened a span of its own
    since; and for a run without a parent. Else, as in a thread that has not been given any context, the parent's.
    """
    innermost: Any = current.get(_INNERMOST)
    scope = innermost if isinstance(innermost, Scope) else None
    here: Run | None = innermost if scope is None else scope.around
    known = RUNS.get(parent)
    if here is not None and not here.ended and (known is None or (_LOSES_CONFIG and _runs_a_graph(known, here))):
        known = here
    return (
        scope if scope is not None and scope.adopts(parent) else None,
        known,
        current if known is None or here is known else known.context,
    )


def _runs_a_graph(outer: Run, here: Run) -> bool:
    """Whether `here` is part of a graph, or is one, that runs inside `outer`."""
    run: Run | None = here
    graph = False
    while run is not None and run is not outer:
        graph = graph or run.kind.role in _GRAPHS
        run = RUNS.get(run.parent)
    return graph and run is outer


def _run_in(context: Context) -> Run | None:
    """The run that is current there."""
    innermost: Any = context.get(_INNERMOST)
    return innermost.around if isinstance(innermost, Scope) else innermost


class Reader:
    """One call of a method that gives events about a run: it knows whether the app still reads them."""

    def __init__(self) -> None:
        self.left = False

    def context(self, outer: Context) -> Context:
        """The context for the method's frame, which the task of the run inherits."""
        return Context(outer, **{_READER: self})

    def leave(self) -> None:
        """The app reads no more."""
        self.left = True

    def end(self, error: BaseException | None = None) -> None:
        """Nothing: the run ends by its callback."""


class Scope:
    """One call of a method in which runs start: it knows its runs, and ends those that LangChain leaves open."""

    def __init__(self, instance: Any, several: bool) -> None:
        self.instance = instance
        """What the method is bound to: the runnable whose run starts here."""
        self.several = several
        """Many runs start here, side by side. None of them is made the current one by its start."""
        self.around: Run | None = None
        """The run that the method is called in."""
        self._runs: list[Run] = []
        self._adopted = False

    def context(self, outer: Context) -> Context:
        """The context for the method's frame."""
        self.around = _run_in(outer)
        return Context(outer, **{_INNERMOST: self})

    def adopts(self, parent: UUID | None) -> bool:
        """Whether the run that starts now, inside the run `parent`, is one of the method's own."""
        if not self._adopted:
            return True
        return self.several and bool(self._runs) and self._runs[0].parent == parent

    def leave(self) -> None:
        """Nothing: the method's generator is closed, and its runs see that themselves."""

    def add(self, run: Run) -> None:
        """Takes a run as one of the method's own."""
        self._adopted = True
        self._runs.append(run)

    def end(self, error: BaseException | None = None) -> None:
        """The method is over: so are its runs."""
        for run in self._runs:
            if not run.ended:
                run.end(error)
        self._runs.clear()
