"""`genspan traces`: a list of traces, or those that MLflow's filter names."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genspan.distro.cli import options
from genspan.distro.cli.exits import Missing
from genspan.distro.cli.place import Place
from genspan.distro.cli.progress import working
from genspan.distro.cli.tree import STATES, cost_of, lasted, name_of, started, usage_of
from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.mlflow.entities import Trace
from genspan.semconv.encoding import encode

DEFAULT_MOST = 20


@click.command()
@options.searching
@click.option(
    "--max", "most", type=click.IntRange(min=1), default=DEFAULT_MOST, show_default=True, help="Traces at most."
)
@options.experiment
@options.tracking_uri
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each trace: MLflow's trace info.")
def traces(
    filter_string: str | None,
    order_by: tuple[str, ...],
    most: int,
    experiments: tuple[str, ...],
    tracking_uri: str,
    as_json: bool,
) -> None:
    """List traces, the newest first, or search with MLflow's filter.

    \b
    genspan traces --filter "trace.status = 'ERROR' AND tag.team = 'desk'"
    genspan traces --filter "span.type = 'TOOL'" --order-by "execution_time_ms DESC" --max 5

    Exits with 1 where there is none, with 2 where what was asked cannot be understood, with 4 where the traces cannot
    be reached now.
    """
    place = Place(tracking_uri)
    with working("Searching"):
        search = place.search(
            experiments, filter_string=filter_string, order_by=order_by, most=most, include_spans=False
        )
        found = list(search)
    if as_json:
        for trace in found:
            click.echo(encode(trace.info.to_dict()))
    if not found:
        raise Missing(f"{place.name} holds no such trace." if filter_string else f"{place.name} holds no trace yet.")
    if not as_json:
        console = Console(highlight=False)
        console.print(_table(found, console.width))
        if len(found) == most:
            click.echo(f"There may be more than {most}: --max shows them.", err=True)


def _table(found: Sequence[Trace], width: int) -> Table:
    """The columns in which there is something, as far as there is room for them."""
    rows = [_row(trace) for trace in found]
    shown = [
        index for index, (_, least) in enumerate(_COLUMNS) if width >= least and any(row[index].plain for row in rows)
    ]
    table = Table.grid(padding=(0, 2, 0, 0))
    for index in shown:
        # rich narrows columns that may wrap before the others; their text is cut off, since it may not.
        table.add_column(no_wrap=not _COLUMNS[index][0], overflow="ellipsis")
    for row in rows:
        table.add_row(*(row[index] for index in shown))
    return table


_COLUMNS = (
    (False, 0),
    (False, 100),
    (False, 0),
    (False, 0),
    (True, 0),
    (False, 80),
    (False, 110),
    (True, 120),
    (True, 120),
)
"""Of each column, whether it gives way to others, and how wide the terminal must be for it."""


def _row(trace: Trace) -> tuple[Text, ...]:
    """Id, start, state, duration, name, tokens, cost, session, request."""
    info = trace.info
    state = info.state.value
    return (
        Text(info.trace_id, "dim"),
        Text(started(trace), "dim"),
        Text(state, STATES.get(state, "")),
        Text(lasted(trace)),
        Text(name_of(trace), "bold", no_wrap=True),
        Text(usage_of(trace).replace(" tokens", "")),
        Text(cost_of(trace)),
        Text(info.trace_metadata.get(TraceMetadataKey.TRACE_SESSION, ""), "dim", no_wrap=True),
        Text(" ".join((info.request_preview or "").split()), no_wrap=True),
    )
