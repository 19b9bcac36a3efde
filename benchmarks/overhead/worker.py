"""One contender's process: `python -m benchmarks.overhead.worker NAME`.

Reads a request from each line of standard input, as JSON: a method of `Worker` in `do`, and
its arguments. Answers each with a line, what the method returns.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from typing import Any

from .calls import Calls, messages
from .contenders import CONTENDERS, Contender, Discarded, Recording, Setting
from .workloads import WORKLOADS, Workload

Json = dict[str, Any]


class Worker:
    """What the process holds from one request to the next."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._calls = Calls()
        self._prompts: dict[int, list[dict[str, Any]]] = {}

    def measure(self, workload: str, mode: str, export: str) -> Json:
        """Microseconds of CPU that a call takes: not recorded, recorded, and recorded and exported; and its spans.

        Those are of all threads, but the second is without the ones that export.
        """
        work = WORKLOADS[workload]
        off = self._block(work, Recording(self._calls, lambda: None))
        with self._contender.recording(self._calls, work.library, Setting(mode, export)) as recording:
            on = self._block(work, recording)
        return {"off": off["app"], "on": on["app"], "whole": on["whole"], "spans": on["spans"]}

    def _block(self, work: Workload, recording: Recording) -> Json:
        run, prompt = getattr(recording.calls, work.call), self._prompt(work.size)
        run(prompt)
        recording.flush()
        gc.collect()
        spans, app, whole = Discarded.spans, self._app_seconds(), time.process_time()
        for _ in range(work.times):
            run(prompt)
        app = self._app_seconds() - app
        recording.flush()
        whole = time.process_time() - whole
        calls = work.times * work.each
        return {"app": app / calls * 1e6, "whole": whole / calls * 1e6, "spans": (Discarded.spans - spans) / calls}

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
