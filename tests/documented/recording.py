"""What the programs record, as MLflow's own reader has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genspan.distro.demo.server import running
from support import mlflow_file  # noqa: F401 - sets what mlflow reads when it is imported
from support.environments import ROOT

Traces = Mapping[str, Sequence[Any]]
"""`mlflow.entities.Trace`s by program, in the order in which they began."""


def recorded(api: str, folder: Path) -> Traces:
    """The traces of all programs, run against a loopback server with `genspan` or the real `mlflow`."""
    with running() as server:
        settings = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "MLFLOW_"))}
        subprocess.run(
            [sys.executable, "-m", "documented.runner", api],
            check=True,
            cwd=folder,
            timeout=400,
            stdout=subprocess.PIPE,
            env={
                **settings,
                "PYTHONPATH": str(ROOT / "tests"),
                "OPENAI_API_KEY": "none",
                "OPENAI_BASE_URL": server.base_url,
                "WORKSPACE": server.base_url.removesuffix("/v1"),
                "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
                "MLFLOW_MODEL_CATALOG_URI": "",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "GENSPAN_OUTBOX_DIR": str(folder / "outbox"),
                "LANGSMITH_TRACING": "false",
            },
        )
    return _read(folder / "mlflow.db")


def _read(file: Path) -> Traces:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{file}")
    return {
        experiment.name: sorted(
            client.search_traces(locations=[experiment.experiment_id], max_results=100), key=_start_of
        )
        for experiment in client.search_experiments()
        if experiment.name != "Default"
    }


def _start_of(trace: Any) -> int:
    return min(span.start_time_ns for span in trace.data.spans)


def walk(trace: Any) -> Iterator[tuple[int, Any]]:
    """The spans of a trace from the root down, each with its depth, siblings in the order in which they began."""
    children: dict[str | None, list[Any]] = {}
    for span in sorted(trace.data.spans, key=lambda span: span.start_time_ns):
        children.setdefault(span.parent_id, []).append(span)

    def below(parent: str | None, depth: int) -> Iterator[tuple[int, Any]]:
        for span in children.get(parent, ()):
            yield depth, span
            yield from below(span.span_id, depth + 1)

    return below(None, 0)


def outline(trace: Any) -> str:
    """The tree of a trace in a few words: `root TYPE > child TYPE`, with the depth as dots."""
    return "\n".join(f"{'. ' * depth}{span.name} {span.span_type}" for depth, span in walk(trace))
