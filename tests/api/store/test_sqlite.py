"""The store of a SQLite file against MLflow's own: what one writes, the other reads; what both do, leaves the same."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genspan.mlflow import entities
from genspan.mlflow.exceptions import (
    BAD_REQUEST,
    INVALID_PARAMETER_VALUE,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
)
from genspan.mlflow.store.sqlite import SqliteTraceStore, store
from support import varied_traces
from support.varied_traces import START_MS, Varied

HUMAN = entities.AssessmentSource("HUMAN", "mia")

OF_THE_MOMENT = {"association_id", "created_time", "last_updated_timestamp", "creation_time", "last_update_time"}
"""Columns that tell when a row was written, or have random ids."""


def read_by_mlflow(real: Any, trace_id: str) -> dict[str, Any]:
    """A trace as MLflow's store reads it, its spans made by MLflow and not passed on as they are stored."""
    from mlflow.entities import TraceData

    trace = real.get_trace(trace_id)
    return {"info": trace.info.to_dict(), "data": TraceData.from_dict(trace.data.to_dict()).to_dict()}


@pytest.fixture
def in_copy(copy: Varied) -> Iterator[SqliteTraceStore]:
    """Our store of the copy."""
    opened = SqliteTraceStore(copy.uri)
    yield opened
    opened.close()


@pytest.fixture
def real_in_copy(copy: Varied) -> Iterator[Any]:
    """MLflow's store of the copy."""
    opened = varied_traces.real_store(copy.path)
    yield opened
    opened._dispose_engine()


# Reading.


