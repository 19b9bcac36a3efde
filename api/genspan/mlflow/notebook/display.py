"""Traces under the notebook cell that made them.

Outside a notebook nothing here costs anything: IPython is never imported, only found where it runs already.
"""

from __future__ import annotations

import contextvars
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from genspan.mlflow.entities import Trace

MAX_TRACES: Final = "MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK"
"""How many traces are shown under one cell, the first ones; MLflow's variable, with MLflow's default."""
_MAX_TRACES: Final = 10

_LATE: Final = 0.1
"""Seconds after which a trace is read whose cell has run already: by then its root is with all who are told of it."""
_PATIENCE: Final = 5.0
"""Seconds after which no more traces of a cell are read: a store may be slow, and the next cell waits."""

_logger = logging.getLogger(__name__)


def trace_ended(trace_id: str, read: Callable[[], Trace | None]) -> None:
    """Shows a trace under the cell that made it, once, after the cell has run; soon, where it has run already.

    `read` gives the trace, or None where there is none to show. It is called once at most, later, on the thread that
    runs the cells. Never raises; does nothing outside a notebook.
    """
    if _state.enabled and "IPython" in sys.modules:
        try:
            notebook = _running_notebook()
            if notebook:
                notebook.trace_ended(trace_id, read)
        except Exception:
            _logger.debug("The trace %s is not shown", trace_id, exc_info=True)


def show(traces: Iterable[Trace]) -> None:
    """Shows traces that were read back, as `trace_ended` does."""
    for trace in traces:
        trace_ended(trace.info.trace_id, lambda trace=trace: trace)  # type: ignore[misc]


def enabled() -> bool:
    """Whether traces are shown in notebooks."""
    return _state.enabled


def enable() -> None:
    """Shows traces under the cells that make them, as is done unless `disable` was called."""
    _state.enabled = True


def disable() -> None:
    """Shows no trace any more, neither under cells nor as a cell's result."""
    _state.enabled = False
    if _state.notebook:
        _state.notebook.forget()


def _running_notebook() -> _Notebook | None:
    """The notebook whose kernel this process is. None in a terminal's IPython, which has no HTML to show."""
    shell = sys.modules["IPython"].get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    with _state.lock:
        if _state.notebook is None or _state.notebook.shell is not shell:
            _state.notebook = _Notebook(shell)
            shell.events.register("post_run_cell", _state.notebook.cell_has_run)
        return _state.notebook


class _State:
    """What holds for the process."""

    def __init__(self) -> None:
        self.enabled = True
        self.notebook: _Notebook | None = None
        self.lock = threading.Lock()


_state = _State()


class _Notebook:
    """What the cells of one kernel have still to show."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self._lock = threading.Lock()
        self._waiting: dict[str, Callable[[], Trace | None]] = {}
        self._ended: set[str] = set()
        """Ids of the traces that the running cell has ended, with those beyond what is shown."""
        self._room: dict[str, int] = {}
        """For each cell that has run, how many more traces it may show."""

    def trace_ended(self, trace_id: str, read: Callable[[], Trace | None]) -> None:
        cell = self._cell()
        with self._lock:
            if cell not in self._room:
                self._ended.add(trace_id)
                if trace_id in self._waiting or len(self._waiting) < _max_traces():
                    self._waiting[trace_id] = read
                return
            if self._room[cell] <= 0:
                return
            self._room[cell] -= 1
        # The context says which cell a message belongs to.
        show = partial(contextvars.copy_context().run, self._show_late, read)
        loop = self.shell.kernel.io_loop
        loop.add_callback(loop.call_later, _LATE, show)

    def cell_has_run(self, result: Any) -> None:
        """IPython's `post_run_cell`: shows what waits, but for a trace that is the cell's own result."""
        try:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
                more, self._ended = len(self._ended) - len(waiting), set()
                self._room[self._cell()] = _max_traces() - len(waiting)
            waiting.pop(_trace_id_of(getattr(result, "result", None)), None)
            self._show(waiting.values(), more)
        except Exception:
            # IPython would print it under the user's cell.
            _logger.debug("Traces are not shown", exc_info=True)

    def forget(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._ended.clear()

    def _cell(self) -> str:
        """Id of the request that the cell was run by: of this task's cell, in a thread of the latest cell."""
        header = self.shell.get_parent().get("header") or {}
        return str(header.get("msg_id"))

    def _show_late(self, read: Callable[[], Trace | None]) -> None:
        try:
            self._show([read], 0)
        except Exception:
            _logger.debug("A trace is not shown", exc_info=True)

    def _show(self, reads: Iterable[Callable[[], Trace | None]], more: int) -> None:
        until = time.monotonic() + _PATIENCE
        traces = []
        for read in reads:
            if time.monotonic() > until:
                more += 1
            elif (trace := _read(read)) is not None:
                traces.append(trace)
        if not traces or not _state.enabled:
            return
        from genspan.mlflow.notebook import html_of

        text = repr(traces[0] if len(traces) == 1 else traces)
        # Through the shell, as IPython.display.display does.
        self.shell.display_pub.publish({"text/plain": text, "text/html": html_of(traces, more=more)})


def _trace_id_of(value: Any) -> str:
    """The id of a trace, which shows itself where it is a cell's result; empty for any other value."""
    from genspan.mlflow.entities import Trace

    return value.info.trace_id if isinstance(value, Trace) else ""


def _read(read: Callable[[], Trace | None]) -> Trace | None:
    try:
        return read()
    except Exception:
        _logger.debug("A trace cannot be read", exc_info=True)
        return None


def _max_traces() -> int:
    try:
        return max(int(os.environ[MAX_TRACES]), 0)
    except (KeyError, ValueError):
        return _MAX_TRACES
