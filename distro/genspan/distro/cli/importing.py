"""`genspan import`: traces from files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import click

from genspan.distro.cli import options, otlp_json
from genspan.distro.cli.exits import LOST, Unreachable, Wrong
from genspan.distro.cli.progress import counted
from genspan.distro.cli.stored import as_stored
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores import Experiment, Store, StoreUnavailable, open_store
from genspan.exporters.mlflow.tracking import Tracking
from genspan.exporters.mlflow.untraced import untraced
from genspan.mlflow.entities import Assessment, Trace
from genspan.mlflow.exceptions import MlflowException
from genspan.mlflow.store import open_store as open_for_reading
from genspan.mlflow.store.contract import TraceStore
from genspan.semconv.encoding import decode, encode

BATCH: Final = 50
"""Traces that are written together."""
SHOWN: Final = 10
"""Complaints that are printed; `--json` has all."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A trace of a file, and what was judged of it."""

    trace: MlflowTrace
    assessments: Sequence[Assessment]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why something was not imported."""

    place: str
    """`file:line`, or the id of a trace."""
    reason: str


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.File("r", encoding="utf-8"), metavar="FILE...")
@click.option(
    "--experiment", metavar="NAME|ID", help="Where to.  [default: MLFLOW_EXPERIMENT_NAME or _ID, else Default]"
)
@options.tracking_uri
@click.option("--json", "as_json", is_flag=True, help="One JSON object that says what was imported, and what was not.")
def import_(files: tuple[TextIO, ...], experiment: str | None, tracking_uri: str, as_json: bool) -> None:
    """Write the traces of files (- is standard input) to MLflow.

    Both formats of `genspan export` are read, and OTLP's JSON of collectors, whose spans are translated as if the app
    had sent them here. A trace that is there already is completed, never doubled. Exits with 2 where a file holds no
    trace, with 3 where some of what it holds was not imported, with 4 where MLflow cannot be reached now.
    """
    try:
        store = open_store(tracking_uri)
    except ValueError as error:
        raise Wrong(str(error)) from None
    complaints: list[Complaint] = []
    target = _experiment(experiment)
    count = spans = 0
    with untraced():
        try:
            for batch in _batches(counted(_read(files, complaints), "Importing", None)):
                refused = _write(store, batch, target, tracking_uri)
                complaints += refused
                written = [one for one in batch if one.trace.trace_id not in {complaint.place for complaint in refused}]
                count += len(written)
                spans += sum(len(one.trace.spans) for one in written)
        except StoreUnavailable as error:
            raise Unreachable(f"{error} {count:,} traces were imported before.") from None
        finally:
            store.close()
    if as_json:
        told = [{"place": complaint.place, "reason": complaint.reason} for complaint in complaints]
        click.echo(encode({"tracking_uri": store.uri, "traces": count, "spans": spans, "not_imported": told}))
    else:
        for complaint in complaints[:SHOWN]:
            click.echo(f"{complaint.place}: {complaint.reason}", err=True)
        if len(complaints) > SHOWN:
            click.echo(f"… and {len(complaints) - SHOWN:,} more", err=True)
        click.echo(f"{count:,} trace{'' if count == 1 else 's'} imported to {store.uri}.", err=True)
    if not count:
        raise Wrong("No trace was imported.")
    if complaints:
        raise SystemExit(LOST)


def _experiment(given: str | None) -> Experiment:
    if given is None:
        return Tracking.read(os.environ).experiment
    return Experiment(id=given) if given.isdigit() else Experiment(name=given)


def _read(files: Sequence[TextIO], complaints: list[Complaint]) -> Iterator[Imported]:
    for file in files:
        yield from _read_one(file, complaints)


def _read_one(file: TextIO, complaints: list[Complaint]) -> Iterator[Imported]:
    name = Path(file.name).name
    try:
        for number, held in _documents(file):
            traces = _imported(held)
            if isinstance(traces, str):
                complaints.append(Complaint(f"{name}:{number}", f"no trace: {traces}"))
            else:
                yield from traces
    except (OSError, UnicodeError) as error:
        complaints.append(Complaint(name, f"it cannot be read: {error}"))


def _documents(file: TextIO) -> Iterator[tuple[int, Any]]:
    """What each line holds, with its number; of a file that is one JSON text on many lines, what that holds."""
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            held = decode(line)
        except ValueError as error:
            if number > 1:
                yield number, error
                continue
            try:
                held = decode(line + file.read())
            except ValueError:
                yield number, error
                return
        if isinstance(held, list):
            yield from ((number, item) for item in held)
        else:
            yield number, held


def _imported(held: Any) -> list[Imported] | str:
    """The traces of one JSON value; why there is none, where there is none."""
    try:
        return list(_found(held))
    except (ValueError, MlflowException, KeyError, TypeError, AttributeError) as error:
        return str(error) or type(error).__name__


def _found(held: Any) -> Iterator[Imported]:
    if isinstance(held, ValueError):
        raise ValueError(f"no JSON ({held})")
    if isinstance(held, dict) and "info" in held and "data" in held:
        trace = Trace.from_dict(held)
        yield Imported(as_stored(trace), trace.info.assessments)
    elif isinstance(held, dict) and ("resourceSpans" in held or "resource_spans" in held):
        for stored, info in otlp_json.read(held):
            yield Imported(stored, info.assessments if info else ())
    else:
        raise ValueError("neither MLflow's JSON (info and data) nor OTLP's (resourceSpans)")


def _batches(traces: Iterator[Imported]) -> Iterator[list[Imported]]:
    batch: list[Imported] = []
    for trace in traces:
        batch.append(trace)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(store: Store, batch: Sequence[Imported], experiment: Experiment, uri: str) -> list[Complaint]:
    """Writes traces and what was judged of them. Raises StoreUnavailable."""
    rejections = store.write([one.trace for one in batch], experiment)
    complaints = [Complaint(rejection.trace_id, rejection.reason) for rejection in rejections]
    refused = {rejection.trace_id for rejection in rejections}
    judged = [one for one in batch if one.assessments and one.trace.trace_id not in refused]
    if not judged:
        return complaints
    reader = open_for_reading(uri)
    return complaints + [complaint for one in judged for complaint in _judge(reader, one)]


def _judge(reader: TraceStore, imported: Imported) -> Iterator[Complaint]:
    """Writes the assessments of a trace that are not there."""
    try:
        there = reader.get_trace(imported.trace.trace_id).info.assessments
        known = {assessment.assessment_id for assessment in there}
        for assessment in imported.assessments:
            if assessment.assessment_id not in known:
                reader.create_assessment(assessment)
    except MlflowException as error:
        yield Complaint(f"{imported.trace.trace_id}, its assessments", str(error))
