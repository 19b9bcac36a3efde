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

    What goes wrong is logged when it begins, changes or ends; not once a batch.
    """

    def __init__(self, store: Store, outbox: Outbox, experiment: Experiment) -> None:
        self._store = store
        self._outbox = outbox
        self._experiment = experiment
        self._trouble: str | None = None
        self._delay = FIRST_DELAY
        self._next_try = 0.0
        self._may_wait = True
        """Whether the outbox may hold something; at first, what an earlier process left there."""

    def deliver(self, traces: Sequence[MlflowTrace]) -> bool:
        """Writes traces, or has them wait. False where some of them are lost for good."""
        if time.monotonic() >= self._next_try:
            self.retry(RETRY_TIME)
        if time.monotonic() >= self._next_try:
            try:
                rejections = self._store.write(traces, self._experiment)
            except StoreUnavailable as error:
                self._fails(str(error))
            else:
                self._works()
                return self._tell(rejections)
        return self._wait(traces)

    def retry(self, seconds: float) -> bool:
        """Writes what waits, for up to so many seconds; True where nothing waits any more."""
        deadline = time.monotonic() + seconds
        try:
            while self._may_wait:
                waiting = self._outbox.oldest()
                if not waiting:
                    self._may_wait = False
                    break
                if time.monotonic() > deadline:
                    return False
                self._write(waiting)
        except StoreUnavailable as error:
            self._fails(str(error))
            return False
        return True

    def close(self) -> None:
        """Lets go of the store and the outbox."""
        self._store.close()
        self._outbox.close()

    def _write(self, waiting: Sequence[Waiting]) -> None:
        for experiment, group in groupby(waiting, key=lambda one: one.experiment):
            members = list(group)
            traces = [one.trace for one in members if one.trace is not None]
            if len(traces) < len(members):
                _logger.error("%d traces in %s cannot be read", len(members) - len(traces), self._outbox.path)
            rejections = self._store.write(traces, experiment)
            self._outbox.remove(members)
            self._tell(rejections)
        self._works()

    def _wait(self, traces: Sequence[MlflowTrace]) -> bool:
        try:
            dropped = self._outbox.put(traces, self._experiment)
        except StoreUnavailable as error:
            _logger.error("%d traces are lost: %s", len(traces), error)
            return False
        self._may_wait = True
        if dropped:
            _logger.error("%d traces are lost: %s is full, the oldest made room", dropped, self._outbox.path)
        return not dropped

    def _tell(self, rejections: Sequence[Rejection]) -> bool:
        for rejection in rejections:
            _logger.error("Trace %s is lost: %s", rejection.trace_id, rejection.reason)
        return not rejections

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
