"""How to open a trace in MLflow's own UI."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.text import Text

from genspan.distro.cli.place import Place
from genspan.mlflow.entities import Trace
from genspan.mlflow.notebook.mlflow_ui import way_to


def instructions(place: Place, trace: Trace) -> Text:
    """The address of the trace's page; before it, where no server runs, the command that serves the file."""
    way = way_to(trace, place.uri)
    if way is None:
        return Text()
    address = (way.address, f"link {way.address}")
    if place.path is None:
        return Text.assemble(("In MLflow's UI\n", "bold"), "  ", address)
    first = "" if mlflow_command() else "pip install mlflow\n  "
    return Text.assemble(
        ("In MLflow's UI\n", "bold"), f"  {first}{shlex.join(server_command(place.path))}\n", "  ", address
    )


def server_command(path: str, *options: str) -> list[str]:
    """The command that serves a file. One worker is enough for one person, and starts four times as fast."""
    mlflow = mlflow_command() or "mlflow"
    return [mlflow, "ui", "--backend-store-uri", f"sqlite:///{path}", "--workers", "1", *options]


def mlflow_command() -> str | None:
    """The `mlflow` beside this Python, else the one on the PATH; None where there is none."""
    beside = Path(sys.executable).parent / "mlflow"
    return str(beside) if beside.exists() else shutil.which("mlflow")
