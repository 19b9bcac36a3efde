"""Traces on their way: to the store, or by way of the outbox where the store cannot take them now."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.outbox import Outbox, Waiting
from genspan.exporters.mlflow.stores import Experiment, Rejection, Store, StoreUnavailable

_logger = logging.getLogger(__name__)

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
"""Seconds between tries; each failure doubles them."""

RETRY_TIME: Final = 2.0
"""Seconds that one export spends on traces that have waited: new ones queue up meanwhile."""


class Delivery:
    """Writes traces at least once, the ones that waited first. Used by one thread at a time.

    What goes wrong is logged when it begins, changes or ends; not once a batch. A fault of the store's is a reason to
    wait, whatever it is, and one of the outbox's is none.
    """

    def __init__(self, store: Store, outbox: Outbox, experiment: Experiment) -> None:
        self._store = store
        self._outbox = outbox
        self._experiment = experiment
        self._trouble: str | None = None
        self._outbox_trouble: str | None = None
        self._delay = FIRST_DELAY
        self._next_try = 0.0
        self._may_wait = True
        """Whether the outbox may hold something; at first, what an earlier process left there."""

    def deliver(self, traces: Sequence[MlflowTrace], experiment: Experiment | None = None) -> bool:
        """Writes traces, or has them wait. False where some of them are lost for good.

        `experiment` is theirs where it is not the one that was set.
        """
        experiment = experiment or self._experiment
        if self._is_due():
            self.retry(RETRY_TIME)
        if self._is_due():
            rejections = self._write(traces, experiment)
            if rejections is not None:
                return not rejections
        return self._wait(traces, experiment)

    def retry(self, seconds: float) -> bool:
        """Writes what waits, for up to so many seconds; True where nothing waits any more."""
        deadline = time.monotonic() + seconds
        try:
            while self._may_wait:
                waiting = self._outbox.oldest()
                if not waiting:
                    self._may_wait = False
                elif time.monotonic() > deadline or not self._empty(waiting):
                    return False
        except Exception as error:  # noqa: BLE001 - new traces can be written nevertheless
            self._tell_of_outbox(f"Traces that wait cannot be read: {error}")
            return False
        return True

    def close(self) -> None:
        """Lets go of the store and the outbox."""
        self._store.close()
        self._outbox.close()

    def _is_due(self) -> bool:
        return time.monotonic() >= self._next_try

    def _empty(self, waiting: Sequence[Waiting]) -> bool:
        """Moves traces from the outbox to the store; False where the store does not take them."""
        for experiment, group in groupby(waiting, key=lambda one: one.experiment):
            members = list(group)
            traces = [one.trace for one in members if one.trace is not None]
            if self._write(traces, experiment) is None:
                return False
            self._outbox.remove(members)
            if len(traces) < len(members):
                _logger.error("%d traces in %s are lost: no known form", len(members) - len(traces), self._outbox.path)
        return True

    def _write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Sequence[Rejection] | None:
        """What the store rejects for good; None where it takes nothing now."""
        try:
            rejections = self._store.write(traces, experiment)
        except Exception as error:  # noqa: BLE001 - the traces wait, and the app goes on
            self._fails(str(error) if isinstance(error, StoreUnavailable) else repr(error))
            return None
        self._works()
        for rejection in rejections:
            _logger.error("Trace %s is lost: %s", rejection.trace_id, rejection.reason)
        return rejections

    def _wait(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> bool:
        try:
            dropped = self._outbox.put(traces, experiment)
        except Exception as error:  # noqa: BLE001 - there is nowhere left to put them
            self._tell_of_outbox(f"Traces are lost, from now until this is resolved: {error}")
            return False
        self._may_wait = True
        if dropped:
            _logger.error("%d traces are lost: %s is full, and the oldest made room", dropped, self._outbox.path)
        return not dropped

    def _fails(self, trouble: str) -> None:
        if trouble != self._trouble:
            _logger.error("%s Traces wait in %s and are written as soon as they can be.", trouble, self._outbox.path)
            self._delay = FIRST_DELAY
        self._trouble = trouble
        self._next_try = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)

    def _works(self) -> None:
        if self._trouble is not None:
            _logger.warning("%s can be written to again", self._store.uri)
        self._trouble, self._delay, self._next_try = None, FIRST_DELAY, 0.0

    def _tell_of_outbox(self, trouble: str) -> None:
        if trouble != self._outbox_trouble:
            _logger.error("%s", trouble)
        self._outbox_trouble = trouble
