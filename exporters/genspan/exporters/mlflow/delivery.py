"""Traces on their way: to the store, or by way of the outbox where the store cannot take them now."""

from __future__ import annotations

import logging
import random
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Final, NamedTuple

from genspan.exporters.mlflow.metrics import ExporterMetrics, NoMetrics
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.outbox import Dropped, Outbox, Put, Trouble, Waiting
from genspan.exporters.mlflow.stores import Experiment, Store, StoreUnavailable
from genspan.exporters.mlflow.worker import Worker

_logger = logging.getLogger(__name__)

EXPORT_TIME: Final = 2.0
"""Seconds that an export waits for the store. Then its traces are put into the outbox, though the store may have them
all the same: the SDK's queue must not overflow meanwhile, and nobody waits for a store that hangs."""

SHUTDOWN_TIME: Final = 5.0
"""Seconds without an answer of the store's after which the end of the program waits no longer."""

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
"""Seconds between tries; each failure doubles them."""

JITTER: Final = 0.2
"""Part of a delay by which it is longer or shorter at random, as in OpenTelemetry's OTLP exporters."""

LONGEST_RETRY_AFTER: Final = 600.0
"""Seconds that a store may ask to be left alone."""

PAUSE: Final = 5.0
"""Seconds after which to look again whether another process has emptied the outbox."""

TRACES_PER_WRITE: Final = 100

UNREADABLE: Final = "it is in no known form; another version of genspan may have written it"


class Outcome(NamedTuple):
    """What the store has done with traces."""

    left: Sequence[MlflowTrace]
    """Those it did not take now."""
    reasons: Mapping[str, str]
    """Why it will never take some, by trace id."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Why an experiment is left alone for a while."""

    reason: str
    delay: float
    """Seconds, before chance and the store's own wishes."""
    next_try: float
    """By the monotonic clock."""


class Drained(Enum):
    """What has become of a try to empty the outbox by a batch."""

    NOTHING = auto()
    """Nothing waits, but for what is not to be tried."""
    WRITTEN = auto()
    ELSEWHERE = auto()
    """Another process is at it."""
    UNREADABLE = auto()


