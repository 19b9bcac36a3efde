"""The page on performance is what the committed result says, and its tables say what was measured."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.overhead.figures import added, ratio, spread
from benchmarks.overhead.page import BEGIN, CHART, END, RESULT, in_readme, texts
from benchmarks.overhead.tables import best_other, calls, number, table

RESULT_OF_ONE_STREAM: dict[str, Any] = {
    "calls": {
        "stream": {
            name: {
                "bare": spread([16_000.0]),
                "added": {"low": figure - 2, "median": figure, "high": figure + 4},
                "spans": spans,
            }
            for name, figure, spans in (
                ("hand-written", 200.0, 1.0),
                ("genspan", 250.0, 1.0),
                ("upstream", 2_000.0, 1.0),
                ("openllmetry", 100.0, 0.0),
            )
        }
    }
}


def test_the_page_is_what_the_committed_result_says() -> None:
    for path, text in texts(json.loads(RESULT.read_text())).items():
        assert path.read_text() == text
    assert CHART.exists()


def test_a_spread_is_median_and_quartiles() -> None:
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == {"low": 2.0, "median": 3.0, "high": 4.0}
    assert spread([7.0]) == {"low": 7.0, "median": 7.0, "high": 7.0}


def test_what_is_added_is_compared_with_the_bare_calls_of_the_same_round() -> None:
    rounds = [{"off": 100.0, "on": 110.0}, {"off": 200.0, "on": 230.0}, {"off": 100.0, "on": 120.0}]

    assert added(rounds)["median"] == 20.0


def test_nothing_is_compared_with_a_figure_that_is_no_cost() -> None:
    assert ratio(spread([3.0]), spread([2.0])) == 1.5
    assert ratio(spread([3.0]), spread([-1.0])) is None
    assert ratio(spread([-3.0]), spread([1.0])) is None


def test_columns_are_as_wide_as_what_they_hold() -> None:
    assert table(["work", "µs"], [["chat", "1,234"], ["embeddings", "5"]]) == [
        "| work       |    µs |",
        "| ---------- | ----: |",
        "| chat       | 1,234 |",
        "| embeddings |     5 |",
    ]


def test_numbers_have_three_digits() -> None:
    assert [number(value) for value in (0.123, 9.949, 12.34, 123.4, 12_345.6)] == [
        "0.12",
        "9.95",
        "12.3",
        "123",
        "12,346",
    ]


def test_a_row_has_each_contender_and_genspan_beside_the_limit_and_the_best_other() -> None:
    head, _, row = calls(RESULT_OF_ONE_STREAM)

    assert cells(head) == [
        "µs of CPU",
        "bare call",
        "by hand",
        "genspan",
        "upstream",
        "OpenLLMetry",
        "genspan ÷ by hand",
        "genspan ÷ best other",
    ]
    assert cells(row) == [
        "stream of 200 chunks",
        "16,000",
        "200 ±3.00",
        "250 ±3.00",
        "2,000 ±3.00",
        "no span",
        "1.25",
        "0.12",
    ]


def test_who_records_nothing_is_not_the_best() -> None:
    best = best_other(RESULT_OF_ONE_STREAM["calls"]["stream"])

    assert best is not None
    assert best["median"] == 2_000.0


def test_the_readme_keeps_what_is_around_its_table() -> None:
    readme = f"# genspan\n\n{BEGIN}\n\nan old table\n\n{END}\n\n## More\n"

    written = in_readme(readme, RESULT_OF_ONE_STREAM)

    assert written.startswith(f"# genspan\n\n{BEGIN}\n\n| µs of CPU")
    assert "| stream of 200 chunks |     200 |     250 |    2,000 |" in written
    assert written.endswith(f"|\n\n{END}\n\n## More\n")
    assert in_readme(written, RESULT_OF_ONE_STREAM) == written


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
