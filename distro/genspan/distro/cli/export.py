"""`genspan export`: traces to a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from genspan.distro.cli import options, otlp_json
from genspan.distro.cli.exits import Wrong
from genspan.distro.cli.place import Place
from genspan.distro.cli.progress import counted
from genspan.mlflow.entities import Trace
from genspan.semconv.encoding import encode


@click.command()
@click.argument("trace_ids", nargs=-1, metavar="[TRACE_ID]...")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="The file; it must not be there yet, unless with --force.  [default: standard output]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["otlp", "mlflow"]),
    default="otlp",
    show_default=True,
    help="OTLP's JSON, one request a line, as collectors write it; or MLflow's own, one trace a line.",
)
@options.searching
@click.option("--max", "most", type=click.IntRange(min=1), help="Traces at most.  [default: all]")
@options.experiment
@options.tracking_uri
@click.option("--json", "as_json", is_flag=True, help="With --output: one JSON object that says what was written.")
def export(
    trace_ids: tuple[str, ...],
    output: Path,
    force: bool,
    form: str,
    filter_string: str | None,
    order_by: tuple[str, ...],
    most: int | None,
    experiments: tuple[str, ...],
    tracking_uri: str,
    as_json: bool,
) -> None:
    """Write traces to a file: those of the ids given, else all, or those that a filter names; the newest first.

    `genspan import` reads both formats. Exits with 1 where there is no such trace, with 2 where what was asked cannot
    be done, with 4 where the traces cannot be reached now.
    """
    is_file = str(output) != "-"
    if trace_ids and (filter_string or order_by or most or experiments):
        raise click.UsageError("Give either TRACE_ID, or --filter, --order-by, --max and --experiment.")
    if as_json and not is_file:
        raise click.UsageError("--json says what was written to a file: give --output, too.")
    if is_file and output.exists() and not force:
        raise Wrong(f"{output} is there already; --force replaces it.")
    place = Place(tracking_uri)
    if trace_ids:
        found: Iterator[Trace] = map(place.get, trace_ids)
    else:
        found = place.search(experiments, filter_string=filter_string, order_by=order_by, most=most)
    count = spans = 0
    with _opened(output, is_file) as file:
        for trace in counted(found, "Exporting", len(trace_ids) or most):
            file.write(_line(trace, form) + "\n")
            count += 1
            spans += len(trace.data.spans)
    if not count:
        raise place.nothing(filter_string)
    if as_json:
        click.echo(encode({"file": str(output), "format": form, "traces": count, "spans": spans}))
    elif is_file:
        click.echo(f"{count:,} trace{'' if count == 1 else 's'} written to {output}.", err=True)


def _line(trace: Trace, form: str) -> str:
    try:
        return trace.to_json() if form == "mlflow" else otlp_json.written(trace)
    except (ValueError, TypeError) as error:
        raise Wrong(f"Trace {trace.info.trace_id} cannot be written as {form}: {error}.") from None


@contextmanager
def _opened(output: Path, is_file: bool) -> Iterator[TextIO]:
    """Standard output; or a file that is there only when all has been written to it."""
    if not is_file:
        yield sys.stdout
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
            yield file
            is_empty = not file.tell()
        part.unlink() if is_empty else part.replace(output)
    except OSError as error:
        raise Wrong(f"{output} cannot be written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)
