"""Which experiment, and which place, a trace goes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry import trace

from genspan import mlflow
from genspan.mlflow.entities import MlflowExperimentLocation, UCSchemaLocation
from support.mlflow_api import Tracing


def experiment_of(trace_id: str | None) -> str:
    assert trace_id is not None
    found = mlflow.get_trace(trace_id)
    assert found is not None
    return found.info.experiment_id


def traced(name: str = "f") -> str | None:
    mlflow.trace(lambda: 1, name=name)()
    return mlflow.get_last_active_trace_id()


def test_an_experiment_by_name_and_by_id(tracing_to: Tracing) -> None:
    before = traced()
    support = mlflow.set_experiment("support")
    assert support.name == "support"
    first = traced()
    other = mlflow.create_experiment("other")
    assert mlflow.set_experiment(experiment_id=other).name == "other"
    second = traced()
    assert mlflow.set_experiment("support").experiment_id == support.experiment_id
    assert experiment_of(before) == "0"
    assert experiment_of(first) == support.experiment_id
    assert experiment_of(second) == other
    assert mlflow.get_experiment_by_name("other").experiment_id == other  # type: ignore[union-attr]
    assert mlflow.get_experiment_by_name("missing") is None


def test_spans_of_every_tracer_go_with_their_trace(tracing_to: Tracing) -> None:
    experiment = mlflow.set_experiment("support")
    tracer = trace.get_tracer("other")
    with tracer.start_as_current_span("web"), mlflow.start_span("s"), tracer.start_as_current_span("query"):
        pass
    found = mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")
    assert [span.name for span in found[0].data.spans] == ["web", "s", "query"]


def test_a_destination_of_one_function_one_context_and_all(tracing_to: Tracing) -> None:
    ids = [mlflow.create_experiment(name) for name in "abc"]

    @mlflow.trace(trace_destination=MlflowExperimentLocation(ids[0]))
    def outer() -> None:
        mlflow.trace(lambda: 1, name="inner", trace_destination=MlflowExperimentLocation(ids[1]))()

    outer()
    assert experiment_of(mlflow.get_last_active_trace_id()) == ids[0]
    mlflow.tracing.set_destination(MlflowExperimentLocation(ids[2]))
    assert experiment_of(traced()) == ids[2]

    import contextvars

    def here() -> str | None:
        mlflow.tracing.set_destination(MlflowExperimentLocation(ids[1]), context_local=True)
        return traced()

    assert experiment_of(contextvars.copy_context().run(here)) == ids[1]
    assert experiment_of(traced()) == ids[2]
    mlflow.tracing.reset()
    assert experiment_of(traced()) == "0"


def test_another_place(tracing_to: Tracing, tmp_path: Path) -> None:
    first = traced()
    assert mlflow.get_tracking_uri() == tracing_to.uri
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/other.db")
    mlflow.set_experiment("there")
    second = traced()
    assert experiment_of(second) == "1"
    assert mlflow.get_trace(str(first), silent=True) is None
    mlflow.set_tracking_uri("")
    assert mlflow.get_tracking_uri() == tracing_to.uri
    assert experiment_of(first) == "0"
    assert experiment_of(traced()) == "0"


def test_the_environments_experiment(tracing_to: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = mlflow.create_experiment("from the environment")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from the environment")
    from genspan.mlflow import settings

    assert settings.experiment_id() == identifier


@pytest.mark.parametrize("arguments", [{}, {"experiment_name": "a", "experiment_id": "1"}, {"experiment_id": "404"}])
def test_what_is_no_experiment(tracing_to: Tracing, arguments: dict[str, str]) -> None:
    with pytest.raises(mlflow.MlflowException):
        mlflow.set_experiment(**arguments)  # type: ignore[arg-type]


def test_what_is_no_destination(tracing_to: Tracing) -> None:
    with pytest.raises(mlflow.MlflowException, match="MLFLOW_TRACING_DESTINATION"):
        mlflow.tracing.set_destination(UCSchemaLocation("catalog", "schema"))
