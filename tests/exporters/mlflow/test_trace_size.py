"""Sizes of traces are those that MLflow itself would count."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.trace_size import byte_count, size_metadata, with_size

utils = pytest.importorskip("mlflow.tracing.utils")


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=30))
@settings(deadline=None, max_examples=300)
def test_quartiles_are_mlflows(sizes: list[int]) -> None:
    stated = json.loads(size_metadata(sizes, {})["mlflow.trace.sizeStats"])
    ordered = sorted(sizes)
    assert [stated["p25"], stated["p50"], stated["p75"], stated["max"], stated["num_spans"]] == [
        *(int(utils._calculate_percentile(ordered, share)) for share in (0.25, 0.5, 0.75)),
        max(sizes),
        len(sizes),
    ]


def test_the_total_is_that_of_one_text() -> None:
    """Spans stand in a list of JSON, and the facts beside them."""
    stated = size_metadata([10, 30, 20], {"id": "ü"})
    assert stated["mlflow.trace.sizeBytes"] == "75"
    assert json.loads(stated["mlflow.trace.sizeStats"])["total_size_bytes"] == 60 + len(", , ") + byte_count(
        '{"id":"ü"}'
    )


def test_a_trace_without_spans_has_no_size() -> None:
    assert size_metadata([], {"id": "x"}) == {}


def test_a_trace_states_it_beside_its_metadata() -> None:
    trace = MlflowTrace("tr-1", [], 0, None, "OK", metadata={"mlflow.user": "mia"})
    sized = with_size(trace, [100, 200])
    assert sized.metadata.keys() == {"mlflow.user", "mlflow.trace.sizeStats", "mlflow.trace.sizeBytes"}
    assert trace.metadata == {"mlflow.user": "mia"}


def test_what_is_stored_already_counts_but_not_the_size_that_was() -> None:
    def total(trace: MlflowTrace) -> int:
        return int(trace.metadata["mlflow.trace.sizeBytes"])

    part = MlflowTrace("tr-1", [], 0, None, "OK", tags={"team": "blue"})
    whole = replace(part, tags={"team": "blue", "area": "shop"}, metadata={"mlflow.user": "mia"})
    before = with_size(whole, [100])
    again = with_size(part, [100], {"team": "red", "area": "shop"}, before.metadata)
    assert total(again) == total(before)
    assert again.metadata.keys() == {"mlflow.trace.sizeStats", "mlflow.trace.sizeBytes"}


@given(st.text())
def test_bytes_are_of_utf_8(text: str) -> None:
    assert byte_count(text) == len(text.encode())
