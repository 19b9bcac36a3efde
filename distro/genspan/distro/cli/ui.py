"""`genspan ui`: MLflow's own UI on the traces."""

from __future__ import annotations

import os
import socket
import subprocess

import click

from genspan.distro.cli import options
from genspan.distro.cli.exits import Missing, Wrong
from genspan.distro.cli.place import Place
from genspan.distro.cli.way import mlflow_command, server_command
from genspan.semconv.encoding import encode


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
    try:
        code = subprocess.call(command, env=_environ())
    except KeyboardInterrupt:
        return
    except OSError as error:
        raise Wrong(f"{command[0]} cannot be started: {error.strerror}.") from None
    raise SystemExit(code)


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
