"""The same questions to the real MLflow and to genspan, about the same traces, on a server and in its file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")

import mlflow
import mlflow.entities as theirs
from mlflow.exceptions import MlflowException as TheirException
from mlflow.tracing.client import TracingClient
from pandas.testing import assert_frame_equal

from genspan.mlflow import assessments, reading
from genspan.mlflow import entities as ours
from genspan.mlflow import settings as genspan_settings
from genspan.mlflow.exceptions import MlflowException
from genspan.mlflow.store import open_store
from genspan.mlflow.store.contract import TraceStore
from support.mlflow_process import MlflowServer
from support.mlflow_traces import NOT_KEPT, chat, export, new_id, said, span

pytestmark = pytest.mark.slow

SESSIONS = ("it's", "s1", "s1", "s2", None)


class Written(NamedTuple):
    """What the server holds."""

    server: MlflowServer
    experiment_id: str
    run_id: str
    trace_ids: list[str]
    in_a_file: str
    incomplete: str

    @property
    def places(self) -> dict[str, str]:
        return {"server": self.server.url, "file": f"sqlite:///{self.server.file}"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder = tmp_path_factory.mktemp("read")
    os.environ["GENSPAN_OUTBOX_DIR"] = str(folder / "outbox")
    server = MlflowServer(folder / "mlflow.db")
    server.start()
    try:
        yield _write(server)
    finally:
        server.stop()


def _write(server: MlflowServer) -> Written:
    client = mlflow.MlflowClient(tracking_uri=server.url)
    experiment_id = client.create_experiment("shop", tags={"team": "a"})
    run_id = client.create_run(experiment_id).info.run_id
    ids = [new_id() for _ in SESSIONS]
    os.environ["MLFLOW_EXPERIMENT_ID"] = experiment_id
    try:
        for number, (trace, session) in enumerate(zip(ids, SESSIONS, strict=True)):
            export(server.url, _spans(trace, number, session))
    finally:
        del os.environ["MLFLOW_EXPERIMENT_ID"]
    trace_ids = [f"tr-{trace:032x}" for trace in ids]
    client.link_traces_to_run(trace_ids[:2], run_id)
    client.set_trace_tag(trace_ids[0], "colour", "red")
    mlflow.set_tracking_uri(server.url)
    mlflow.log_feedback(trace_id=trace_ids[0], name="good", value=True, rationale="why", metadata={"k": "v"})
    mlflow.log_expectation(trace_id=trace_ids[0], name="wanted", value={"a": [1, None]})
    mlflow.log_feedback(trace_id=trace_ids[1], name="score", value=0.5, span_id="0000000000000002")
    mlflow.log_feedback(trace_id=trace_ids[1], name="failed", error=ValueError("no"))
    in_a_file = _logged(server, experiment_id, 1, {}, as_file=True)
    incomplete = _logged(server, experiment_id, 2, {"mlflow.trace.sizeStats": json.dumps({"num_spans": 9})})
    return Written(server, experiment_id, run_id, trace_ids, in_a_file, incomplete)


def _spans(trace: int, number: int, session: str | None) -> list[Any]:
    root: dict[str, Any] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.input.messages": said("user", f"question {number}"),
        "gen_ai.output.messages": said("assistant", "é" * 2000 if number == 3 else "answer"),
        "user.id": "mia",
        "mlflow.traceTag.number": str(number),
        "mlflow.traceTag.mlflow.traceName": f"trace {number}",
    }
    if session is not None:
        root["session.id"] = session
    tool = {"mlflow.spanType": "TOOL", "mlflow.spanInputs": json.dumps({"x": number, "a.b": 1}), "number": number}
    last = 3 + number
    return [
        span(trace, 3, 1, name="model", attributes=chat("q", "a", tokens=3 + number), start=number + 0.2, end=last),
        span(trace, 2, 1, name="tool", attributes=tool, start=number + 0.1, end=last - 1),
        span(trace, 1, name="agent", attributes=root, start=number, end=last),
    ]


def _logged(
    server: MlflowServer, experiment_id: str, number: int, metadata: dict[str, str], as_file: bool = False
) -> str:
    """A trace that MLflow's own client writes: its spans as a file beside the database, as before 3.4, or into it."""
    trace = new_id()
    trace_id = f"tr-{trace:032x}"
    content = {
        "name": "old",
        "context": {"span_id": "0x7fb4e5f31a2b6c01", "trace_id": hex(trace)},
        "parent_id": None,
        "start_time": 1_600_000_000_000_000_000,
        "end_time": 1_600_000_001_000_000_000,
        "status_code": "OK",
        "status_message": "",
        "attributes": {"mlflow.traceRequestId": json.dumps(trace_id), "mlflow.spanInputs": '{"q": 1}', "n": "NaN"},
        "events": [],
    }
    client = TracingClient(server.url)
    data = theirs.TraceData(spans=[theirs.Span.from_dict(content)])
    if not as_file:
        client.log_spans(experiment_id, data.spans)
    info = client.start_trace(
        theirs.TraceInfo(
            trace_id=trace_id,
            trace_location=theirs.TraceLocation.from_experiment_id(experiment_id),
            request_time=1_600_000_000_000 + number,
            state=theirs.TraceState.OK,
            trace_metadata=metadata,
        )
    )
    if as_file:
        client._upload_trace_data(info, data)
    return trace_id


