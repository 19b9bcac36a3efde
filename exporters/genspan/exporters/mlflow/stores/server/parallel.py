"""Several requests at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

Item = TypeVar("Item")

REQUESTS: Final = 4
"""At a time; as many as `mlflow server` has workers, unless told otherwise (3.17.2)."""


def each(do: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Calls `do` for every item, several at a time, in the context of the caller.

    Raises what the first item that failed raised, once no call is under way any more; the rest may not have been tried.
    """
    waiting = list(items)
    if len(waiting) < 2:
        for item in waiting:
            do(item)
        return
    pool = ThreadPoolExecutor(REQUESTS, thread_name_prefix="genspan-mlflow")
    try:
        for future in [_submitted(pool, do, item) for item in waiting]:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ThreadPoolExecutor, do: Callable[[Item], None], item: Item) -> Future[None]:
    try:
        return pool.submit(copy_context().run, do, item)
    except RuntimeError:  # The program ends, and Python starts no more threads.
        future: Future[None] = Future()
        try:
            do(item)
            future.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        return future
