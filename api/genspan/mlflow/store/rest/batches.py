"""Several requests at a time, and their answers put in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from genspan.mlflow.entities import Trace, TraceInfo

READ_AT_ONCE: Final = 10
"""Traces that one request asks the spans of."""
DELETED_AT_ONCE: Final = 100
_REQUESTS: Final = 4
"""At a time; as many as `mlflow server` has workers, unless told otherwise."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_order(infos: Sequence[TraceInfo], traces: Iterable[Trace]) -> list[Trace]:
    """Traces in the order of infos."""
    found = {trace.trace_id: trace for trace in traces}
    return [found[info.trace_id] for info in infos if info.trace_id in found]


def parts(items: Sequence[Item], size: int) -> Iterable[Sequence[Item]]:
    """The items in parts of at most that size."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def each(ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """What is answered for every item, several at a time."""
    from concurrent.futures import ThreadPoolExecutor

    waiting = list(items)
    if len(waiting) < 2:
        return [ask(item) for item in waiting]
    with ThreadPoolExecutor(_REQUESTS, thread_name_prefix="genspan-mlflow") as pool:
        return list(pool.map(ask, waiting))
