"""Traces of every sort in one file, and MLflow's own store of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genspan.mlflow.store.sqlite import SqliteTraceStore
from support import varied_traces
from support.varied_traces import Varied


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test in a folder of its own, with an outbox that is not the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Varied]:
    """The file, to be read alone."""
    folder = tmp_path_factory.mktemp("varied")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("GENSPAN_OUTBOX_DIR", str(folder / "outbox"))
        yield varied_traces.fill(folder / "mlflow.db")


@pytest.fixture(scope="session")
def real(varied: Varied) -> Iterator[Any]:
    """MLflow's store of that file."""
    store = varied_traces.real_store(varied.path)
    yield store
    store._dispose_engine()


@pytest.fixture(scope="session")
def ours(varied: Varied) -> Iterator[SqliteTraceStore]:
    """Our store of that file."""
    store = SqliteTraceStore(varied.uri)
    yield store
    store.close()


@pytest.fixture
def copy(varied: Varied, tmp_path: Path) -> Varied:
    """A copy of the file, to be written to."""
    return replace(varied, path=Path(shutil.copy(varied.path, tmp_path / "copy.db")))
