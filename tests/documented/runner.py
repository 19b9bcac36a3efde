"""Runs the programs of this folder, each in an experiment of its own: `python -m documented.runner genspan|mlflow …`.

The programs are MLflow's documentation's, with one line changed: `from genspan import mlflow`. For the real MLflow that
line is changed back.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"


def names() -> list[str]:
    """All programs."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py"))


def source(name: str, api: str) -> str:
    """A program as it is written for genspan, or for MLflow."""
    text = (PROGRAMS / f"{name}.py").read_text()
    if api == "mlflow":
        text = re.sub(r"^from genspan import mlflow$", "import mlflow", text, flags=re.MULTILINE)
        text = text.replace("from genspan.mlflow", "from mlflow")
    return text


def main(api: str, *chosen: str) -> None:
    """Runs them one after the other, and says what each printed."""
    mlflow: Any
    if api == "genspan":
        from genspan import mlflow
    else:
        import mlflow
    for name in chosen or names():
        mlflow.set_experiment(name)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source(name, api), f"{name}.py", "exec"), {"__name__": "__main__"})
        mlflow.openai.autolog(disable=True)
        mlflow.langchain.autolog(disable=True)
        mlflow.tracing.configure(span_processors=[])
        mlflow.tracing.enable()
        mlflow.flush_trace_async_logging()
        print(f"{name}: {printed.getvalue()!r}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_MODEL_CATALOG_URI", "")
    main(*sys.argv[1:])
