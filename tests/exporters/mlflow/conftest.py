from pathlib import Path

import pytest


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, none of the user's settings, and an outbox that is not the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
