"""Money for people to read; `test_view` and `test_tree` show times and tokens."""

from __future__ import annotations

import pytest

from genspan.mlflow.notebook import amounts


@pytest.mark.parametrize(
    ("total", "told"),
    [(None, ""), (0, "$0.0000"), (1.5, "$1.5000"), (0.00106, "$0.0011"), (0.00015, "$0.00015"), (4e-8, "<$0.000001")],
)
def test_cost(total: float | None, told: str) -> None:
    assert amounts.cost({"total_cost": total}) == told
