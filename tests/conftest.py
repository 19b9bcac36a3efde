"""What holds for every test."""

from collections import Counter
from collections.abc import Iterator

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