@pytest.fixture(params=["server", "file"])
def place(request: pytest.FixtureRequest, written: Written, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tracking URI, in use by the real MLflow and by genspan."""
    uri = written.places[request.param]
    monkeypatch.setattr(genspan_settings, "_process", genspan_settings._Process())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", written.experiment_id)
    mlflow.set_tracking_uri(uri)
    yield uri
    mlflow.set_tracking_uri("")


@pytest.fixture
def store(place: str) -> TraceStore:
    return open_store(place)


def both(ask: Callable[[Any, Any], Any], own: Any, real: Any) -> tuple[Any, Any]:
    """What genspan answers, or the code and message of its error, and what the real MLflow does."""
    return _answer(ask, own, ours), _answer(ask, real, theirs)


def _answer(ask: Callable[[Any, Any], Any], api: Any, entities: Any) -> Any:
    try:
        return ask(api, entities)
    except (MlflowException, TheirException) as error:
        return error.error_code, error.message.removeprefix(f"{error.error_code}: ")


def plain(value: Any) -> Any:
    """Entities as JSON."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    for name in ("to_dict", "to_dictionary"):
        if hasattr(value, name):
            return plain(getattr(value, name)())
    if isinstance(value, dict):
        # MLflow reads of feedback alone whether it counts.
        left_out = NOT_KEPT if "feedback" in value or "assessment_name" not in value else {*NOT_KEPT, "valid"}
        return {key: plain(item) for key, item in value.items() if key not in left_out}
    return value


FILTERS = [
    None,
    "",
    "status = 'OK'",
    "status = 'ERROR'",
    "tag.colour = 'red'",
    "tag.number IN ('1', '3')",
    "name = 'trace 2'",
    "metadata.`mlflow.trace.session` = 's1'",
    "timestamp_ms > 1790000001000",
    "execution_time_ms >= 3000 AND tag.number = '4'",
    "span.type = 'TOOL'",
    "span.name LIKE 'mod%'",
    "feedback.good = 'true'",
    "expectation.wanted IS NOT NULL",
    "nothing = 1",
    "status = ",
    "status = 'OK' OR status = 'ERROR'",
]


@pytest.mark.parametrize("filter_string", FILTERS)
def test_filters(place: str, filter_string: str | None) -> None:
    own, real = both(
        lambda api, _: api.search_traces(
            filter_string=filter_string, return_type="list", max_results=4, order_by=["timestamp_ms DESC"]
        ),
        reading,
        mlflow,
    )
    assert unworded(plain(own)) == unworded(plain(real))


def unworded(answer: Any) -> Any:
    """An error by its code alone: on a file it is said in genspan's own words."""
    return answer[0] if isinstance(answer, tuple) else answer


QUESTIONS: dict[str, dict[str, Any]] = {
    "order": {"order_by": ["timestamp_ms ASC"]},
    "order of two": {"order_by": ["status DESC", "execution_time_ms ASC"]},
    "wrong order": {"order_by": ["colour of money"]},
    "a few": {"max_results": 2},
    "none": {"max_results": 0},
    "without spans": {"include_spans": False},
    "another experiment": {"locations": ["0"]},
    "no such experiment": {"locations": ["4711"]},
    "no list": {"locations": "0"},
    "model": {"model_id": "m-1"},
    "model and filter": {"model_id": "m-1", "filter_string": "status = 'OK'"},
    "no such run": {"run_id": "0" * 32},
    "list with fields": {"extract_fields": ["agent.inputs"]},
    "wrong type": {"return_type": "tuple"},
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_questions(written: Written, place: str, question: dict[str, Any]) -> None:
    own, real = both(
        lambda api, _: (
            api.search_traces(**{"return_type": "list", "filter_string": "timestamp_ms > 1700000000000"} | question)
            if "model_id" not in question
            else api.search_traces(**{"return_type": "list"} | question)
        ),
        reading,
        mlflow,
    )
    assert unworded(plain(own)) == unworded(plain(real))


def test_traces_of_a_run(written: Written, place: str) -> None:
    ask = lambda api, _: api.search_traces(run_id=written.run_id, return_type="list", filter_string="status = 'OK'")  # noqa: E731
    own, real = both(ask, reading, mlflow)
    assert plain(own) == plain(real)
    assert {trace.trace_id for trace in own} == set(written.trace_ids[:2])

    elsewhere, refused = both(
        lambda api, _: api.search_traces(run_id=written.run_id, locations=["0"], return_type="list"), reading, mlflow
    )
    assert elsewhere == refused


FIELDS = ["agent.inputs", "tool.inputs.x", "tool.inputs.`a.b`", "`tool`.outputs", "nobody.inputs", "tool.inputs.y"]


def test_a_table(place: str) -> None:
    question: dict[str, Any] = {
        "filter_string": "timestamp_ms > 1700000000000",
        "order_by": ["timestamp_ms ASC"],
        "extract_fields": FIELDS,
    }
    own = reading.search_traces(**question)
    real = mlflow.search_traces(**question)
    assert list(own.columns) == list(real.columns)
    for frame in (own, real):
        frame["trace"] = [plain(json.loads(trace)) for trace in frame["trace"]]
        frame["spans"] = [plain(spans) for spans in frame["spans"]]
        frame["assessments"] = [plain(assessments) for assessments in frame["assessments"]]
    assert_frame_equal(own, real)
    assert list(own["tool.inputs.a.b"]) == [1] * len(SESSIONS)


def test_a_table_of_nothing(place: str) -> None:
    question: dict[str, Any] = {"filter_string": "name = 'nobody'", "extract_fields": FIELDS[:1]}
    assert_frame_equal(reading.search_traces(**question), mlflow.search_traces(**question))


@pytest.mark.parametrize(
    "field", ["agent", "agent.attributes", "`agent.inputs", "agent.inputs.`x", "agent.inputs.`x`y"]
)
def test_wrong_fields(place: str, field: str) -> None:
    own, real = both(lambda api, _: api.search_traces(extract_fields=[field]), reading, mlflow)
    assert own == real
    assert own[0] == "INVALID_PARAMETER_VALUE"


def test_a_trace(written: Written, place: str) -> None:
    for trace_id in [*written.trace_ids, written.in_a_file]:
        own, real = reading.get_trace(trace_id), mlflow.get_trace(trace_id)
        assert own is not None
        assert plain(own) == plain(real)


def test_a_trace_that_is_not_there(place: str, caplog: pytest.LogCaptureFixture) -> None:
    assert reading.get_trace("tr-1", silent=True) is None
    assert not caplog.records
    assert reading.get_trace("tr-1") is None
    assert "tr-1" in caplog.text
    own, real = both(lambda api, _: api.get_trace("tr-1"), open_store(place), mlflow.MlflowClient())
    assert own[0] == real[0] == "RESOURCE_DOES_NOT_EXIST"


def test_a_trace_that_mlflow_is_not_done_writing(written: Written, place: str) -> None:
    # MLflow's client answers the same, after as many seconds.
    with pytest.raises(MlflowException, match="is not fully exported yet, please try again later") as raised:
        open_store(place).get_trace(written.incomplete)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    found = reading.search_traces(return_type="list", max_results=500)
    assert written.in_a_file in {trace.trace_id for trace in found}
    assert written.incomplete not in {trace.trace_id for trace in found}


def test_sessions(place: str) -> None:
    own, real = reading.search_sessions(max_results=2), mlflow.search_sessions(max_results=2)
    assert [(session.id, len(session)) for session in own] == [("s2", 1), ("s1", 2)]
    assert [session.id for session in real] == ["s2", "s1"]
    assert [plain(session.traces) for session in own] == [plain(session.traces) for session in real]
    assert not any(trace.data.spans for session in reading.search_sessions(include_spans=False) for trace in session)
    # MLflow 3.17.2 raises for an id with a quotation mark.
    assert [session.id for session in reading.search_sessions()] == ["s2", "s1", "it's"]


def test_pages(written: Written, store: TraceStore, place: str) -> None:
    own_token = real_token = None
    client = mlflow.MlflowClient()
    question: dict[str, Any] = {"order_by": ["timestamp_ms ASC"], "max_results": 2, "include_spans": False}
    pages = 0
    while True:
        own = store.search_traces(experiment_ids=[written.experiment_id], page_token=own_token, **question)
        real = client.search_traces(locations=[written.experiment_id], page_token=real_token, **question)
        assert plain(own) == plain(list(real))
        assert bool(own.token) == bool(real.token)
        pages += 1
        own_token, real_token = own.token, real.token
        if not own_token:
            break
    assert pages == 4


def test_tags(written: Written, place: str) -> None:
    trace_id = written.trace_ids[4]
    reading.set_trace_tag(trace_id, "a key / with ü", "value 'quoted'")
    reading.set_trace_tag(trace_id, "mlflow.traceName", "renamed")
    found = mlflow.get_trace(trace_id)
    assert found.info.tags["a key / with ü"] == "value 'quoted'"
    assert found.info.tags["mlflow.traceName"] == "renamed"
    reading.set_trace_tag(trace_id, "mlflow.traceName", "trace 4")
    reading.delete_trace_tag(trace_id, "a key / with ü")
    assert "a key / with ü" not in mlflow.get_trace(trace_id).info.tags

    reading.set_trace_tag(trace_id, "mlflow.artifactLocation", "elsewhere")
    assert mlflow.get_trace(trace_id).info.tags["mlflow.artifactLocation"] != "elsewhere"

    own, real = both(lambda api, _: api.delete_trace_tag(trace_id, "nope"), reading, mlflow)
    assert own == real
    assert own[0] == "RESOURCE_DOES_NOT_EXIST"


def timeless(assessment: Any) -> dict[str, Any]:
    written: dict[str, Any] = plain(assessment)
    return {
        key: value
        for key, value in written.items()
        if key not in ("assessment_id", "create_time", "last_update_time", "overrides")
    }


def without_stack(written: dict[str, Any]) -> dict[str, Any]:
    written.get("feedback", {}).get("error", {}).pop("stack_trace", None)
    return written


GIVEN: dict[str, Callable[[Any, Any, str], Any]] = {
    "a value": lambda api, e, id: api.log_feedback(trace_id=id, value=3),
    "all there is": lambda api, e, id: api.log_feedback(
        trace_id=id,
        name="quality",
        value={"a": 1, "b": "x"},
        source=e.AssessmentSource("llm_judge", "gpt"),
        rationale="because",
        metadata={"n": 1},
        span_id="0000000000000002",
    ),
    "a list": lambda api, e, id: api.log_feedback(trace_id=id, value=["x", 1.5, True]),
    "an exception": lambda api, e, id: api.log_feedback(trace_id=id, error=ValueError("no")),
    "an error": lambda api, e, id: api.log_feedback(trace_id=id, error=e.AssessmentError("CODE", "no")),
    "an expectation": lambda api, e, id: api.log_expectation(trace_id=id, name="want", value=[1, {"a": None}]),
    "a plain expectation": lambda api, e, id: api.log_expectation(
        trace_id=id, name="want", value=5, source=e.AssessmentSource("HUMAN", "mia"), metadata={"m": 2}
    ),
    "an assessment": lambda api, e, id: api.log_assessment(id, e.Feedback(name="f", value=None)),
    "a trace that is not there": lambda api, e, id: api.log_feedback(trace_id="tr-1", value=1),
    "no value": lambda api, e, id: api.log_expectation(trace_id=id, name="want", value=None),
    "another source": lambda api, e, id: api.log_feedback(trace_id=id, value=1, source="me"),
    "another kind of source": lambda api, e, id: api.log_feedback(
        trace_id=id, value=1, source=e.AssessmentSource("ALIEN")
    ),
}


@pytest.mark.parametrize("give", GIVEN.values(), ids=GIVEN)
def test_assessments(written: Written, place: str, give: Callable[[Any, Any, str], Any]) -> None:
    trace_id = written.trace_ids[2]
    own, real = both(lambda api, entities: give(api, entities, trace_id), assessments, mlflow)
    if isinstance(real, tuple):
        assert own == real
        return
    assert without_stack(timeless(own)) == without_stack(timeless(real))
    assert own.assessment_id.startswith("a-")

    for assessment_id in (own.assessment_id, real.assessment_id):
        mine = assessments.get_assessment(trace_id, assessment_id)
        assert plain(mine) == plain(mlflow.get_assessment(trace_id, assessment_id))
        assessments.delete_assessment(trace_id, assessment_id)
        missing, gone = both(lambda api, _, id=assessment_id: api.get_assessment(trace_id, id), assessments, mlflow)
        assert missing == gone
        assert missing[0] == "RESOURCE_DOES_NOT_EXIST"


def test_an_assessment_is_changed(written: Written, place: str) -> None:
    trace_id = written.trace_ids[2]
    for change in (
        lambda api, e, id: api.update_assessment(
            trace_id, id, e.Feedback(name="new", value="better", rationale="why", metadata={"a": "b"})
        ),
        lambda api, e, id: api.update_assessment(trace_id, id, e.Feedback(name="old", error="failed")),
        lambda api, e, id: api.update_assessment(trace_id, id, e.Expectation(name="old", value=1)),
    ):
        ids = {}

        def ask(api: Any, entities: Any, change: Any = change, ids: dict[Any, str] = ids) -> Any:
            given = api.log_feedback(trace_id=trace_id, name="old", value=1, metadata={"z": "y"})
            ids[api] = given.assessment_id
            return change(api, entities, given.assessment_id)

        own, real = both(ask, assessments, mlflow)
        if isinstance(real, tuple):
            assert own == tuple(part.replace(ids[mlflow], ids[assessments]) for part in real)
        else:
            assert timeless(own) == timeless(real)
        for id in ids.values():
            assessments.delete_assessment(trace_id, id)


def test_feedback_is_overridden_and_counts_again(written: Written, place: str) -> None:
    trace_id = written.trace_ids[2]
    first = assessments.log_feedback(trace_id=trace_id, name="score", value=1)
    second = assessments.override_feedback(
        trace_id=trace_id, assessment_id=first.assessment_id or "", value=2, rationale="no"
    )
    assert second.overrides == first.assessment_id
    found = reading.get_trace(trace_id)
    assert found is not None
    assert [one.assessment_id for one in found.search_assessments("score")] == [second.assessment_id]
    assert plain(found) == plain(mlflow.get_trace(trace_id))
    assessments.delete_assessment(trace_id, second.assessment_id or "")
    assert assessments.get_assessment(trace_id, first.assessment_id or "").valid
    assessments.delete_assessment(trace_id, first.assessment_id or "")

    wanted = assessments.log_expectation(trace_id=trace_id, name="want", value=1)
    own, real = both(
        lambda api, _: api.override_feedback(trace_id=trace_id, assessment_id=wanted.assessment_id, value=2),
        assessments,
        mlflow,
    )
    assert own == real
    assessments.delete_assessment(trace_id, wanted.assessment_id or "")


def test_experiments(written: Written, store: TraceStore, place: str) -> None:
    client = mlflow.MlflowClient()
    for own, real in (
        (store.get_experiment(written.experiment_id), client.get_experiment(written.experiment_id)),
        (store.get_experiment_by_name("Default"), client.get_experiment_by_name("Default")),
    ):
        assert own is not None
        for name in vars(own):
            assert getattr(own, name) == getattr(real, name), name
    assert store.get_experiment_by_name("nobody") is None
    for ask in (
        lambda api, _: api.get_experiment("4711"),
        lambda api, _: api.create_experiment("Default"),
    ):
        mine, other = both(ask, store, client)
        # What follows that is the database's.
        assert [part.partition(" Error:")[0] for part in mine] == [part.partition(" Error:")[0] for part in other]
    made = store.create_experiment(f"made {place}", {"team": "b"})
    found = client.get_experiment(made)
    assert (found.name, found.tags["team"], found.lifecycle_stage) == (f"made {place}", "b", "active")


def test_traces_are_linked_to_a_run(written: Written, store: TraceStore, place: str) -> None:
    client = mlflow.MlflowClient()
    run_id = client.create_run(written.experiment_id).info.run_id
    store.link_traces_to_run(written.trace_ids[2:4], run_id)
    found = client.search_traces(locations=[written.experiment_id], run_id=run_id, include_spans=False)
    assert {trace.info.trace_id for trace in found} == set(written.trace_ids[2:4])


DELETIONS: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "both": {"max_timestamp_millis": 1, "trace_ids": ["tr-1"]},
    "ids and how many": {"trace_ids": ["tr-1"], "max_traces": 1},
    "none": {"max_timestamp_millis": 1, "max_traces": 0},
    "no such trace": {"trace_ids": ["tr-1"]},
    "none so old": {"max_timestamp_millis": 1},
}


@pytest.mark.parametrize("which", DELETIONS.values(), ids=DELETIONS)
def test_what_is_not_deleted(store: TraceStore, place: str, which: dict[str, Any]) -> None:
    own, real = both(lambda api, _: api.delete_traces("0", **which), store, mlflow.MlflowClient())
    assert own == real


def test_traces_are_deleted(store: TraceStore, place: str, written: Written) -> None:
    client = mlflow.MlflowClient()
    experiment_id = client.create_experiment(f"to be deleted in {place}")
    traces = [new_id() for _ in range(4)]
    os.environ["MLFLOW_EXPERIMENT_ID"] = experiment_id
    export(written.server.url, [span(trace, start=number, end=number + 1) for number, trace in enumerate(traces)])
    ids = [f"tr-{trace:032x}" for trace in traces]

    assert store.delete_traces(experiment_id, max_timestamp_millis=1_790_000_002_000, max_traces=1) == 1
    assert store.delete_traces(experiment_id, trace_ids=[ids[3], "tr-1"]) == 1
    left = client.search_traces(locations=[experiment_id], order_by=["timestamp_ms ASC"])
    assert [trace.info.trace_id for trace in left] == ids[1:3]
