"""Every difference between MLflow's traces and ours has a reason, and the page says what both do now."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from compared import mlflow_api
from compared.mlflow_api import REASONS, Difference, reason_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> Sequence[Difference]:
    return mlflow_api.observe()


def test_every_difference_has_a_reason(found: Sequence[Difference]) -> None:
    assert [one for one in found if reason_of(one) is None] == []


def test_every_reason_has_a_difference(found: Sequence[Difference]) -> None:
    seen = {reason_of(one) for one in found}
    assert [reason.title for reason in REASONS if reason not in seen] == []


def test_committed_page_is_what_the_script_writes(found: Sequence[Difference]) -> None:
    assert mlflow_api.page(found) == mlflow_api.PAGE.read_text(), "write it anew: make compared"
