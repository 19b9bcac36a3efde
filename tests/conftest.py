"""What holds for every test."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import context, trace

pytest.register_assert_rewrite(
    "support.conventions", "support.langchain_scenario", "support.openai_scenario", "support.telemetry"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long first, so that no worker waits for another at the end: of those with slow tests the ones
    with the fewest, which are the longest; of the others those with the most."""
    counts = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[bool, int, str]:
        count = counts[item.path]
        return item.path not in slow, count if item.path in slow else -count, str(item.path)

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _leaves_no_span_current() -> Iterator[None]:
    """A span that stays current would be the parent of whatever the next test records."""
    yield
    left = trace.get_current_span()
    if left.get_span_context().is_valid:
        context.attach(context.Context())
        pytest.fail(f"{left} is still current")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, none of the user's settings, and an outbox that is not the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
