"""`genspan ui`: MLflow's own UI on the traces."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import click

from genspan.distro.cli import options
from genspan.distro.cli.exits import Missing, Wrong
from genspan.distro.cli.place import Place
from genspan.distro.cli.way import mlflow_command, server_command
from genspan.semconv.encoding import encode

_END_TIME: Final = 5.0
"""Seconds that MLflow's server has to end."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve at.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@options.tracking_uri
@click.option("--json", "as_json", is_flag=True, help="Start nothing: one JSON object with address and command.")
def ui(host: str, port: int, tracking_uri: str, as_json: bool) -> None:
    """Start MLflow's UI on the file with the traces, until Ctrl-C; say where a server's is.

    Exits with 1 where there is no file, or no mlflow installed, with 2 where it cannot be started, else as mlflow does.
    """
    place = Place(tracking_uri)
    if place.path is None:
        if not place.uri.startswith(("http:", "https:")):
            raise Wrong(f"Traces of {place.shown} are in its own UI.")
        click.echo(encode({"address": place.shown, "command": None}) if as_json else f"{place.shown} has MLflow's UI.")
        return
    command = server_command(place.path, "--host", host, "--port", str(port))
    address = f"http://{host}:{port}"
    if as_json:
        click.echo(encode({"address": address, "command": command if mlflow_command() else None}))
        return
    if mlflow_command() is None:
        raise Missing("MLflow's UI comes with MLflow, which is not installed here: pip install mlflow")
    if _is_taken(host, port):
        raise Wrong(f"Port {port} of {host} is in use: --port chooses another.")
    click.echo(f"{place.path} at {address} (Ctrl-C ends it)", err=True)
    raise SystemExit(_served(command))


def _served(command: Sequence[str]) -> int:
    """Runs MLflow's server until it ends, or somebody ends this program; then all of its processes end, too.

    MLflow's own leaves its workers behind where a signal reaches it alone, as a supervisor's or an editor's (3.17.2).
    """
    try:
        process = subprocess.Popen(command, env=_environ(), start_new_session=True)
    except OSError as error:
        raise Wrong(f"{command[0]} cannot be started: {error.strerror}.") from None
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, and those that it has started; those that do not end in time are killed."""
    if not hasattr(os, "killpg"):
        process.terminate()
        process.wait()
        return
    deadline = time.monotonic() + _END_TIME
    with suppress(ProcessLookupError):  # Which says that none is left of the group that it leads.
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environ() -> dict[str, str]:
    """Without what would have MLflow itself traced."""
    return {**os.environ, "OTEL_SDK_DISABLED": "true"}


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
