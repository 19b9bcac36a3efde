"""What holds for every test."""

from collections.abc import Iterator

import pytest
from opentelemetry import context, trace

pytest.register_assert_rewrite(
    "support.conventions", "support.langchain_scenario", "support.openai_scenario", "support.telemetry"
)


@pytest.fixture(autouse=True)
def _leaves_no_span_current() -> Iterator[None]:
    """A span that stays current would be the parent of whatever the next test records."""
    yield
    left = trace.get_current_span()
    if left.get_span_context().is_valid:
        context.attach(context.Context())
        pytest.fail(f"{left} is still current")
