"""How to open a trace in MLflow's own UI."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.text import Text

from genspan.exporters.mlflow.reading import StoredTrace

_ADDRESS = "http://127.0.0.1:5000"


def instructions(path: Path, stored: StoredTrace) -> Text:
    """The command that serves the file, ready to be pasted, and the address of the trace there."""
    mlflow = _mlflow()
    server = [mlflow or "mlflow", "ui", "--backend-store-uri", f"sqlite:///{path.absolute()}", "--workers", "1"]
    address = f"{_ADDRESS}/#/experiments/{stored.experiment_id}/traces?selectedEvaluationId={stored.trace.trace_id}"
    first = "" if mlflow else "pip install mlflow\n  "
    return Text.assemble(
        ("In MLflow's UI\n", "bold"),
        f"  {first}{shlex.join(server)}\n",
        "  ",
        (address, f"link {address}"),
    )


def _mlflow() -> str | None:
    """The `mlflow` beside this Python, else the one on the PATH."""
    beside = Path(sys.executable).parent / "mlflow"
    return str(beside) if beside.exists() else shutil.which("mlflow")
