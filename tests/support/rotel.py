"""Rotel, a real OTLP collector, which forwards what it gets: in `.venv-rotel`, made where it is missing."""

from __future__ import annotations

import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.environments import interpreter
from support.ports import free_port

PACKAGE = "rotel==0.0.1a15"


@dataclass(frozen=True)
class Rotel:
    """A running collector."""

    http: str
    """Where it takes OTLP over HTTP, for `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    grpc: str
    """Where it takes OTLP over gRPC."""


@contextmanager
def rotel(forward_to: str, folder: Path) -> Iterator[Rotel]:
    """Starts the collector on free ports of 127.0.0.1, forwarding over OTLP/HTTP, and stops it, so that all is sent on.

    Raises `support.environments.Unavailable`.
    """
    (program,) = interpreter("rotel", [PACKAGE]).parents[1].glob("lib/*/site-packages/rotel/rotel-agent")
    grpc, http = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    options = {
        "pid-file": str(folder / "rotel.pid"),
        "log-file": str(folder / "rotel.log"),
        "otlp-grpc-endpoint": grpc,
        "otlp-http-endpoint": http,
        "exporter": "otlp",
        "otlp-exporter-endpoint": forward_to,
        "otlp-exporter-protocol": "http",
    }
    with (folder / "rotel.out").open("w") as log:
        process = subprocess.Popen(
            [program, "start", *(text for name, value in options.items() for text in (f"--{name}", value))],
            stdout=log,
            stderr=subprocess.STDOUT,
            # It is linked to Python's library, which is not always where the system looks.
            env=os.environ | {"LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR")},
        )
    try:
        for address in (grpc, http):
            _await(address, process, folder / "rotel.out")
        yield Rotel(f"http://{http}", f"http://{grpc}")
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(address: str, process: subprocess.Popen[bytes], log: Path, timeout: float = 30) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + timeout
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
