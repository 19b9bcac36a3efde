from pathlib import Path

import pytest

from genspan.mlflow.notebook.mlflow_ui import RENDERER_BASE_URL, Way, way_to
from support.notebook_traces import TRACE_ID, trace

LOCAL = "http://127.0.0.1:5000"
PAGE = f"/#/experiments/7/traces?selectedEvaluationId=tr-{TRACE_ID}"


@pytest.mark.parametrize(
    ("uri", "way"),
    [
        ("sqlite:////data/my x.db", Way(f"{LOCAL}{PAGE}", "mlflow ui --backend-store-uri 'sqlite:////data/my x.db'")),
        ("sqlite+pysqlite:////x.db", Way(f"{LOCAL}{PAGE}", "mlflow ui --backend-store-uri sqlite:////x.db")),
        ("sqlite://", None),
        ("http://localhost:5000", Way(f"http://localhost:5000{PAGE}")),
        ("https://me:secret@mlflow.example/sub/?token=1#x", Way(f"https://mlflow.example/sub{PAGE}")),
        ("javascript:alert(1)//", None),
        ("https://a.example/<script>", None),
        ("ftp://a.example", None),
        ("databricks", None),
        ("databricks://profile", None),
        ("postgresql://me:secret@db/x", None),
    ],
)
def test_the_way_by_tracking_uri(uri: str, way: Way | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RENDERER_BASE_URL, raising=False)
    assert way_to(trace(), uri) == way


def test_the_default_is_the_tracking_uri_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert way_to(trace(), None) == Way(f"http://mlflow:5000{PAGE}")
    monkeypatch.setenv(RENDERER_BASE_URL, "http://localhost:8080/base/")
    assert way_to(trace(), None) == Way(f"http://localhost:8080/base{PAGE}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    monkeypatch.chdir(tmp_path)
    way = way_to(trace(), None)
    assert way
    assert str(tmp_path / "mlflow.db") in str(way.command)
