"""A workspace to write to, and nothing of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.databricks import TOKEN, Databricks, Experiment


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("DATABRICKS_", "ARM_", "GOOGLE_", "MLFLOW_TRACKING_", "MLFLOW_TRACING_", "MLFLOW_HTTP_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def databricks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Databricks]:
    """A workspace; the environment names it and a token for it."""
    with Databricks() as databricks:
        monkeypatch.setenv("DATABRICKS_HOST", databricks.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        yield databricks


@pytest.fixture
def experiment(databricks: Databricks) -> Experiment:
    """An experiment in it."""
    return databricks.add_experiment("/Shared/shop", id="1111")
