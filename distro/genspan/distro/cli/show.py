"""`genspan show`: traces of an MLflow SQLite file, as trees in the terminal or as JSON."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from genspan.distro.cli.tree import rendered
from genspan.distro.cli.ui import instructions
from genspan.exporters.mlflow.reading import NotAnMlflowFile, StoredTrace, find, latest
from genspan.exporters.mlflow.stores import without_secrets
from genspan.exporters.mlflow.stores.sqlite.store import path_of
from genspan.exporters.mlflow.tracking import DEFAULT_TRACKING_URI, MLFLOW_TRACKING_URI
from genspan.semconv.encoding import decode, encode


@click.command()
@click.argument("trace_id", required=False)
@click.option(
    "--last", type=click.IntRange(min=1), metavar="N", help="The newest N traces, the newest last.  [default: 1]"
)
@click.option(
    "--tracking-uri",
    envvar=MLFLOW_TRACKING_URI,
    default=DEFAULT_TRACKING_URI,
    show_default=True,
    show_envvar=True,
    help="Where the traces are: sqlite:///relative/path or sqlite:////absolute/path.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each trace, with all that is stored.")
def show(trace_id: str | None, last: int | None, tracking_uri: str, as_json: bool) -> None:
    """Show the trace TRACE_ID, or the latest.

    Exits with 1 where there is nothing to show, with 2 where what was asked cannot be read.
    """
    if trace_id and last:
        raise click.UsageError("Give either TRACE_ID or --last, not both.")
    path = _path(tracking_uri)
    traces = _traces(path, trace_id, last or 1)
    if as_json:
        for stored in traces:
            click.echo(_json(stored))
        return
    console = Console(highlight=False)
    for stored in traces:
        console.print(rendered(stored.trace, console.options))
    console.print(instructions(path, traces[-1]), soft_wrap=True)


def _path(tracking_uri: str) -> Path:
    """The SQLite file that a tracking URI names. Raises UsageError where it names none."""
    scheme = urlsplit(tracking_uri).scheme
    if scheme.partition("+")[0] != "sqlite":
        shown = without_secrets(tracking_uri)
        hint = ": its traces are in its own UI." if scheme in ("http", "https") else "."
        raise click.UsageError(f"genspan show reads SQLite files (sqlite:///…), not {shown}{hint}")
    try:
        return Path(path_of(tracking_uri))
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None


def _traces(path: Path, trace_id: str | None, count: int) -> list[StoredTrace]:
    """The traces asked for, the newest last. Raises ClickException where there are none."""
    try:
        found = [find(path, trace_id)] if trace_id else latest(path, count)[::-1]
    except FileNotFoundError:
        hint = (
            "" if os.environ.get(MLFLOW_TRACKING_URI) else f" (--tracking-uri or {MLFLOW_TRACKING_URI} names another)"
        )
        raise click.ClickException(f"There is no file {path}{hint}.") from None
    except NotAnMlflowFile as error:
        raise click.UsageError(f"{path} holds no MLflow traces: {error}.") from None
    except sqlite3.OperationalError as error:
        raise click.ClickException(f"{path} cannot be read: {error}.") from None
    traces = [stored for stored in found if stored]
    if not traces:
        raise click.ClickException(
            f"There is no trace {trace_id} in {path}." if trace_id else f"{path} holds no trace yet."
        )
    return traces


def _json(stored: StoredTrace) -> str:
    """The trace as JSON, the spans' attributes as the values that their JSON text stands for."""
    trace = asdict(stored.trace)
    for span in trace["spans"]:
        span["attributes"] = {key: _value(text) for key, text in span["attributes"].items()}
    return encode({"experiment_id": stored.experiment_id, **trace})


def _value(text: str) -> object:
    try:
        return decode(text)
    except ValueError:
        return text