def test_every_trace_is_read_as_by_mlflow(varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    kinds = set()
    for trace_id in varied.traces:
        trace = ours.get_trace(trace_id)
        assert trace.to_dict() == read_by_mlflow(real, trace_id)
        theirs = real.get_trace(trace_id)
        assert [span.name for span in trace.data.spans] == [span.name for span in theirs.data.spans]
        for judged, their_judged in zip(trace.info.assessments, theirs.info.assessments, strict=True):
            kinds.add(type(judged).__name__)
            assert _plain(vars(judged)) == _plain(vars(their_judged))
    assert kinds == {"Feedback", "Expectation", "IssueReference"}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of an assessment of either library, as JSON has them."""
    plain: dict[str, Any] = json.loads(json.dumps(fields, default=vars))
    return plain


def test_a_search_gives_traces_with_spans_or_without(varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    found = ours.search_traces(experiment_ids=varied.experiments, max_results=20, order_by=["request_id"])

    assert len(found) == 20
    for trace in found:
        assert trace.to_dict() == read_by_mlflow(real, trace.info.trace_id)
    bare = ours.search_traces(
        experiment_ids=varied.experiments, max_results=20, order_by=["request_id"], include_spans=False
    )
    assert [trace.info for trace in bare] == [trace.info for trace in found]
    assert not any(trace.data.spans for trace in bare)


def test_a_list_may_be_long(varied: Varied, ours: SqliteTraceStore) -> None:
    some = [*varied.traces[:40], *(f"tr-{number}" for number in range(40_000))]
    for wanted in (f"request_id IN {tuple(some)}", f"span.name != '' AND request_id IN {tuple(some)}"):
        found = ours.search_traces(
            experiment_ids=varied.experiments, filter_string=wanted, max_results=1000, include_spans=False
        )
        assert {trace.info.trace_id for trace in found} == {*varied.traces[:40]}


def test_a_search_within_a_run(varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    for run_id, experiment in zip(varied.runs, varied.experiments, strict=True):
        wanted = f"status = 'OK' AND attribute.run_id = '{run_id}'"
        theirs = [info.trace_id for info in real.search_traces(varied.experiments, wanted, 100)[0]]
        found = ours.search_traces(
            experiment_ids=varied.experiments, filter_string="status = 'OK'", run_id=run_id, include_spans=False
        )
        assert theirs
        assert [trace.info.trace_id for trace in found] == theirs
        with pytest.raises(MlflowException, match=f"belongs to experiment {experiment}"):
            ours.search_traces(experiment_ids=["77"], run_id=run_id)
    with pytest.raises(MlflowException, match="not found") as refused:
        ours.search_traces(experiment_ids=varied.experiments, run_id="nobody's")
    assert refused.value.error_code == RESOURCE_DOES_NOT_EXIST


def test_a_search_for_a_model(varied: Varied, ours: SqliteTraceStore) -> None:
    found = ours.search_traces(experiment_ids=varied.experiments, model_id="m-1", max_results=1000, include_spans=False)

    assert {trace.info.trace_metadata["mlflow.modelId"] for trace in found} == {"m-1"}
    assert len(found) == 12
    with pytest.raises(MlflowException, match="Only one of"):
        ours.search_traces(experiment_ids=varied.experiments, model_id="m-1", filter_string="status = 'OK'")


def test_a_trace_that_is_not_there(ours: SqliteTraceStore) -> None:
    with pytest.raises(MlflowException, match="'tr-none' not found") as refused:
        ours.get_trace("tr-none")
    assert refused.value.error_code == RESOURCE_DOES_NOT_EXIST


def test_a_trace_that_mlflow_still_writes(
    copy: Varied, in_copy: SqliteTraceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace_id = copy.traces[8]  # It says how many spans it has: three.
    kept = in_copy.get_trace(trace_id)
    with sqlite3.connect(copy.path) as connection:
        (span_id,) = connection.execute("SELECT max(span_id) FROM spans WHERE trace_id = ?", (trace_id,)).fetchone()
        columns = "trace_id, experiment_id, span_id, parent_span_id, name, type, status, start_time_unix_nano, content"
        row = connection.execute(f"SELECT {columns} FROM spans WHERE span_id = ?", (span_id,)).fetchone()
        connection.execute("DELETE FROM spans WHERE span_id = ?", (span_id,))
    connection.close()
    monkeypatch.setattr(store, "RETRIES", (0.0, 0.0))

    with pytest.raises(MlflowException, match="not fully exported yet") as refused:
        in_copy.get_trace(trace_id)
    assert refused.value.error_code == RESOURCE_DOES_NOT_EXIST
    found = in_copy.search_traces(experiment_ids=copy.experiments, max_results=1000)
    assert len(found) == len(copy.traces) - 1
    assert trace_id not in {trace.info.trace_id for trace in found}

    def arrive(_: float) -> None:
        with sqlite3.connect(copy.path) as connection:
            connection.execute(f"INSERT INTO spans ({columns}) VALUES ({', '.join('?' * len(row))})", row)
        connection.close()

    monkeypatch.setattr("time.sleep", arrive)
    assert in_copy.get_trace(trace_id).to_dict() == kept.to_dict()


def test_a_page_is_filled_up_past_traces_that_are_not_whole(copy: Varied, in_copy: SqliteTraceStore) -> None:
    with sqlite3.connect(copy.path) as connection:
        connection.execute("DELETE FROM spans WHERE trace_id IN (?, ?)", (copy.traces[69], copy.traces[68]))
    connection.close()

    first = in_copy.search_traces(experiment_ids=copy.experiments, max_results=5)
    second = in_copy.search_traces(experiment_ids=copy.experiments, max_results=5, page_token=first.token)

    whole = in_copy.search_traces(experiment_ids=copy.experiments, max_results=10)
    assert [trace.info.trace_id for trace in (*first, *second)] == [trace.info.trace_id for trace in whole]
    assert len(whole) == 10


def test_spans_that_are_artifacts(copy: Varied, in_copy: SqliteTraceStore, tmp_path: Path) -> None:
    """So did MLflow before 3.5, and so it does for what its database does not take."""
    trace_id, other = copy.traces[1], copy.traces[2]
    kept = in_copy.get_trace(trace_id)
    folder = tmp_path / "kept artifacts"
    folder.mkdir()
    (folder / "traces.json").write_text(json.dumps(kept.data.to_dict()), encoding="utf-8")
    with sqlite3.connect(copy.path) as connection:
        for id, location in ((trace_id, folder.as_uri()), (other, "mlflow-artifacts:/0/traces")):
            connection.execute("DELETE FROM spans WHERE trace_id = ?", (id,))
            connection.execute(
                "DELETE FROM trace_tags WHERE request_id = ? AND key = 'mlflow.trace.spansLocation'", (id,)
            )
            connection.execute(
                "UPDATE trace_tags SET value = ? WHERE request_id = ? AND key = 'mlflow.artifactLocation'",
                (location, id),
            )
    connection.close()

    assert in_copy.get_trace(trace_id).data.to_dict() == kept.data.to_dict()
    with pytest.raises(
        MlflowException, match="mlflow-artifacts:/0/traces, which only MLflow itself can read"
    ) as refused:
        in_copy.get_trace(other)
    assert refused.value.error_code == BAD_REQUEST
    found = {trace.info.trace_id for trace in in_copy.search_traces(experiment_ids=copy.experiments, max_results=1000)}
    assert found == {*copy.traces} - {other}


# Writing.


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, but for what differs from one moment to the next."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            table: sorted(
                (
                    {name: row[name] for name in row.keys() if name not in OF_THE_MOMENT}  # noqa: SIM118
                    for row in connection.execute(f'SELECT * FROM "{table}"')
                ),
                key=repr,
            )
            for table in tables
        }
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return found


Deed = Callable[[Any, Any, Varied], Any]
"""Given a store, the entities of its library, and the file."""


def judged(entities: Any, varied: Varied, kind: str, number: int, **more: Any) -> Any:
    """An assessment of either library, with an id and times of the test's choice."""
    more = {"source": entities.AssessmentSource("HUMAN", "mia"), "trace_id": varied.traces[number]} | more
    assessment = getattr(entities, kind)(create_time_ms=START_MS, last_update_time_ms=START_MS, **more)
    assessment.assessment_id = f"a-{kind}-{number}"
    return assessment


DEEDS: dict[str, Deed] = {
    "tag": lambda s, _, v: s.set_trace_tag(v.traces[0], "new tag", "it's"),
    "tag again": lambda s, _, v: s.set_trace_tag(v.traces[0], "team", "other"),
    "long tag": lambda s, _, v: s.set_trace_tag(v.traces[0], "long", "x" * 9000),
    "name": lambda s, _, v: s.set_trace_tag(v.traces[0], "mlflow.traceName", "new name"),
    "delete tag": lambda s, _, v: s.delete_trace_tag(v.traces[0], "team"),
    "delete name": lambda s, _, v: s.delete_trace_tag(v.traces[0], "mlflow.traceName"),
    "link": lambda s, _, v: s.link_traces_to_run(v.traces[2:6], v.runs[1]),
    "link again": lambda s, _, v: s.link_traces_to_run(v.traces[3:12], v.runs[0]),
    "link nothing": lambda s, _, v: s.link_traces_to_run([], v.runs[0]),
    "delete by id": lambda s, _, v: s.delete_traces("0", trace_ids=[*v.traces[1:30], "tr-none"]),
    "delete of another experiment": lambda s, _, v: s.delete_traces("77", trace_ids=v.traces[1:30]),
    "delete by time": lambda s, _, v: s.delete_traces("0", max_timestamp_millis=START_MS + 5 * 60_000),
    "delete the oldest": lambda s, _, v: s.delete_traces("0", max_timestamp_millis=START_MS * 2, max_traces=7),
    "feedback": lambda s, e, v: s.create_assessment(
        judged(e, v, "Feedback", 1, name="new", value="日本", rationale="so", metadata={"a": "b"}, span_id="00ff")
    ),
    "numeric feedback": lambda s, e, v: s.create_assessment(judged(e, v, "Feedback", 2, name="new", value=0.25)),
    "failed feedback": lambda s, e, v: s.create_assessment(
        judged(e, v, "Feedback", 3, name="new", error=e.AssessmentError("E", "message", "stack"))
    ),
    "feedback of a run": lambda s, e, v: s.create_assessment(
        judged(e, v, "Feedback", 3, value=True, metadata={"mlflow.assessment.sourceRunId": "r1"})
    ),
    "expectation": lambda s, e, v: s.create_assessment(
        judged(e, v, "Expectation", 4, name="answer", value={"deep": [1, {"x": None}]})
    ),
    "issue": lambda s, e, v: s.create_assessment(
        judged(e, v, "IssueReference", 5, issue_id="is-9", issue_name="Odd", run_id="r1")
    ),
    "override": lambda s, e, v: s.create_assessment(
        judged(e, v, "Feedback", _judged_trace(v), name="quality", value="new", overrides=v.assessments[0][1])
    ),
    "override and delete": lambda s, e, v: (
        DEEDS["override"](s, e, v),
        s.delete_assessment(v.assessments[0][0], f"a-Feedback-{_judged_trace(v)}"),
    )[0],
    "update value": lambda s, e, v: s.update_assessment(
        *v.assessments[0], feedback=_value(e, "Feedback", 7), rationale="better", metadata={"n": "new"}
    ),
    "update name": lambda s, _, v: s.update_assessment(*v.assessments[1], name="renamed"),
    "update nothing": lambda s, _, v: s.update_assessment(*v.assessments[2]),
    "update to an error": lambda s, e, v: s.update_assessment(
        *v.assessments[3], feedback=_value(e, "Feedback", None, e.AssessmentError("E"))
    ),
    "update expectation": lambda s, e, v: s.update_assessment(
        *_expected(v), expectation=_value(e, "Expectation", [1]), rationale="of no use"
    ),
    "delete assessment": lambda s, _, v: s.delete_assessment(*v.assessments[4]),
    "delete no assessment": lambda s, _, v: s.delete_assessment(v.traces[0], "a-none"),
}  # fmt: skip


CHANGE_NOTHING = (
    "link nothing",
    "delete no assessment",
    "delete of another experiment",
    "override and delete",
    "update nothing",
)
"""Deeds after which all is as it was, but for times."""


def _judged_trace(varied: Varied) -> int:
    return varied.traces.index(varied.assessments[0][0])


def _expected(varied: Varied) -> tuple[str, str]:
    """The first expectation."""
    return varied.assessments[2 * len(varied_traces.FEEDBACK)]


def _value(entities: Any, kind: str, value: Any, error: Any = None) -> Any:
    """What either store is given of a new value."""
    if hasattr(entities, "MetricThreshold"):  # MLflow's own.
        return entities.ExpectationValue(value) if kind == "Expectation" else entities.FeedbackValue(value, error)
    return entities.Expectation("x", value) if kind == "Expectation" else entities.Feedback("x", value, error)


@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_leaves_what_mlflow_leaves(name: str, copy: Varied, in_copy: SqliteTraceStore, tmp_path: Path) -> None:
    import mlflow.entities.assessment
    import mlflow.entities.assessment_error

    class Theirs:
        MetricThreshold = None

        def __getattr__(self, name: str) -> Any:
            for module in (mlflow.entities.assessment, mlflow.entities.assessment_error, mlflow.entities):
                if hasattr(module, name):
                    return getattr(module, name)
            raise AttributeError(name)

    before = rows(copy.path)
    twin = replace(copy, path=Path(shutil.copy(copy.path, tmp_path / "twin.db")))
    theirs = varied_traces.real_store(twin.path)

    their_answer = DEEDS[name](theirs, Theirs(), twin)
    theirs._dispose_engine()
    our_answer = DEEDS[name](in_copy, entities, copy)

    after = rows(copy.path)
    assert after == rows(twin.path)
    assert (after == before) == (name in CHANGE_NOTHING)
    if isinstance(our_answer, entities.Assessment):
        times = {"last_update_time_ms": 0}
        assert _plain(vars(our_answer)) | times == _plain(vars(their_answer)) | times
    else:
        assert our_answer == their_answer


def test_deleting_takes_review_queue_items_along(copy: Varied, in_copy: SqliteTraceStore) -> None:
    with sqlite3.connect(copy.path) as connection:
        columns = [row[1:4] for row in connection.execute("PRAGMA table_info(review_queues)")]
        values = {name: 0 if "INT" in type else "q" for name, type, required in columns if required}
        connection.execute(
            f"INSERT INTO review_queues ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            tuple(values.values()),
        )
        for item, type in ((copy.traces[1], "trace"), (copy.traces[2], "trace"), (copy.traces[1][:30], "span")):
            connection.execute(
                "INSERT INTO review_queue_items (queue_id, item_type, item_id, status, creation_time_ms,"
                " last_update_time_ms) VALUES ('q', ?, ?, 'PENDING', 0, 0)",
                (type, item),
            )
    connection.close()

    assert in_copy.delete_traces("0", trace_ids=[copy.traces[1]]) == 1

    left = {row["item_id"] for row in rows(copy.path)["review_queue_items"]}
    assert left == {copy.traces[2], copy.traces[1][:30]}


def test_what_was_written_is_read_as_by_mlflow(copy: Varied, in_copy: SqliteTraceStore, real_in_copy: Any) -> None:
    trace_id = copy.traces[3]
    in_copy.set_trace_tag(trace_id, "reviewed", "yes")
    first = in_copy.create_assessment(entities.Feedback("good", False, source=HUMAN, trace_id=trace_id))
    second = in_copy.create_assessment(
        entities.Feedback("good", True, source=HUMAN, trace_id=trace_id, overrides=first.assessment_id)
    )

    theirs = real_in_copy.get_trace(trace_id)
    assert theirs.info.tags["reviewed"] == "yes"
    values = {judged.assessment_id: (judged.value, judged.valid) for judged in theirs.info.assessments}
    assert values[first.assessment_id] == (False, False)
    assert values[second.assessment_id] == (True, True)
    assert str(first.assessment_id).startswith("a-")
    assert in_copy.get_trace(trace_id).to_dict() == read_by_mlflow(real_in_copy, trace_id)
    in_copy.delete_assessment(trace_id, str(second.assessment_id))
    assert in_copy.get_assessment(trace_id, str(first.assessment_id)).valid is True


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (lambda s, v: s.set_trace_tag("tr-none", "k", "v"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.set_trace_tag("tr-none", "mlflow.traceName", "v"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.delete_trace_tag("tr-none", "k"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.delete_trace_tag(v.traces[0], "none"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.delete_trace_tag(v.traces[14], "mlflow.traceName"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.get_assessment("tr-none", "a-none"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.get_assessment(v.traces[0], "a-none"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.get_assessment(v.traces[40], v.assessments[0][1]), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.update_assessment(v.traces[0], "a-none", name="x"), RESOURCE_DOES_NOT_EXIST),
        (
            lambda s, v: s.create_assessment(entities.Feedback("x", 1, source=HUMAN, trace_id="tr-none")),
            RESOURCE_DOES_NOT_EXIST,
        ),
        (
            lambda s, v: s.create_assessment(
                entities.Feedback("x", 1, source=HUMAN, trace_id=v.traces[0], overrides="a-none")
            ),
            RESOURCE_DOES_NOT_EXIST,
        ),
        (
            lambda s, v: s.update_assessment(*v.assessments[0], expectation=entities.Expectation("x", 1)),
            INVALID_PARAMETER_VALUE,
        ),
        (lambda s, v: s.update_assessment(*_expected(v), feedback=entities.Feedback("x", 1)), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.set_trace_tag(v.traces[0], "", "v"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.set_trace_tag(v.traces[0], "../k", "v"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.set_trace_tag(v.traces[0], "k?", "v"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.set_trace_tag(v.traces[0], "k" * 251, "v"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.set_trace_tag(v.traces[0], "mlflow.traceName", "v" * 4097), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.link_traces_to_run(["tr"] * 101, "r"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("0"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("0", trace_ids=[]), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("0", max_timestamp_millis=1, trace_ids=["x"]), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("0", trace_ids=["x"], max_traces=1), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("0", max_timestamp_millis=1, max_traces=0), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("abc", max_timestamp_millis=1), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.set_trace_tag(v.traces[0], "k", "\ud800"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.delete_traces("0", max_timestamp_millis=2**63), INVALID_PARAMETER_VALUE),
        (
            lambda s, v: s.search_traces(experiment_ids=["0"], filter_string="name = '\ud800'"),
            INVALID_PARAMETER_VALUE,
        ),
        (
            lambda s, v: s.create_assessment(entities.Expectation("x", {1, 2}, source=HUMAN, trace_id=v.traces[0])),
            INVALID_PARAMETER_VALUE,
        ),
        (lambda s, v: s.get_experiment("77"), RESOURCE_DOES_NOT_EXIST),
        (lambda s, v: s.get_experiment("abc"), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.create_experiment("second"), RESOURCE_ALREADY_EXISTS),
        (lambda s, v: s.create_experiment(""), INVALID_PARAMETER_VALUE),
        (lambda s, v: s.create_experiment("x" * 501), INVALID_PARAMETER_VALUE),
    ],
)
def test_a_deed_that_cannot_be_done_changes_nothing(
    deed: Callable[[SqliteTraceStore, Varied], Any], code: str, copy: Varied, in_copy: SqliteTraceStore
) -> None:
    before = rows(copy.path)

    with pytest.raises(MlflowException) as refused:
        deed(in_copy, copy)

    assert refused.value.error_code == code
    assert rows(copy.path) == before


def test_experiments_are_mlflows(copy: Varied, in_copy: SqliteTraceStore, real_in_copy: Any) -> None:
    id = in_copy.create_experiment("third", {"mlflow.note.content": "it's"})
    theirs = real_in_copy.create_experiment("fourth")

    for experiment_id in ("0", copy.experiments[1], id, theirs):
        found, their_found = in_copy.get_experiment(experiment_id), real_in_copy.get_experiment(experiment_id)
        for name in vars(found):
            assert getattr(found, name) == getattr(their_found, name)
        by_name = in_copy.get_experiment_by_name(found.name)
        assert by_name == found
    assert in_copy.get_experiment(id).tags == {"mlflow.note.content": "it's"}
    assert in_copy.get_experiment_by_name("none") is None
    real_in_copy.delete_experiment(theirs)
    assert in_copy.get_experiment(theirs).lifecycle_stage == "deleted"


# Files that are none, or not ours to touch.


def test_reading_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "none.db"
    store = SqliteTraceStore(f"sqlite:///{path}")

    assert store.search_traces(experiment_ids=["0"], filter_string="name = 'x'") == []
    assert store.get_experiment_by_name("Default") is None
    assert store.delete_traces("0", trace_ids=["tr-1"]) == 0
    store.delete_assessment("tr-1", "a-1")
    for deed in (
        lambda: store.get_trace("tr-1"),
        lambda: store.get_assessment("tr-1", "a-1"),
        lambda: store.get_experiment("0"),
        lambda: store.set_trace_tag("tr-1", "k", "v"),
        lambda: store.delete_trace_tag("tr-1", "k"),
        lambda: store.link_traces_to_run(["tr-1"], "r"),
        lambda: store.update_assessment("tr-1", "a-1", name="x"),
        lambda: store.create_assessment(entities.Feedback("x", 1, source=HUMAN, trace_id="tr-1")),
    ):
        with pytest.raises(MlflowException) as refused:
            deed()
        assert refused.value.error_code == RESOURCE_DOES_NOT_EXIST
    assert not path.parent.exists()

    path.parent.mkdir()
    path.touch()
    assert store.search_traces(experiment_ids=["0"]) == []
    assert path.stat().st_size == 0


def test_a_filter_is_refused_though_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MlflowException, match="Invalid attribute key"):
        SqliteTraceStore("sqlite:///none.db").search_traces(experiment_ids=["0"], filter_string="nme = 'x'")


def test_a_file_comes_and_goes(varied: Varied, tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    store = SqliteTraceStore(f"sqlite:///{path}")
    assert store.search_traces(experiment_ids=["0"]) == []

    shutil.copy(varied.path, path)
    assert len(store.search_traces(experiment_ids=["0"])) > 50
    path.unlink()
    assert store.search_traces(experiment_ids=["0"]) == []
    assert store.create_experiment("first") == "1"
    assert store.get_experiment_by_name("first") is not None


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("This is no database, however long it may get." * 100)
    store = SqliteTraceStore(f"sqlite:///{path}")

    for deed in (lambda: store.search_traces(experiment_ids=["0"]), lambda: store.set_trace_tag("tr-1", "k", "v")):
        with pytest.raises(MlflowException, match="not a database") as refused:
            deed()
        assert refused.value.error_code == TEMPORARILY_UNAVAILABLE


def test_tables_of_an_unknown_release_are_left_alone(copy: Varied, in_copy: SqliteTraceStore) -> None:
    with sqlite3.connect(copy.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    connection.close()

    with pytest.raises(MlflowException, match="revision ffffffffffff") as refused:
        in_copy.search_traces(experiment_ids=["0"])
    assert refused.value.error_code == TEMPORARILY_UNAVAILABLE


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(uri: str) -> None:
    with pytest.raises(MlflowException, match="in memory") as refused:
        SqliteTraceStore(uri)
    assert refused.value.error_code == INVALID_PARAMETER_VALUE
