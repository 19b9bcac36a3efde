"""The store of a tracking URI, and no other, is imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from genspan.exporters.mlflow.stores import without_secrets


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


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://ada:pw@host:8080/v1?api_key=k", "https://host:8080/v1"),
        ("https://host/v1?api_key=k", "https://host/v1"),
        ("https://host/v1", "https://host/v1"),
        ("postgresql://ada:p%40w@host/db?sslpassword=k", "postgresql://host/db"),
        ("databricks://profile", "databricks://profile"),
        ("sqlite:///what?.db", "sqlite:///what?.db"),
    ],
)
def test_what_is_shown_of_a_uri(uri: str, shown: str) -> None:
    assert without_secrets(uri) == shown
