from collections.abc import Iterator
from pathlib import Path

import pytest

from support import mlflow_api


@pytest.fixture
def tracing_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[mlflow_api.Tracing]:
    with mlflow_api.tracing_to(monkeypatch, tmp_path) as recorded:
        yield recorded
