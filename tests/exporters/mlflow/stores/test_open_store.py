"""The store of a tracking URI, and no other, is imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("uri", "loaded"),
    [
        ("sqlite:///x.db", ["sqlite"]),
        ("http://127.0.0.1:1", ["server"]),
        ("databricks", ["databricks"]),
    ],
)
def test_a_program_loads_what_it_uses(uri: str, loaded: list[str]) -> None:
    program = f"""
import sys
from genspan.exporters.mlflow import MlflowSpanExporter
MlflowSpanExporter({uri!r})
stores = ("database", "databricks", "server", "sqlite")
import json
print(json.dumps([name for name in stores if f"genspan.exporters.mlflow.stores.{{name}}.store" in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(loaded) <= set(json.loads(done.stdout)) <= {*loaded, "sqlite"}  # The outbox is a SQLite file, too.
