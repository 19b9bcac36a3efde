"""Several requests at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import Final, TypeVar

Item = TypeVar("Item")

REQUESTS: Final = 4
"""At a time; as many as `mlflow server` has workers, unless told otherwise (3.17.2)."""


def each(do: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Calls `do` for every item, several at a time, in the context of the caller.

    Raises what the first item that failed raised, once no call is under way any more; the rest may not have been tried.
    The threads are daemons, unlike those of `concurrent.futures`: a program that ends does not wait for a server that
    hangs.
    """
    waiting = deque(enumerate(items))
    failures: dict[int, BaseException] = {}

    def work() -> None:
        while not failures:
            try:
                index, item = waiting.popleft()
            except IndexError:
                return
            try:
                do(item)
            except BaseException as error:  # noqa: BLE001 - raised by the caller's thread
                failures[index] = error

    others = [_started(work) for _ in range(min(REQUESTS, len(waiting)) - 1)]
    work()
    for thread in filter(None, others):
        thread.join()
    if failures:
        raise failures[min(failures)]


def _started(work: Callable[[], None]) -> threading.Thread | None:
    thread = threading.Thread(target=copy_context().run, args=(work,), name="genspan-mlflow-request", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # The program ends, and Python starts no more threads: fewer have to do.
        return None
    return thread
