"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from genspan.exporters.mlflow.tracking import DEFAULT_TRACKING_URI, MLFLOW_TRACKING_URI

Command = TypeVar("Command", bound=Callable[..., Any])

tracking_uri: Final = click.option(
    "--tracking-uri",
    envvar=MLFLOW_TRACKING_URI,
    default=DEFAULT_TRACKING_URI,
    show_default=True,
    show_envvar=True,
    help="Where the traces are: sqlite:///relative/path, sqlite:////absolute/path, http(s)://host:port, databricks.",
)

experiment: Final = click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="NAME|ID",
    help="The experiment to look in; may be given again.  [default: MLFLOW_EXPERIMENT_NAME or _ID, else all]",
)


def searching(command: Command) -> Command:
    """Options of a search: filter, order."""
    for option in (
        click.option("--order-by", multiple=True, metavar="TEXT", help="As in MLflow, e.g. 'execution_time_ms DESC'."),
        click.option("--filter", "filter_string", metavar="TEXT", help="MLflow's, e.g. \"trace.status = 'ERROR'\"."),
    ):
        command = option(command)
    return command