class Delivery:
    """Writes traces at least once, on a thread of its own, and has those wait in the outbox that cannot be written now.

    What goes wrong is logged when it begins, changes or ends; not once a batch. A fault of the store's is a reason to
    wait, whatever it is, and one of the outbox's is none. Used by any thread.
    """

    def __init__(
        self, store: Store, outbox: Outbox, experiment: Experiment, metrics: ExporterMetrics | NoMetrics | None = None
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._experiment = experiment
        self._metrics = metrics or NoMetrics()
        self._resting: dict[Experiment, Rest] = {}
        """Experiments whose last write failed; others may go well, for it may be the experiment that is wrong."""
        self._outbox_trouble: str | None = None
        self._works_well = False
        self._is_dropping = False
        self._export_time = EXPORT_TIME
        self._may_wait = True
        """Whether the outbox may hold something; at first, what an earlier process left there."""
        self._worker = Worker(_weakly(weakref.WeakMethod(self._tend)), "genspan-mlflow")
        # Nobody may have the thread of an exporter that has been dropped.
        weakref.finalize(self, self._worker.end).atexit = False

    def deliver(self, traces: Sequence[MlflowTrace], experiment: Experiment | None = None) -> bool:
        """Writes traces, or has them wait. False where some of them will not be written, or may not be.

        `experiment` is theirs where it is not the one that was set.
        """
        experiment = experiment or self._experiment
        if experiment in self._at_rest() or self._worker.busy_for() > self._export_time:
            return self._wait(traces, experiment)
        write = self._worker.submit(partial(self._write, traces, experiment))
        begun = time.monotonic()
        while not write.done() and (left := begun + self._export_time - time.monotonic()) > 0:
            wait([write], min(left, 0.1))  # The time may be shortened meanwhile.
        if write.done():
            return self._concluded(traces, experiment, write.result())
        if write.cancel():
            return self._wait(traces, experiment)
        put = self._put(traces, experiment)
        write.add_done_callback(partial(self._late, traces, experiment, put.ids))
        return _is_safe(put)

    def hasten(self, seconds: float) -> None:
        """Gives writes no more than so many seconds from now on, before traces wait; never more than `EXPORT_TIME`."""
        self._export_time = min(seconds, self._export_time)

    def flush(self, seconds: float, patience: float | None = None) -> bool:
        """Writes what waits, for up to so many seconds; True where nothing waits any more.

        With `patience`, for no longer than so many seconds without an answer of the store's.
        """
        deadline = time.monotonic() + seconds
        patience = seconds if patience is None else patience
        failed: set[Experiment] = set()
        while True:
            drain = self._worker.submit(partial(self._drain, failed))
            begun = time.monotonic()
            wait([drain], 0.05)
            while not drain.done():
                waited = self._worker.busy_for() or time.monotonic() - begun
                left = min(deadline - time.monotonic(), patience - waited)
                if left <= 0:
                    drain.cancel()
                    return False
                wait([drain], min(left, 0.1))
            match drain.result():
                case Drained.NOTHING:
                    return not failed
                case Drained.UNREADABLE:
                    return False
                case Drained.ELSEWHERE:
                    time.sleep(max(0.0, min(0.1, deadline - time.monotonic())))
                case Experiment() as experiment:
                    failed.add(experiment)
            if time.monotonic() > deadline:
                return False

    def close(self, seconds: float = 0.0) -> None:
        """Writes what waits, for up to so many seconds, and lets go of the store and the outbox."""
        is_empty = seconds <= 0 or self.flush(seconds, SHUTDOWN_TIME)
        if not is_empty and not self._resting and self._outbox_trouble is None:
            _logger.warning("%s is slow. Traces wait in %s for the next program.", self._store.uri, self._outbox.path)
        self._worker.end()
        # A store that hangs is left to its thread.
        if self._worker.lock.acquire(timeout=0.1):
            self._store.close()
            self._worker.lock.release()
        if self._outbox.lock.acquire(timeout=0.1):
            self._outbox.lock.release()
            self._outbox.close()

    def hold(self, seconds: float) -> Callable[[], None]:
        """Waits up to so long for the end of what is being written, and keeps anything else from being begun.

        Returns what lets it go on.
        """
        deadline = time.monotonic() + seconds
        held = [
            lock
            for lock in (self._worker.lock, self._outbox.lock)
            if lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
        ]

        def release() -> None:
            for lock in held:
                lock.release()

        return release

    def begin_in_child(self) -> None:
        """Starts anew in a forked child, which has none of its parent's threads."""
        self._may_wait = True
        self._outbox.begin()
        self._worker.begin()

    # What follows is done by the worker's thread.

    def _tend(self) -> float | None:
        """Writes a batch of what waits, if that is due; returns the seconds until there is something to do."""
        if not self._may_wait:
            return None
        drained = self._drain(self._at_rest())
        match drained:
            case Drained.NOTHING:
                pauses = [rest.next_try - time.monotonic() for rest in self._resting.values()]
                self._may_wait = self._may_wait or bool(pauses)
                return max(0.0, min(pauses)) if pauses else None
            case Drained.ELSEWHERE:
                return PAUSE
            case Drained.UNREADABLE:
                return LONGEST_DELAY
        return 0.0

    def _drain(self, without: Collection[Experiment]) -> Drained | Experiment:
        """Moves a batch from the outbox to the store; the experiment, where that does not take it."""
        try:
            self._may_wait = bool(without)  # Before looking: a trace may come in the meantime.
            claim = self._outbox.claim(without)
            if not claim.traces and not claim.is_elsewhere:
                return Drained.NOTHING
            self._may_wait = True
            if claim.is_elsewhere:
                return Drained.ELSEWHERE
            return Drained.WRITTEN if self._empty(claim.traces) else claim.traces[0].experiment
        except Exception as error:  # noqa: BLE001 - new traces can be written nevertheless
            self._may_wait = True
            self._tell_of_outbox(f"Traces that wait cannot be read: {error}")
            return Drained.UNREADABLE

    def _empty(self, waiting: Sequence[Waiting]) -> bool:
        """Moves traces of one experiment from the outbox to the store; False where the store does not take them."""
        read = [(one, one.trace) for one in waiting]
        experiment = waiting[0].experiment
        outcome = self._write([trace for _, trace in read if trace is not None], experiment)
        left = {id(trace) for trace in outcome.left}
        reasons = {**outcome.reasons, **{one.row.trace_id: UNREADABLE for one, trace in read if trace is None}}
        done = [one for one, trace in read if id(trace) not in left]
        dropped = self._outbox.settle(done, reasons)
        self._tell_of_rejections(reasons, dropped)
        if outcome.left:
            self._outbox.note(self._trouble(experiment))
        return not outcome.left

    def _write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Outcome:
        reasons: dict[str, str] = {}
        for first in range(0, len(traces), TRACES_PER_WRITE):
            part = traces[first : first + TRACES_PER_WRITE]
            try:
                with self._metrics.operation():
                    reasons |= self._attempt(part, experiment)
            except Exception as error:  # noqa: BLE001 - the traces wait, and the app goes on
                self._fails(error, experiment)
                return Outcome(traces[first:], reasons)
            self._works(experiment)
            self._metrics.concluded(_spans(trace for trace in part if trace.trace_id not in reasons))
            self._worker.goes_on()
        self._metrics.concluded(_spans(trace for trace in traces if trace.trace_id in reasons), "rejected")
        return Outcome((), reasons)

    def _attempt(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> dict[str, str]:
        """Writes traces together; where that fails as no store should, each alone. Returns reasons of rejections.

        Such a failure is a trace's own where the store takes others.
        """
        reasons, fault = self._tried(traces, experiment)
        if fault is None:
            return reasons
        faults: dict[str, str] = {}
        for trace in traces:
            rejected, own = self._tried([trace], experiment)
            reasons |= rejected
            if own is not None:
                faults[trace.trace_id] = repr(own)
        if len(faults) == len(traces) and not self._works_well:
            raise fault
        return reasons | faults

    def _tried(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> tuple[dict[str, str], Exception | None]:
        """Reasons of rejections, and what the store raises that no store should. Raises StoreUnavailable."""
        try:
            rejections = self._store.write(traces, experiment)
        except StoreUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, the app goes on
            return {}, fault
        return {rejection.trace_id: rejection.reason for rejection in rejections}, None

    def _fails(self, error: Exception, experiment: Experiment) -> None:
        reason = str(error) if isinstance(error, StoreUnavailable) else repr(error)
        before = self._resting.get(experiment)
        if all(reason != rest.reason for rest in self._resting.values()):
            _logger.error(
                "%s Traces wait in %s and are written as soon as they can be; genspan status shows them.",
                reason,
                self._outbox.path,
            )
        delay = FIRST_DELAY if before is None or before.reason != reason else min(before.delay * 2, LONGEST_DELAY)
        asked_for = min(getattr(error, "retry_after", None) or 0.0, LONGEST_RETRY_AFTER)
        pause = max(delay * random.uniform(1 - JITTER, 1 + JITTER), asked_for)
        # Replaced as a whole, for other threads look at it.
        self._resting = {**self._resting, experiment: Rest(reason, delay, time.monotonic() + pause)}
        self._works_well = False

    def _works(self, experiment: Experiment) -> None:
        self._works_well = True
        if experiment in self._resting:
            self._resting = {other: rest for other, rest in self._resting.items() if other != experiment}
            if not self._resting:
                _logger.warning("%s can be written to again", self._store.uri)
            self._note(next(iter(self._resting), experiment))

    # What follows is done by any thread.

    def _concluded(self, traces: Sequence[MlflowTrace], experiment: Experiment, outcome: Outcome) -> bool:
        self._set_aside(traces, experiment, outcome.reasons)
        return (not outcome.left or self._wait(outcome.left, experiment)) and not outcome.reasons

    def _late(
        self, traces: Sequence[MlflowTrace], experiment: Experiment, ids: Sequence[int], write: Future[Outcome]
    ) -> None:
        """The store has answered after all, when its traces were in the outbox already."""
        outcome = write.result()
        self._set_aside(traces, experiment, outcome.reasons)
        left = {id(trace) for trace in outcome.left}
        try:
            self._outbox.remove([row for row, trace in zip(ids, traces, strict=True) if id(trace) not in left])
        except Exception as error:  # noqa: BLE001 - they will be written once more
            self._tell_of_outbox(f"Traces that wait cannot be taken out: {error}")

    def _wait(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> bool:
        return _is_safe(self._put(traces, experiment))

    def _put(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Put:
        put = self._outbox.put(traces, experiment, self._trouble(experiment))
        if put.trouble is None:
            self._outbox_trouble = None
            self._tell_of_dropped(put.dropped, f"{self._outbox.path} is full")
        else:
            self._tell_of_outbox(
                f"{put.trouble} Traces are held in memory until this is resolved, and lost if the program ends before."
            )
            self._tell_of_dropped(put.dropped, "there is no more room for them in memory")
        self._may_wait = True
        self._worker.wake()
        return put

    def _set_aside(self, traces: Sequence[MlflowTrace], experiment: Experiment, reasons: Mapping[str, str]) -> None:
        if not reasons:
            return
        try:
            dropped = self._outbox.set_aside(traces, experiment, reasons)
        except Exception as error:  # noqa: BLE001 - there is nowhere left to put them
            self._tell_of_outbox(f"Traces that MLflow rejects cannot be set aside and are lost: {error}")
            dropped = Dropped()
        self._tell_of_rejections(reasons, dropped)

    def _at_rest(self) -> Collection[Experiment]:
        """The experiments that are not to be tried now."""
        now = time.monotonic()
        return {experiment for experiment, rest in self._resting.items() if rest.next_try > now}

    def _trouble(self, experiment: Experiment) -> Trouble | None:
        """Why an experiment's traces wait."""
        if (rest := self._resting.get(experiment)) is not None:
            return Trouble(rest.reason, time.time() + max(0.0, rest.next_try - time.monotonic()))
        if self._worker.busy_for() > EXPORT_TIME / 2:
            return Trouble(f"{self._store.uri} has not answered yet.", time.time())
        return None

    def _note(self, experiment: Experiment) -> None:
        try:
            rest = self._resting.get(experiment)
            self._outbox.note(None if rest is None else self._trouble(experiment))
        except Exception as error:  # noqa: BLE001 - it is for information alone
            self._tell_of_outbox(f"What waits cannot be described: {error}")

    def _tell_of_rejections(self, reasons: Mapping[str, str], dropped: Dropped) -> None:
        for trace_id, reason in reasons.items():
            _logger.error("Trace %s is set aside in %s: %s", trace_id, self._outbox.path, reason)
        if dropped.traces:
            self._tell_of_dropped(dropped, f"{self._outbox.path} has no more room for rejected ones")

    def _tell_of_dropped(self, dropped: Dropped, why: str) -> None:
        if dropped.traces:
            if not self._is_dropping:
                _logger.error("The oldest traces are lost from now on, %d at first: %s", dropped.traces, why)
            self._metrics.concluded(dropped.spans, "outbox_full")
        self._is_dropping = bool(dropped.traces)

    def _tell_of_outbox(self, trouble: str) -> None:
        if trouble != self._outbox_trouble:
            _logger.error("%s", trouble)
        self._outbox_trouble = trouble


def _weakly(tend: weakref.WeakMethod[Callable[[], float | None]]) -> Callable[[], float | None]:
    def call() -> float | None:
        bound = tend()
        return None if bound is None else bound()

    return call


def _is_safe(put: Put) -> bool:
    return put.trouble is None and not put.dropped.traces


def _spans(traces: Iterable[MlflowTrace]) -> int:
    return sum(len(trace.spans) for trace in traces)
