"""Small entities and errors, beside those of the real MLflow."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import mlflow.entities as theirs
import mlflow.exceptions as their_exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.protos import databricks_pb2
from mlflow.utils.proto_json_utils import milliseconds_to_proto_timestamp, proto_timestamp_to_milliseconds

from genspan.mlflow import entities as ours
from genspan.mlflow import exceptions
from genspan.mlflow.entities import timestamp
from genspan.mlflow.exceptions import MlflowException, RestException


def test_importing_is_light() -> None:
    heavy = ("opentelemetry.sdk", "pandas", "pydantic", "requests", "google.protobuf", "mlflow", "orjson")
    code = (
        "import sys, genspan.mlflow, genspan.mlflow.entities, genspan.mlflow.exceptions, genspan.mlflow.store\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Times ----------------------------------------------------------------------------------------------------------------


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_times(milliseconds: int) -> None:
    text = timestamp.written(milliseconds)
    assert text == milliseconds_to_proto_timestamp(milliseconds)
    assert timestamp.read(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T13:00:00Z", "2026-11-20T13:00:00.5Z", "2026-11-20T13:00:00.123456789Z", "2026-11-20T13:00:00+02:00"],
)
def test_times_as_others_write_them(text: str) -> None:
    assert timestamp.read(text) == proto_timestamp_to_milliseconds(text)


@pytest.mark.parametrize("text", ["", "2026-11-20", "2026-11-20T13:00:00", "2026-11-20T25:00:00Z", "yesterday"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        timestamp.read(text)


def test_durations() -> None:
    assert [timestamp.read_duration(text) for text in ("1s", "1.5s", "0.0019s", "-2.5s")] == [1000, 1500, 1, -2500]
    with pytest.raises(ValueError):
        timestamp.read_duration("1h")


# Spans ----------------------------------------------------------------------------------------------------------------


def test_span_types() -> None:
    known = {name: value for name, value in vars(theirs.SpanType).items() if not name.startswith("_")}
    assert {name: getattr(ours.SpanType, name) for name in known} == known


CONTENT: dict[str, Any] = {
    "trace_id": "bppiqVeCao2UrhV2RkZt7g==",
    "span_id": "Z8WTOBi6xYE=",
    "parent_span_id": None,
    "name": "work",
    "start_time_unix_nano": 1,
    "end_time_unix_nano": 2,
    "status": {"code": "STATUS_CODE_OK", "message": "ignored"},
    "attributes": {"mlflow.traceRequestId": '"tr-1"', "a.b": "[1]"},
}


@pytest.mark.parametrize("item", ["inputs", "a.b", "nothing", 0, "_trace_id"])
def test_a_span_is_no_dict(item: Any) -> None:
    for span in (ours.Span.from_dict(CONTENT), theirs.Span.from_dict(CONTENT)):
        with pytest.raises(TypeError) as raised:
            span[item]
        if span.__class__ is ours.Span:
            said = str(raised.value)
        else:
            assert str(raised.value) == said
        with pytest.raises(TypeError):
            iter(span)  # type: ignore[call-overload]
        assert not hasattr(span, "get")


@pytest.mark.parametrize("code", ["OK", "ERROR", "UNSET"])
def test_statuses(code: str) -> None:
    own, real = ours.SpanStatus(code, "why"), theirs.SpanStatus(code, "why")
    assert (own.status_code.value, own.description) == (real.status_code.value, real.description)
    name = real.status_code.to_otel_proto_status_code_name()
    assert own.status_code.to_otel_proto_status_code_name() == name
    assert ours.SpanStatusCode.from_otel_proto_status_code_name(name) is own.status_code


def refusal(do: Callable[[Any], Any], module: Any) -> tuple[str, str]:
    with pytest.raises((MlflowException, their_exceptions.MlflowException)) as raised:
        do(module)
    return raised.value.error_code, raised.value.message


REFUSED: dict[str, Callable[[Any], Any]] = {
    "status": lambda e: e.SpanStatus("FINE"),
    "name of a status": lambda e: e.SpanStatusCode.from_otel_proto_status_code_name("OK"),
    "log level": lambda e: e.SpanLogLevel.from_value("LOUD"),
    "type of a log level": lambda e: e.SpanLogLevel.from_value(3),
    "two locations": lambda e: e.TraceLocation(
        e.TraceLocationType.MLFLOW_EXPERIMENT,
        mlflow_experiment=e.MlflowExperimentLocation("1"),
        uc_schema=e.UCSchemaLocation("c", "s"),
    ),
    "prefix": lambda e: e.UnityCatalog("c", "s").full_table_prefix,
    "source": lambda e: e.AssessmentSource("ALIEN"),
    "no source": lambda e: e.Feedback(value=1, source="me"),
    "error of feedback": lambda e: e.Feedback(error=5),
    "expectation of nothing": lambda e: e.Expectation("e", None),
    "issue without name": lambda e: e.IssueReference("i", None),
    "assessment of nothing": lambda e: e.Assessment("a", e.AssessmentSource("CODE")),
    "expectation that failed": lambda e: e.Assessment(
        "a",
        e.AssessmentSource("CODE"),
        error=e.AssessmentError("C"),
        expectation=e.Expectation("x", 1).expectation,
    ),
    "no kind of assessment": lambda e: e.Assessment.from_dictionary({"assessment_name": "a"}),
    "feedback of an expectation": lambda e: e.Feedback.from_dictionary(e.Expectation("x", 1).to_dictionary()),
    "expectation that is no JSON": lambda e: e.Expectation("x", {1, 2}).to_dictionary(),
}


@pytest.mark.parametrize("do", REFUSED.values(), ids=REFUSED)
def test_refusals(do: Callable[[Any], Any]) -> None:
    assert refusal(do, ours) == refusal(do, theirs)


def test_an_event_of_an_exception() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        own, real = ours.SpanEvent.from_exception(error), theirs.SpanEvent.from_exception(error)
    assert (own.name, own.attributes) == (real.name, real.attributes)
    assert own.json() | {"timestamp": 0} == real.json() | {"timestamp": 0}


def test_an_event_as_json() -> None:
    attributes = {"when": datetime(2026, 1, 1, tzinfo=timezone.utc), "what": {1}}
    own, real = ours.SpanEvent("e", 5, attributes), theirs.SpanEvent("e", 5, attributes)
    assert own.json() == real.json()
    assert ours.SpanEvent("e", 5).json() == theirs.SpanEvent("e", 5).json()


def test_log_levels() -> None:
    assert [level.name for level in ours.SpanLogLevel] == [level.name for level in theirs.SpanLogLevel]
    assert ours.SpanLogLevel.from_value(" info ") is ours.SpanLogLevel.INFO
    assert ours.SpanLogLevel.from_value(ours.SpanLogLevel.ERROR) is ours.SpanLogLevel.ERROR


def test_states() -> None:
    for state in theirs.TraceState:
        own = ours.TraceState(state.value)
        assert str(own) == str(state)
        assert ours.TraceStatus.from_state(own).to_state() is own


# Documents, locations, experiments ------------------------------------------------------------------------------------


def test_documents_of_langchain() -> None:
    from langchain_core.documents import Document

    found = Document("text", metadata={"a": [1]}, id="d1")
    own, real = ours.Document.from_langchain_document(found), theirs.Document.from_langchain_document(found)
    assert own.to_dict() == real.to_dict()
    own.metadata["a"].append(2)
    assert found.metadata == {"a": [1]}


LOCATIONS: list[Callable[[Any], Any]] = [
    lambda e: e.TraceLocation.from_experiment_id("1"),
    lambda e: e.TraceLocation.from_databricks_uc_schema("c", "s"),
    lambda e: e.TraceLocation.from_databricks_uc_table_prefix("c", "s", "p"),
    lambda e: e.UCSchemaLocation("c", "s"),
    lambda e: e.UnityCatalog("c", "s"),
    lambda e: e.MlflowExperimentLocation("1"),
]


@pytest.mark.parametrize("make", LOCATIONS)
def test_locations(make: Callable[[Any], Any]) -> None:
    own, real = make(ours), make(theirs)
    assert own.to_dict() == real.to_dict()
    assert repr(own) == repr(real)
    assert type(own).from_dict(own.to_dict()) == own
    for name in ("schema_location", "full_otel_spans_table_name", "full_otel_logs_table_name"):
        if hasattr(real, name):
            assert getattr(own, name) == getattr(real, name)


# Traces ---------------------------------------------------------------------------------------------------------------


def whole(module: Any) -> Any:
    def span(number: int, name: str, kind: str, outputs: str) -> dict[str, Any]:
        return CONTENT | {
            "span_id": b64encode(bytes([0] * 7 + [number + 1])).decode(),
            "parent_span_id": None if number == 0 else "AAAAAAAAAAE=",
            "name": name,
            "attributes": CONTENT["attributes"] | {"mlflow.spanType": f'"{kind}"', "mlflow.spanOutputs": outputs},
        }

    spans = [
        span(0, "root", "AGENT", "0"),
        span(1, "add_one", "TOOL", "1"),
        span(2, "add_one", "TOOL", "[2]"),
        span(3, "multiply", "TOOL", "null"),
        span(4, "model", "LLM", '"x"'),
    ]
    feedback = module.Feedback(name="good", value=1, span_id="s1")
    overridden = module.Feedback(name="good", value=0, valid=False)
    wanted = module.Expectation(name="good", value=2)
    location = module.TraceLocation.from_experiment_id("1")
    info = module.TraceInfo(
        "tr-1",
        location,
        0,
        module.TraceState.OK,
        trace_metadata={"mlflow.trace.tokenUsage": '{"input_tokens": 1}', "mlflow.trace.cost": '{"total_cost": 0.5}'},
        assessments=[feedback, overridden, wanted],
    )
    return module.Trace(info, module.TraceData([module.Span.from_dict(one) for one in spans]))


SEARCHES: dict[str, dict[str, Any]] = {
    "all": {},
    "name": {"name": "add_one"},
    "pattern": {"name": re.compile("add|mult")},
    "type": {"span_type": "TOOL"},
    "type and name": {"span_type": "TOOL", "name": "multiply"},
    "id": {"span_id": "0000000000000004"},
    "nothing": {"name": "add"},
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_search_spans(search: dict[str, Any]) -> None:
    found = [span.span_id for span in whole(ours).search_spans(**search)]
    assert found == [span.span_id for span in whole(theirs).search_spans(**search)]
    assert bool(found) is (search.get("name") != "add")


@pytest.mark.parametrize("search", [{"name": 5}, {"span_type": 5}])
def test_search_for_what_no_span_has(search: dict[str, Any]) -> None:
    assert refusal(lambda e: whole(e).search_spans(**search), ours) == refusal(
        lambda e: whole(e).search_spans(**search), theirs
    )


@pytest.mark.parametrize(
    "search",
    [
        {},
        {"name": "good"},
        {"name": "bad"},
        {"span_id": "s1"},
        {"all": True},
        {"type": "feedback"},
        {"type": "expectation"},
    ],
)
def test_search_assessments(search: dict[str, Any]) -> None:
    own, real = whole(ours).search_assessments(**search), whole(theirs).search_assessments(**search)
    assert [one.value for one in own] == [one.value for one in real]


def test_facts_of_a_trace() -> None:
    own, real = whole(ours), whole(theirs)
    assert (
        (own.info.token_usage, own.info.cost)
        == (real.info.token_usage, real.info.cost)
        == (
            {"input_tokens": 1},
            {"total_cost": 0.5},
        )
    )
    assert (
        own.data.intermediate_outputs
        == real.data.intermediate_outputs
        == {
            "add_one_1": 1,
            "add_one_2": [2],
            "model": "x",
        }
    )
    assert repr(own) == repr(real)


def test_a_kind_of_feedback_of_ones_own() -> None:
    class Stars(ours.Feedback):
        pass

    assert Stars(value=5).to_dictionary()["feedback"] == {"value": 5.0}
    assert type(ours.Assessment.from_dictionary(Stars(value=5).to_dictionary())) is ours.Feedback


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*sorted(exceptions.HTTP_STATUS), "FEATURE_DISABLED", "QUOTA_EXCEEDED"])
def test_errors(code: str) -> None:
    own = MlflowException("no", code, detail=1)
    real = their_exceptions.MlflowException("no", databricks_pb2.ErrorCode.Value(code), detail=1)
    assert own.serialize_as_json() == real.serialize_as_json()
    assert own.get_http_status_code() == real.get_http_status_code()
    assert str(own) == str(real)
    assert pickle.loads(pickle.dumps(own)).error_code == code


ANSWERS: list[dict[str, Any]] = [
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"},
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "no", "sqlstate": "KAM00", "error_class": "OTHER"},
    {"error_code": "404", "message": "no"},
    {"error_code": "500", "message": "no"},
    {"error_code": "429", "message": "no"},
    {"error_code": "418", "message": "no"},
    {"reason": "no idea"},
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_refusals_of_a_server(answer: dict[str, Any]) -> None:
    own, real = RestException(answer), their_exceptions.RestException(answer)
    assert own.serialize_as_json() == real.serialize_as_json()
    assert str(pickle.loads(pickle.dumps(own))) == str(real)


def test_a_narrower_class_of_error() -> None:
    own = MlflowException.invalid_parameter_value("no", error_class="ATTRIBUTE_NOT_FOUND")
    real = their_exceptions.MlflowException.invalid_parameter_value("no", error_class="ATTRIBUTE_NOT_FOUND")
    assert own.serialize_as_json() == real.serialize_as_json()
