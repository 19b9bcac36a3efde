"""A real Prometheus of a test's own; `tests/prometheus.sh` sees to it that there is one to start."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.ports import free_port

_UNPACKED = Path(__file__).parents[2] / ".prometheus" / "usr" / "bin" / "prometheus"


def program() -> str | None:
    """The program: that of PATH, else Debian's, unpacked; None where there is neither."""
    return shutil.which("prometheus") or (str(_UNPACKED) if _UNPACKED.exists() else None)


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def ask(self, query: str, timeout: float = 30) -> list[tuple[dict[str, str], float]]:
        """The labels and values that PromQL gives now. Waits up to so many seconds until there are any."""
        deadline = time.monotonic() + timeout
        while True:
            answer = httpx.get(
                f"{self.url}/api/v1/query", params={"query": query}, trust_env=False, verify=False
            ).json()
            assert answer["status"] == "success", answer
            found = [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.2)


@contextmanager
def prometheus(configuration: str, folder: Path) -> Iterator[Prometheus]:
    """Starts Prometheus on a free port of 127.0.0.1 with its data in a folder, and stops it."""
    (folder / "prometheus.yml").write_text(configuration)
    address = f"127.0.0.1:{free_port()}"
    options = {
        "config.file": str(folder / "prometheus.yml"),
        "storage.tsdb.path": str(folder / "tsdb"),
        "web.listen-address": address,
    }
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [str(program()), *(f"--{name}={value}" for name, value in options.items())],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Prometheus(f"http://{address}")
    try:
        _await(f"{server.url}/-/ready", process, folder / "prometheus.log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes], log: Path, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while True:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(url, trust_env=False, verify=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
