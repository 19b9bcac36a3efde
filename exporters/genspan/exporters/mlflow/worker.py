"""A thread that does what it is given, one thing after another, so that whoever gave it need not wait for the end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from genspan.exporters.mlflow.untraced import untraced

Result = TypeVar("Result")

Call = Callable[[], None]
_END: Final[Call] = lambda: None  # noqa: E731 - told apart by its identity


class Worker:
    """Calls functions on one daemon thread, and `tend` whenever there is none to call.

    `tend` does a piece of what is due and returns the seconds until it wants to be called again; None, not before
    another call has been made. The thread never keeps a program from ending, whatever it hangs in.
    """

    def __init__(self, tend: Callable[[], float | None], name: str) -> None:
        self._tend = tend
        self._name = name
        self.begin()

    def begin(self) -> None:
        """Starts the thread; anew in a forked child, which has the parent's calls but not its thread."""
        self.lock = threading.Lock()
        """Held while something is being done. Who holds it keeps the thread from beginning the next thing."""
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._busy_since: float | None = None
        # At once, since Python 3.12 starts no more threads once the program ends, which is when short ones export.
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
            self._is_running = True
        except RuntimeError:
            self._is_running = False

    def submit(self, function: Callable[[], Result]) -> Future[Result]:
        """Has `function` called; what it returns or raises is the future's. It may be cancelled until it begins."""
        future: Future[Result] = Future()
        call = _call(function, future)
        if self._is_running:
            self._calls.put(call)
        else:
            call()
        return future

    def wake(self) -> None:
        """Has `tend` called soon."""
        if self._is_running:
            self._calls.put(_nothing)

    def busy_for(self) -> float:
        """Seconds since the present call began, or last showed that it goes on; 0 where there is none."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def goes_on(self) -> None:
        """For a call that takes long to say that it has come further."""
        self._busy_since = time.monotonic()

    def end(self) -> None:
        """Ends the thread when what it has been given is done. What is submitted later is done by the submitter."""
        if self._is_running:
            self._is_running = False
            self._calls.put(_END)

    def _run(self) -> None:
        pause: float | None = None
        with untraced():
            while (call := self._next(pause)) is not _END:
                pause = self._do(call)

    def _next(self, pause: float | None) -> Call:
        try:
            return self._calls.get(timeout=pause)
        except queue.Empty:
            return _nothing

    def _do(self, call: Call) -> float | None:
        with self.lock:
            self._busy_since = time.monotonic()
            try:
                call()
                self.goes_on()
                return self._tend() if self._calls.empty() else 0.0
            finally:
                self._busy_since = None


def _nothing() -> None:
    pass


def _call(function: Callable[[], Result], future: Future[Any]) -> Call:
    def call() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(result)

    return call
