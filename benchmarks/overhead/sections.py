"""The parts of a run: each measures one thing of all contenders, and returns it as JSON."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from .contenders import CONTENDERS, SHARED
from .driver import ROOT, Worker, in_turns, workers
from .figures import added, spread
from .recordings import DISCARD
from .start_up import STARTS, imported_first, milliseconds
from .workloads import COMPARED, WORKLOADS

Json = dict[str, Any]

WITHOUT: Final = {"no-content": "chat-10kB", "sampled-out": "ready", "suppressed": "ready", "no-sdk": "ready"}
"""Modes that record less, and the work by which they are measured."""
EXPORTED: Final = ("chat-1kB", "chat-10kB", "agent")
OPEN_STREAMS: Final = 50
CHUNKS_READ: Final = 100
CALLS_HELD: Final = 400
STARTED: Final = 5
"""Starts of a program at most: they differ little, and MLflow's takes three seconds."""
ENDURED: Final = {"chat-1kB": (100_000, "mlflow"), "abandoned": (10_000, DISCARD), "abandoned-async": (10_000, DISCARD)}
"""Work to how many calls there are of it, and where they are exported to."""
STEPS: Final = 10
"""How often memory is looked at in the meantime."""


@dataclass(frozen=True)
class Run:
    """What is to be measured."""

    contenders: Sequence[str] = tuple(CONTENDERS)
    workloads: Sequence[str] = COMPARED
    rounds: int = 9

    def having(self, libraries: Sequence[str]) -> list[str]:
        """The contenders that instrument them."""
        return [name for name in self.contenders if CONTENDERS[name].missing.keys().isdisjoint(libraries)]


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _by_libraries(workloads: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
    """Work with the same libraries is done in processes of its own."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name in workloads:
        found.setdefault(WORKLOADS[name].libraries, []).append(name)
    return found


def calls(run: Run) -> Json:
    """What recording adds to a call, by work and contender: `bare` and `added` in µs, and `spans`."""
    measured: Json = {}
    for libraries, workloads in _by_libraries(run.workloads).items():
        with workers(run.having(libraries)) as processes:
            for name in workloads:
                _progress(WORKLOADS[name].title)
                rounds = in_turns(processes, run.rounds, partial(_cost, workload=name))
                measured[name] = {who: _cell(of) for who, of in rounds.items()}
    return measured


def _cost(worker: Worker, workload: str, mode: str = "content", export: str = DISCARD) -> Json:
    return worker.cost(workload, mode, export)


def _cell(rounds: Sequence[Json]) -> Json:
    return {"bare": spread([of["off"] for of in rounds]), "added": added(rounds), "spans": rounds[0]["spans"]}


def without(run: Run) -> Json:
    """The same where less or nothing is recorded, by mode."""
    measured: Json = {}
    for mode, workload in WITHOUT.items():
        names = [name for name in run.contenders if mode in CONTENDERS[name].modes]
        if names:
            _progress(mode)
            with workers(names) as processes:
                rounds = in_turns(processes, run.rounds, partial(_cost, workload=workload, mode=mode))
            measured[mode] = {who: _cell(of) for who, of in rounds.items()}
    return measured


def exports(run: Run) -> Json:
    """µs of CPU that recording and exporting adds to a call: `app` without the threads that export, `whole` with."""
    measured: Json = {}
    with _collector() as url:
        for destination, export in (("mlflow", "mlflow"), ("otlp", url)):
            for libraries, workloads in _by_libraries(name for name in EXPORTED if name in run.workloads).items():
                names = [name for name in run.having(libraries) if destination in CONTENDERS[name].exports]
                if not names:
                    continue
                with workers(names) as processes:
                    for name in workloads:
                        _progress(f"{WORKLOADS[name].title}, to {destination}")
                        rounds = in_turns(processes, run.rounds, partial(_cost, workload=name, export=export))
                        measured.setdefault(name, {})[destination] = {
                            who: {**_cell(of), "whole": added(of, "whole")} for who, of in rounds.items()
                        }
    return measured


@contextmanager
def _collector() -> Iterator[str]:
    """The address of a collector in another process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.overhead.collector"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def start_up(run: Run) -> Json:
    """ms that instrumenting the OpenAI SDK adds to a start, by contender and by what was imported before."""
    measured: Json = {"imported_first": imported_first()}
    for before in STARTS:
        _progress(f"start-up after {before}")
        names = [name for name in run.contenders if CONTENDERS[name].start]
        rounds: dict[str, list[Json]] = {name: [] for name in names}
        for _ in range(min(run.rounds, STARTED) + 1):
            for name in names:
                rounds[name].append(milliseconds(name, before))
        # The first writes the compiled modules.
        measured[before] = {
            name: {
                "wall": spread([start["wall"] for start in starts[1:]]),
                "cpu": spread([start["cpu"] for start in starts[1:]]),
                "packages": starts[-1]["packages"],
            }
            for name, starts in rounds.items()
        }
    return measured


def memory(run: Run) -> Json:
    """Bytes and blocks that a call's span holds, bytes at most during a call, and bytes that an open stream holds."""
    measured: Json = {}
    for name in run.contenders:
        _progress(f"memory, {CONTENDERS[name].title}")
        with workers([name]) as [worker]:
            held = _more(worker, "held", workload="chat-1kB", times=CALLS_HELD)
            large = _more(worker, "held", workload="chat-1MB", times=10)
            measured[name] = {"call": held, "peak of 1 MB": large["peak"]}
            # By hand, a stream's span is in the app's own code, and nothing wraps the stream.
            if name != "hand-written":
                stream = _more(worker, "streams", count=OPEN_STREAMS, chunks=CHUNKS_READ)
                measured[name]["stream"] = stream["bytes"]
    return measured


def _more(worker: Worker, do: str, **arguments: Any) -> Json:
    """What is held beyond what calls hold that are not recorded."""
    bare, recorded = worker.bare(do, record=False, **arguments), worker.recorded(do, record=True, **arguments)
    return {key: recorded[key] - bare[key] for key in recorded}


def endurance(run: Run) -> Json:
    """What genspan's process holds in the course of very many calls, by work: `calls`, `megabytes`, `blocks`."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(ENDURED, pool.map(_endured, ENDURED), strict=True))


def _endured(workload: str) -> list[Json]:
    times, export = ENDURED[workload]
    step = times // STEPS
    with workers(["genspan"]) as [worker]:
        samples = []
        for number in range(STEPS):
            held = worker.recorded("endured", workload=workload, times=step, export=export)
            samples.append({"calls": (number + 1) * step, **held})
            _progress(f"{WORKLOADS[workload].title}, {samples[-1]['calls']}: {held['megabytes']:.1f} MB")
    return samples


SECTIONS: Final[dict[str, Callable[[Run], Json]]] = {
    "calls": calls,
    "without": without,
    "exports": exports,
    "start_up": start_up,
    "memory": memory,
    "endurance": endurance,
}


def circumstances(run: Run) -> Json:
    """Where, when and with what it was measured."""
    packages = [*SHARED, "orjson", "mlflow"]
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "modified": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "rounds": run.rounds,
        "packages": {package: version(package) for package in packages},
        "contenders": {name: dict(CONTENDERS[name].packages) for name in run.contenders},
    }


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
