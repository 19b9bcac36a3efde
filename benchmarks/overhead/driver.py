"""Has the contenders take turns, each in a process of its own that lives through the whole run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from .contenders import CONTENDERS, SHARED, Contender

ROOT: Final = Path(__file__).parents[2]

Json = dict[str, Any]


class WorkerProcess:
    """A contender's process."""

    def __init__(self, name: str) -> None:
        self.name = name
        contender = CONTENDERS[name]
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "GENSPAN_"))}
        self._process = subprocess.Popen(
            [interpreter(name, contender), "-m", "benchmarks.overhead.worker", name],
            cwd=ROOT,
            # Sets and dicts are laid out alike in every process.
            env={**environ, "PYTHONHASHSEED": "0", **contender.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> Json:
        """Has the process do it, and waits for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended")
        return json.loads(answer)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def workers(names: Sequence[str]) -> Iterator[list[WorkerProcess]]:
    """The processes of these contenders."""
    with ExitStack() as stack:
        started = [WorkerProcess(name) for name in names]
        for worker in started:
            stack.callback(worker.close)
        yield started


def interpreter(name: str, contender: Contender) -> Path:
    """That of the contender's environment, which is made where it is missing or was made for other versions."""
    if not contender.packages:
        return Path(sys.executable)
    from support.environments import interpreter as made

    shared = {package: version(package) for package in SHARED}
    wanted = [f"{package}=={at}" for package, at in {**shared, **contender.packages}.items()]
    return made(f"bench-{name}", wanted, contender.overrides)


def interleaved(processes: Sequence[WorkerProcess], rounds: int, do: str, **arguments: Any) -> dict[str, list[Json]]:
    """What each answered in each round. A round more, the first, warms up and is left out."""
    answers: dict[str, list[Json]] = {process.name: [] for process in processes}
    for number in range(rounds + 1):
        # Each follows another one from round to round.
        turn = number % len(processes)
        for process in [*processes[turn:], *processes[:turn]]:
            answer = process.ask(do, **arguments)
            if number:
                answers[process.name].append(answer)
    return answers
