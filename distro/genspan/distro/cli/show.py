"""`genspan show`: traces as trees in the terminal, with what was said, or as JSON."""

from __future__ import annotations

import click
from rich.console import Console

from genspan.distro.cli import messages as said
from genspan.distro.cli import options
from genspan.distro.cli.place import Place
from genspan.distro.cli.tree import rendered
from genspan.distro.cli.way import instructions


@click.command()
@click.argument("trace_id", required=False)
@click.option(
    "--last", type=click.IntRange(min=1), metavar="N", help="The newest N traces, the newest last.  [default: 1]"
)
@click.option(
    "--messages/--no-messages",
    default=None,
    help="Whether prompts and answers are shown below the tree.  [default: without --last]",
)
@options.experiment
@options.tracking_uri
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each trace: MLflow's own, with all.")
def show(
    trace_id: str | None,
    last: int | None,
    messages: bool | None,
    experiments: tuple[str, ...],
    tracking_uri: str,
    as_json: bool,
) -> None:
    """Show the trace TRACE_ID, or the latest.

    Exits with 1 where there is nothing to show, with 2 where what was asked cannot be read, with 4 where the traces
    cannot be reached now.
    """
    if trace_id and (last or experiments):
        raise click.UsageError("Give either TRACE_ID, or --last and --experiment.")
    place = Place(tracking_uri)
    traces = [place.get(trace_id)] if trace_id else list(place.search(experiments, most=last or 1))[::-1]
    if not traces:
        raise place.nothing()
    if as_json:
        for trace in traces:
            click.echo(trace.to_json())
        return
    console = Console(highlight=False)
    for trace in traces:
        console.print(rendered(trace, console.options))
        if messages or (messages is None and last is None):
            for part in said.rendered(trace):
                console.print(part)
    console.print(instructions(place, traces[-1]), soft_wrap=True)
