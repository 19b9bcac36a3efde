"""`genspan status`: what is still on its way to MLflow, and what will not get there by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from genspan.distro.cli.exits import LOST, NOTHING
from genspan.exporters.mlflow.delivery import Delivery
from genspan.exporters.mlflow.outbox import Outbox
from genspan.exporters.mlflow.outbox_folder import folders
from genspan.exporters.mlflow.outbox_report import Report, UnreadableOutbox, files, read
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store
from genspan.exporters.mlflow.untraced import untraced
from genspan.mlflow.notebook.amounts import duration
from genspan.semconv.encoding import encode

RETRY_TIME: Final = 60.0
"""Seconds that `--retry` takes at most for one tracking URI."""

SHOWN: Final = 10
"""Traces that were set aside, with their reasons; `--json` has all."""


@click.command()
@click.option("--tracking-uri", help="Only the traces on their way there.  [default: all tracking URIs]")
@click.option("--retry", is_flag=True, help="First try to write what waits, now, with the credentials set here.")
@click.option("--requeue", is_flag=True, help="First have what was set aside wait again; with --retry, try it at once.")
@click.option("--discard", is_flag=True, help="First delete what was set aside, and forget what was dropped.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line for each tracking URI; Unix times, bytes."
)
def status(tracking_uri: str | None, retry: bool, requeue: bool, discard: bool, as_json: bool) -> None:
    """Show the traces that wait to be written to MLflow, and why.

    Exits with 0 where all traces have been written; with 1 where some wait; with 3 where some will not be written by
    themselves: MLflow rejects them, and they were set aside, or they were dropped since there was no more room; with 2
    where what was asked cannot be done.
    """
    if requeue and discard:
        raise click.UsageError("Give either --requeue or --discard, not both.")
    reports = _reports(tracking_uri)
    for report in reports:
        _act(report, tracking_uri, retry=retry, requeue=requeue, discard=discard)
    if retry or requeue or discard:
        reports = _reports(tracking_uri)
    if as_json:
        for report in reports:
            click.echo(encode(asdict(report)))
    else:
        _print(reports)
    if any(report.has_lost for report in reports):
        raise SystemExit(LOST)
    if any(report.waiting_traces for report in reports):
        raise SystemExit(NOTHING)


def _reports(tracking_uri: str | None) -> list[Report]:
    """What the outboxes of this user hold. Raises UsageError."""
    try:
        uri = tracking_uri and open_store(tracking_uri).uri
        found = [read(path) for path in files(folders(os.environ))]
    except (ValueError, UnreadableOutbox) as error:
        raise click.UsageError(f"{error}.".replace("..", ".")) from None
    return [report for report in found if uri in (None, report.tracking_uri)]


def _act(report: Report, tracking_uri: str | None, *, retry: bool, requeue: bool, discard: bool) -> None:
    outbox = Outbox(os.path.dirname(report.path), report.tracking_uri)
    try:
        if requeue:
            outbox.requeue()
        if discard:
            outbox.discard()
        if retry:
            # The URI as given may hold the credentials, which are not written down.
            delivery = Delivery(open_store(tracking_uri or report.tracking_uri), outbox, Experiment())
            with untraced():
                delivery.flush(RETRY_TIME)
                delivery.close()
    except (StoreUnavailable, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _print(reports: Sequence[Report]) -> None:
    console = Console(highlight=False)
    troubled = [report for report in reports if not report.is_clear]
    for report in troubled:
        console.print(_rendered(report))
    if not troubled:
        console.print("All traces have been written.")


def _rendered(report: Report) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, told in _facts(report):
        table.add_row(label, told)
    return Group(Text(report.tracking_uri, "bold", overflow="fold"), Padding(table, (0, 0, 1, 2)))


def _facts(report: Report) -> Iterator[tuple[str, Text]]:
    now = time.time()
    if report.waiting_traces:
        age = duration(round((now - (report.oldest or now)) * 1e9))
        told = f"{_counted(report.waiting_traces, 'trace')}, {_size(report.waiting_bytes)}, the oldest for {age}"
        yield "waiting", Text(told, "yellow")
    if report.trouble:
        yield "last try", Text(report.trouble)
        if report.next_try:
            pause = max(0, round(report.next_try - now))
            yield "next try", Text(f"in {duration(pause * 10**9)}" if pause else "with the next trace, or --retry")
    if report.rejected:
        yield "set aside", Text(_counted(len(report.rejected), "trace"), "red")
        for rejected in report.rejected[:SHOWN]:
            yield "", Text.assemble((rejected.trace_id, "dim"), f" {rejected.reason}")
        if len(report.rejected) > SHOWN:
            yield "", Text("…")
    if report.dropped_traces:
        told = (
            f"{_counted(report.dropped_traces, 'trace')} ({_counted(report.dropped_spans, 'span')}), for want of room"
        )
        yield "dropped", Text(told, "bold red")
    yield "outbox", Text(report.path, "dim", overflow="fold")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _size(count: float) -> str:
    for unit in ("bytes", "kB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} MB"
