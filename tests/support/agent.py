"""The example agent, run under the distribution against a loopback model server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from genspan.distro.demo.server import running
from support import app, mlflow_file

SOURCE = (Path(__file__).parents[2] / "examples" / "agent.py").read_text()

SPANS = Counter(
    {
        "chat gpt-5.4-mini": 3,
        "invoke_agent support_desk": 1,
        "execute_tool look_up_order": 1,
        "execute_tool search_policies": 1,
        "retrieval": 1,
        "embeddings text-embedding-3-small": 2,
    }
)
"""How many spans of each name a run has."""


def run(folder: Path, **given: str) -> list[Any]:
    """Runs the example in a folder, and gives the traces that MLflow reads there."""
    with running() as model:
        endpoint = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1"}
        done = app.run(SOURCE, folder, endpoint | given)
    assert done.stderr == ""
    assert "Answer:" in done.stdout
    return mlflow_file.traces(folder / "mlflow.db")
