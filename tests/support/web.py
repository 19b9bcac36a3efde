"""Web servers in processes of their own, under `opentelemetry-instrument`, and the load that tests put on them."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support import app


@dataclass
class Server:
    """A running server, whose app answers `/ask/<n>` with the id of its process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def load(self, requests: int, at_once: int = 8) -> Counter[int]:
        """Asks so many times from several threads; how often each process answered."""
        with ThreadPoolExecutor(at_once) as threads:
            return Counter(threads.map(self._ask, range(requests)))

    def _ask(self, n: int) -> int:
        answer = httpx.get(f"{self.url}/ask/{n}", timeout=60, trust_env=False, verify=False)
        assert answer.status_code == 200, self.log.read_text()
        return int(answer.text)

    def stop(self) -> float:
        """Ends it as an operator does, by SIGTERM; how many seconds it took."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - asked


@contextmanager
def serving(command: Sequence[str], port: int, folder: Path, given: Mapping[str, str]) -> Iterator[Server]:
    """Starts a command in a folder under `opentelemetry-instrument`, and waits until it answers at a port."""
    environment = app.environment(given)
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            ["opentelemetry-instrument", *command], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(f"http://127.0.0.1:{port}", process, folder / "server.log")
    try:
        deadline = time.monotonic() + 60
        while not _answers(server):
            assert process.poll() is None, server.log.read_text()
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _answers(server: Server) -> bool:
    try:
        return httpx.get(f"{server.url}/ready", timeout=5, trust_env=False, verify=False).status_code < 500
    except httpx.TransportError:
        return False
