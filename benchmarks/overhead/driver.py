"""Has the contenders take turns, each in a process of its own that lives through many rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

from .contenders import CONTENDERS, SHARED

ROOT: Final = Path(__file__).parents[2]

_ALIKE: Final = {
    "PYTHONHASHSEED": "0",
    # glibc decides by what was freed before whether it gives memory back to the system. Where it does, a call with a
    # large prompt takes half as long again, whoever records it.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(512 * 2**20),
}
"""What would differ between processes by chance."""

Json = dict[str, Any]
Measured = TypeVar("Measured")


def interpreter(name: str) -> Path:
    """That of the contender's environment, which is made where it is missing or was made for other versions."""
    contender = CONTENDERS[name]
    if not contender.packages:
        return Path(sys.executable)
    from support.environments import interpreter as made

    shared = {package: version(package) for package in SHARED}
    wanted = [f"{package}=={at}" for package, at in {**shared, **contender.packages}.items()]
    return made(f"bench-{name}", wanted, contender.overrides)


def environ(name: str) -> dict[str, str]:
    """Environment variables for a process of the contender."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "GENSPAN_", "MLFLOW_"))}
    return {**kept, **_ALIKE, **CONTENDERS[name].environ}


class _Process:
    """A `worker`."""

    def __init__(self, name: str) -> None:
        self._name = name
        # For traces, and whatever else it writes.
        self._folder = tempfile.TemporaryDirectory()
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        folders = {"PYTHONPATH": path, "TMPDIR": self._folder.name, "GENSPAN_OUTBOX_DIR": self._folder.name}
        self._process = subprocess.Popen(
            [interpreter(name), "-m", "benchmarks.overhead.worker", name],
            cwd=self._folder.name,
            env={**environ(name), **folders},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> Json:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._name} ended")
        return json.loads(answer)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


class Worker:
    """A contender's process; two of them where it cannot be undone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._recorded = _Process(name)
        self._bare = _Process(name) if CONTENDERS[name].stays else self._recorded

    def bare(self, do: str, **arguments: Any) -> Json:
        """Has the process do what is not recorded, and waits for the answer."""
        return self._bare.ask(do, **arguments)

    def recorded(self, do: str, **arguments: Any) -> Json:
        """Has the process do what is recorded, and waits for the answer."""
        return self._recorded.ask(do, **arguments)

    def cost(self, workload: str, mode: str, export: str) -> Json:
        """Microseconds of a call that is not recorded, and of one that is: see `worker`."""
        off = self.bare("bare", workload=workload)
        if off["spans"]:
            raise RuntimeError(f"{self.name} made spans of bare calls")
        return {**off, **self.recorded("recorded", workload=workload, mode=mode, export=export)}

    def close(self) -> None:
        """Ends the processes."""
        for process in {self._recorded, self._bare}:
            process.close()


@contextmanager
def workers(names: Sequence[str]) -> Iterator[list[Worker]]:
    """Processes of these contenders."""
    started: list[Worker] = []
    try:
        started.extend(Worker(name) for name in names)
        yield started
    finally:
        for worker in started:
            worker.close()


def in_turns(
    contenders: Sequence[Worker], rounds: int, measure: Callable[[Worker], Measured]
) -> dict[str, list[Measured]]:
    """What each measured in each round. A round more, the first, warms up and is left out."""
    measured: dict[str, list[Measured]] = {worker.name: [] for worker in contenders}
    for number in range(rounds + 1):
        # Each follows another one from round to round.
        turn = number % len(contenders)
        for worker in [*contenders[turn:], *contenders[:turn]]:
            result = measure(worker)
            if number:
                measured[worker.name].append(result)
    return measured
