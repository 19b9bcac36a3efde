"""Worker processes that end without Python's usual end, and would take their last spans with them."""

from __future__ import annotations

from types import ModuleType
from typing import Final

import wrapt
from opentelemetry.sdk.trace import TracerProvider

FLUSH_TIME: Final = 5_000
"""Milliseconds that the end of a worker is held up for its last spans."""


def flush_at_the_end_of(provider: TracerProvider) -> None:
    """Has workers forked by `multiprocessing`, or by Celery's copy of it, send their last spans when they end.

    They end by `os._exit`, so that no `atexit` handler runs. Neither module is imported for this.
    """

    def imported(util: ModuleType) -> None:
        util.register_after_fork(provider, lambda forked: _forked(util, forked))

    for name in ("multiprocessing.util", "billiard.util"):
        wrapt.when_imported(name)(imported)


def _forked(util: ModuleType, provider: TracerProvider) -> None:
    util.Finalize(None, provider.force_flush, args=(FLUSH_TIME,), exitpriority=0)
