"""One contender's process: `python -m benchmarks.overhead.worker NAME`.

Reads a request from each line of standard input, as JSON: a method of `Worker` in `do`, and
its arguments. Answers each with a line, what the method returns.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from .calls import Calls, messages
from .contenders import CONTENDERS, Contender
from .recordings import Discarded, Recording, Setting
from .workloads import WORKLOADS, Workload

Json = dict[str, Any]


class Worker:
    """What the process holds from one request to the next."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._calls = Calls()
        self._prompts: dict[int, list[dict[str, Any]]] = {}
        self._open = ExitStack()
        self._endured: Recording | None = None

    def bare(self, workload: str) -> Json:
        """Microseconds of CPU that a call takes that is not recorded, and its spans, which should be none."""
        block = self._block(WORKLOADS[workload], Recording(self._calls, lambda: None))
        return {"off": block["app"], "spans": block["spans"]}

    def recorded(self, workload: str, mode: str, export: str) -> Json:
        """Microseconds of CPU that a recorded call takes, in all threads but those that export (`on`), and in all,
        until it is exported (`whole`); and its spans."""
        work = WORKLOADS[workload]
        with self._contender.recording(self._calls, work.libraries, Setting(mode, export)) as recording:
            block = self._block(work, recording)
        return {"on": block["app"], "whole": block["whole"], "spans": block["spans"]}

    def _block(self, work: Workload, recording: Recording) -> Json:
        run, prompt = getattr(recording.calls, work.call), self._prompt(work.size)
        run(prompt)
        recording.flush()
        gc.collect()
        spans, app, whole = Discarded.spans, self._app_seconds(), time.process_time()
        times = max(work.times // self._contender.fewer, 1)
        for _ in range(times):
            run(prompt)
        app = self._app_seconds() - app
        recording.flush()
        whole = time.process_time() - whole
        calls = times * work.each
        return {"app": app / calls * 1e6, "whole": whole / calls * 1e6, "spans": (Discarded.spans - spans) / calls}

    def held(self, workload: str, times: int, record: bool) -> Json:
        """Memory by calls: what a call holds until it is exported, and what is left of it afterwards, in bytes and in
        blocks of Python's allocator; and bytes that it holds at most while it runs."""
        work = WORKLOADS[workload]
        times = max(times // self._contender.fewer, 1)
        with self._maybe_recording(work, record) as recording:
            run, prompt = getattr(recording.calls, work.call), self._prompt(work.size)
            for _ in range(20):
                run(prompt)
            recording.flush()
            with _traced():
                before, peaks = _memory(), []
                for _ in range(times):
                    tracemalloc.reset_peak()
                    at_start, _ = tracemalloc.get_traced_memory()
                    run(prompt)
                    peaks.append(tracemalloc.get_traced_memory()[1] - at_start)
                after = _memory()
                recording.flush()
                flushed = _memory()
        return {
            "bytes": (after[0] - before[0]) / times,
            "blocks": (after[1] - before[1]) / times,
            "left": (flushed[0] - before[0]) / times,
            "peak": statistics.median(peaks),
        }

    def streams(self, count: int, chunks: int, record: bool) -> Json:
        """Bytes that each of so many open streams holds, of which so many chunks have been read."""
        work = WORKLOADS["stream"]
        with self._maybe_recording(work, record) as recording:
            prompt = self._prompt(work.size)
            recording.calls.stream(prompt)
            recording.flush()
            with _traced():
                before = _memory()
                opened = [recording.calls.opened(prompt) for _ in range(count)]
                for stream in opened:
                    for _ in range(chunks):
                        next(stream)
                after = _memory()
            for stream in opened:
                for _ in stream:
                    pass
        return {"bytes": (after[0] - before[0]) / count}

    def endured(self, workload: str, times: int, export: str) -> Json:
        """What the process holds after so many recorded calls that have been exported: MB, and blocks."""
        work = WORKLOADS[workload]
        if self._endured is None:
            # As in an app, it is switched on once.
            opened = self._contender.recording(self._calls, work.libraries, Setting("content", export))
            self._endured = self._open.enter_context(opened)
        run, prompt = getattr(self._endured.calls, work.call), self._prompt(work.size)
        for number in range(times):
            run(prompt)
            if number % 500 == 0:
                self._endured.flush()
        self._endured.flush()
        gc.collect()
        held = Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]
        return {"megabytes": int(held) / 1024, "blocks": sys.getallocatedblocks()}

    def _maybe_recording(self, work: Workload, record: bool) -> AbstractContextManager[Recording]:
        if record:
            return self._contender.recording(self._calls, work.libraries, Setting())
        return nullcontext(Recording(self._calls, lambda: None))

    def _prompt(self, size: int) -> list[dict[str, Any]]:
        if size not in self._prompts:
            self._prompts[size] = messages(size)
        return self._prompts[size]

    def _app_seconds(self) -> float:
        """CPU time of all threads but those that export."""
        exporting = sum(
            time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
            for thread in threading.enumerate()
            if thread.ident is not None and thread.name.startswith(self._contender.export_threads)
        )
        return time.process_time() - exporting


@contextmanager
def _traced() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def _memory() -> tuple[int, int]:
    """Bytes and blocks that are held, once the garbage is collected."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0], sys.getallocatedblocks()


def main() -> None:
    # What libraries print does not belong into the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(CONTENDERS[sys.argv[1]])
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("do"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
