"""`genspan demo`: a real agent app, traced, with a small model server on this machine where there is no API key."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from genspan.distro import demo as package
from genspan.distro.cli.doctor.trial import START
from genspan.distro.cli.exits import Missing, Wrong
from genspan.distro.cli.place import Place
from genspan.distro.cli.tree import rendered
from genspan.distro.cli.way import instructions

NEEDED: Final = {"openai": "openai", "langchain": "langchain", "langchain_openai": "langchain-openai", "numpy": "numpy"}
"""Modules that the app imports, and the packages that have them."""
TRACES: Final = 3
"""That one run makes."""
TIME: Final = 300
"""Seconds for the app."""


@click.command()
@click.option(
    "--tracking-uri",
    default="sqlite:///genspan-demo.db",
    show_default=True,
    help="Where the demo's traces go; by default to a file of their own.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each trace: MLflow's own, with all.")
def demo(tracking_uri: str, as_json: bool) -> None:
    """Run a support desk's agent, traced, and show its traces.

    OPENAI_API_KEY set: the real API answers; else a small model server on this machine does. Exits with 1 where a
    package is missing that it needs.
    """
    missing = [name for module, name in NEEDED.items() if not _is_there(module)]
    if missing:
        raise Missing(f"The demo needs {', '.join(missing)}: pip install 'genspan[demo]'")
    program = _program()
    with _model() as model:
        click.echo(f"$ opentelemetry-instrument python {program}\n", err=True)
        environ = {
            **os.environ,
            **model,
            "MLFLOW_TRACKING_URI": tracking_uri,
            "OTEL_SERVICE_NAME": os.environ.get("OTEL_SERVICE_NAME") or "support-desk",
        }
        output = sys.stderr if as_json else None
        try:
            done = subprocess.run(
                [sys.executable, "-c", START, sys.executable, str(program)],
                env=environ,
                stdout=output,
                timeout=TIME,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Wrong(f"The demo was not done after {TIME} s.") from None
    if done.returncode:
        raise Wrong(f"The demo failed with exit code {done.returncode}; genspan doctor may say why.")
    place = Place(tracking_uri)
    traces = list(place.search([], most=TRACES))[::-1]
    if not traces:
        raise Missing(f"No trace has come to {place.name}; genspan doctor may say why.")
    if as_json:
        for trace in traces:
            click.echo(trace.to_json())
        return
    console = Console(highlight=False)
    console.print()
    for trace in traces:
        console.print(rendered(trace, console.options))
    console.print(instructions(place, traces[-1]), soft_wrap=True)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # It has been kept from being imported.
        return False


def _program() -> Path:
    """The app: beside the model server in an installed package, in `examples` of a checkout."""
    folder = Path(package.__file__).parent
    candidates = [folder / "agent.py", *(up / "examples" / "agent.py" for up in folder.parents[:4])]
    for path in candidates:
        if path.is_file():
            return path
    raise Missing("The demo's app is not in this installation: see examples/agent.py of genspan's repository.")


@contextmanager
def _model() -> Iterator[Mapping[str, str]]:
    """Variables by which the OpenAI SDK finds a model."""
    if os.environ.get("OPENAI_API_KEY"):
        yield {}
        return
    from genspan.distro.demo.server import running

    click.echo("OPENAI_API_KEY is not set: a small model server on this machine answers.", err=True)
    # A proxy of the machine must not be asked for a server on loopback.
    without = ",".join(filter(None, ("127.0.0.1", os.environ.get("no_proxy") or os.environ.get("NO_PROXY"))))
    with running() as server:
        yield {
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": server.base_url,
            "no_proxy": without,
            "NO_PROXY": without,
        }
