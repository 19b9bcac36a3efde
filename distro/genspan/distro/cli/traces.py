"""`genspan traces`: a list of traces, or those that MLflow's filter names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genspan.distro.cli import options
from genspan.distro.cli.place import Place
from genspan.distro.cli.progress import working
from genspan.distro.cli.tree import STATES, cost_of, lasted, name_of, started, tokens_of
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
        raise place.nothing(filter_string)
    if not as_json:
        console = Console(highlight=False)
        console.print(_table(found, console.width))
        if len(found) == most:
            click.echo(f"These are the first {most:,}; there may be more, which --max shows.", err=True)


@dataclass(frozen=True, slots=True)
class Column:
    """One fact of each trace."""

    of: Callable[[Trace], str]
    style: str = ""
    least: int | None = None
    """Characters below which it is cut off no further; None where it is shown whole."""


_GAP: Final = 2
_FIRST: Final = (
    Column(lambda trace: trace.info.trace_id, "dim"),
    Column(lambda trace: trace.info.state.value),
    Column(lasted),
)
"""Those that are always there, however narrow the terminal: an id that is cut off is none."""
_START: Final = Column(started, "dim")
_NAME: Final = Column(name_of, "bold", least=16)
_TOKENS: Final = Column(tokens_of)
_COST: Final = Column(cost_of)
_SESSION: Final = Column(lambda trace: trace.info.trace_metadata.get(TraceMetadataKey.TRACE_SESSION, ""), "dim", 12)
_REQUEST: Final = Column(lambda trace: " ".join((trace.info.request_preview or "").split()), least=20)

_ORDER: Final = (_FIRST[0], _START, *_FIRST[1:], _NAME, _TOKENS, _COST, _SESSION, _REQUEST)
"""From left to right."""
_WANTED: Final = (*_FIRST, _NAME, _TOKENS, _START, _COST, _SESSION, _REQUEST)
"""From the one that is needed most."""


def _table(found: Sequence[Trace], width: int) -> Table:
    """The columns in which there is something, as far as there is room for them."""
    cells = {column: [Text(column.of(trace), column.style) for trace in found] for column in _ORDER}
    for text in cells[_FIRST[1]]:
        text.style = STATES.get(text.plain, "")
    widths = _widths({column: max(text.cell_len for text in texts) for column, texts in cells.items()}, width)
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for column in _ORDER:
        if column in widths:
            table.add_column(width=widths[column], no_wrap=True, overflow="ellipsis")
    for index in range(len(found)):
        table.add_row(*(cells[column][index] for column in _ORDER if column in widths))
    return table


def _widths(whole: Mapping[Column, int], width: int) -> dict[Column, int]:
    """How wide each column is that there is room for, given how wide each would be whole."""
    widths: dict[Column, int] = {}
    room = width + _GAP
    for column in _WANTED:
        least = whole[column] if column.least is None else min(column.least, whole[column])
        if column in _FIRST or 0 < least + _GAP <= room:
            widths[column] = least
            room -= least + _GAP
    for column, least in widths.items():
        widths[column] = min(whole[column], least + max(room, 0))
        room -= widths[column] - least
    return widths
