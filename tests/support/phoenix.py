"""Arize Phoenix, a real OTLP backend: `make test` installs it into .venv-phoenix."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.ports import free_port

PROGRAM = Path(__file__).parents[2] / ".venv-phoenix" / "bin" / "phoenix"


@dataclass(frozen=True)
class Phoenix:
    """A running server."""

    url: str
    """Its web address; OTLP over HTTP is taken at `/v1/traces` below it."""
    grpc: str
    """Where it takes OTLP over gRPC."""

    def spans(self, project: str, count: int, timeout: float = 60) -> list[dict[str, Any]]:
        """The spans of a project, read back through its REST API.

        Waits up to so many seconds until there are at least `count`, and gives what there is then.
        """
        deadline = time.monotonic() + timeout
        while True:
            answer = httpx.get(
                f"{self.url}/v1/projects/{project}/spans", params={"limit": 1000}, trust_env=False, verify=False
            )
            spans: list[dict[str, Any]] = answer.json()["data"] if answer.status_code == 200 else []
            if len(spans) >= count or time.monotonic() > deadline:
                return spans
            time.sleep(0.2)


@contextmanager
def phoenix(folder: Path) -> Iterator[Phoenix]:
    """Starts Phoenix on free ports of 127.0.0.1 with its database in a folder, and stops it."""
    server = Phoenix(f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}")
    with (folder / "phoenix.log").open("w") as log:
        process = subprocess.Popen(
            [PROGRAM, "serve"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ
            | {
                "PHOENIX_HOST": "127.0.0.1",
                "PHOENIX_PORT": server.url.rpartition(":")[2],
                "PHOENIX_GRPC_PORT": server.grpc.rpartition(":")[2],
                "PHOENIX_WORKING_DIR": str(folder),
                "PHOENIX_TELEMETRY_ENABLED": "false",
            },
        )
    try:
        _await(server, process, folder / "phoenix.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(server: Phoenix, process: subprocess.Popen[bytes], log: Path, timeout: float = 240) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{server.url}/healthz", trust_env=False, verify=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"Phoenix is not ready after {timeout} s:\n{log.read_text()}")
