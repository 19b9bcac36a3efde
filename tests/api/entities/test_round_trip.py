"""Entities as JSON, between genspan and the real MLflow, both ways."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import mlflow.entities as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.entities.span import Span as TheirSpan
from mlflow.exceptions import MlflowException as TheirException

from genspan.mlflow import entities as ours
from genspan.mlflow.exceptions import MlflowException

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
long_text = text | st.integers(240, 260).map("x".__mul__) | st.integers(4090, 4100).map("é".__mul__)
pairs = st.dictionaries(text | st.just("k" * 260), long_text, max_size=4)
milliseconds = st.integers(-62_135_596_800_000, 253_402_300_799_999)
nanoseconds = st.integers(1, 2**63 - 1)
span_ids = st.integers(1, 2**64 - 1)
scalars = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | text
json_values = st.recursive(
    st.none() | scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
)
feedback_values = st.none() | scalars | st.lists(scalars, max_size=3) | st.dictionaries(text, scalars, max_size=3)
source_types = st.sampled_from(["HUMAN", "CODE", "LLM_JUDGE", "llm_judge", "SOURCE_TYPE_UNSPECIFIED"])


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def locations(draw: st.DrawFn) -> dict[str, Any]:
    return draw(
        st.sampled_from(
            [
                {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}},
                {"type": "INFERENCE_TABLE", "inference_table": {"full_table_name": "c.s.t"}},
                {"type": "TRACE_LOCATION_TYPE_UNSPECIFIED"},
                {"type": "UC_SCHEMA", "uc_schema": {"catalog_name": "c", "schema_name": "s"}},
                {
                    "type": "UC_TABLE_PREFIX",
                    "uc_table_prefix": {"catalog_name": "c", "schema_name": "s", "table_prefix": "p"},
                },
            ]
        )
    )


@st.composite
def assessments(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of Feedback or Expectation, by kind."""
    kind = draw(st.sampled_from(["feedback", "expectation", "issue"]))
    shared = {
        "source": {"source_type": draw(source_types), "source_id": draw(optional(text))},
        "trace_id": "tr-" + "0" * 31 + "1",
        "metadata": draw(optional(st.dictionaries(text, scalars, max_size=2))),
        "span_id": draw(optional(st.just("00000000000000aa"))),
        "create_time_ms": draw(milliseconds),
        "last_update_time_ms": draw(milliseconds),
    }
    if kind == "expectation":
        return {"kind": kind, "name": draw(text), "value": draw(json_values.filter(lambda v: v is not None)), **shared}
    if kind == "issue":
        return {"kind": kind, "issue_id": draw(text), "issue_name": draw(text), "rationale": draw(text), **shared}
    return {
        "kind": kind,
        "name": draw(text),
        "value": draw(feedback_values),
        "error": draw(optional(text)),
        "rationale": draw(optional(text)),
        "overrides": draw(optional(text)),
        "valid": draw(st.sampled_from([True, False, None])),
        **shared,
    }


def assessment(module: Any, arguments: dict[str, Any]) -> Any:
    kind = {"feedback": "Feedback", "expectation": "Expectation", "issue": "IssueReference"}[arguments["kind"]]
    given = {name: value for name, value in arguments.items() if name != "kind"}
    return getattr(module, kind)(**given | {"source": module.AssessmentSource(**arguments["source"])})


@st.composite
def infos(draw: st.DrawFn) -> dict[str, Any]:
    location = draw(locations())
    is_in_catalog = location["type"].startswith("UC_")
    place = {"UC_SCHEMA": "c.s", "UC_TABLE_PREFIX": "c.s.p"}.get(location["type"])
    return {
        "trace_id": f"trace:/{place}/{draw(span_ids):032x}" if is_in_catalog else f"tr-{draw(span_ids):032x}",
        "trace_location": location,
        "request_time": draw(milliseconds),
        "state": draw(st.sampled_from(["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED"])),
        "request_preview": draw(optional(text)),
        "response_preview": draw(optional(text)),
        "client_request_id": draw(optional(text)),
        "execution_duration": draw(optional(st.integers(0, 10**12))),
        "trace_metadata": draw(pairs),
        "tags": draw(pairs),
    }


def info(module: Any, arguments: dict[str, Any], judged: list[Any]) -> Any:
    return module.TraceInfo(
        **arguments
        | {
            "trace_location": module.TraceLocation.from_dict(arguments["trace_location"]),
            "state": module.TraceState(arguments["state"]),
            "assessments": judged,
        }
    )


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    """A span as any MLflow since 3.0 has it."""
    attributes = draw(st.dictionaries(text, json_values.map(json.dumps) | text, max_size=4))
    return {
        "trace_id": "bppiqVeCao2UrhV2RkZt7g==",
        "span_id": ours_base64(draw(span_ids)),
        "parent_span_id": draw(optional(span_ids.map(ours_base64))),
        "name": draw(text),
        "start_time_unix_nano": draw(nanoseconds),
        "end_time_unix_nano": draw(optional(nanoseconds)),
        "status": {
            "code": draw(st.sampled_from(["STATUS_CODE_OK", "STATUS_CODE_ERROR", "STATUS_CODE_UNSET"])),
            "message": draw(text),
        },
        "attributes": {**attributes, "mlflow.traceRequestId": '"tr-6e9a62a957826a8d94ae157646466dee"'},
        "events": draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "name": text,
                        "time_unix_nano": nanoseconds,
                        "attributes": st.dictionaries(text, scalars | st.lists(text, max_size=2), max_size=2),
                    }
                ),
                max_size=2,
            )
        ),
        "links": draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "trace_id": st.just("tr-" + "0" * 31 + "1"),
                        "span_id": st.just("0" * 15 + "2"),
                        "attributes": optional(st.dictionaries(text, scalars, min_size=1, max_size=2)),
                    }
                ),
                max_size=2,
            )
        ),
    }


def ours_base64(span_id: int) -> str:
    from base64 import b64encode

    return b64encode(span_id.to_bytes(8, "big")).decode()


@given(assessments())
def test_assessments(arguments: dict[str, Any]) -> None:
    own, real = assessment(ours, arguments), assessment(theirs, arguments)
    assert own.to_dictionary() == real.to_dictionary()

    there = theirs.Assessment.from_dictionary(own.to_dictionary())
    back = ours.Assessment.from_dictionary(there.to_dictionary())
    assert back.to_dictionary() == there.to_dictionary()
    assert type(back).__name__ == type(there).__name__
    if arguments["kind"] != "issue":
        assert back.value == there.value


@given(assessments(), optional(text), optional(text), st.booleans())
def test_every_kind_keeps_what_mlflow_reads_of_feedback_alone(
    arguments: dict[str, Any], rationale: str | None, overrides: str | None, valid: bool
) -> None:
    own = assessment(ours, arguments | {"source": {"source_type": "HUMAN", "source_id": "me"}})
    own.rationale, own.overrides, own.valid = rationale, overrides or None, valid
    back = ours.Assessment.from_dictionary(own.to_dictionary())
    assert back.to_dictionary() == own.to_dictionary()
    assert (back.rationale, back.overrides, back.valid) == (own.rationale, own.overrides, own.valid)


@settings(deadline=None)
@given(infos(), st.lists(assessments(), max_size=2))
def test_trace_infos(arguments: dict[str, Any], judged: list[dict[str, Any]]) -> None:
    if arguments["trace_id"].startswith("trace:/"):  # MLflow has no issues there.
        judged = [{**one, "trace_id": arguments["trace_id"]} for one in judged if one["kind"] != "issue"]
    own = info(ours, arguments, [assessment(ours, one) for one in judged])
    real = info(theirs, arguments, [assessment(theirs, one) for one in judged])
    written = own.to_dict()
    assert written == real.to_dict()

    there = theirs.TraceInfo.from_dict(written)
    back = ours.TraceInfo.from_dict(there.to_dict())
    assert back.to_dict() == there.to_dict()
    for name in ("experiment_id", "timestamp_ms", "execution_time_ms", "request_id", "request_metadata"):
        assert getattr(back, name) == getattr(there, name)
    assert back.status.value == there.status.value
    assert back.state == there.state


@settings(deadline=None)
@given(st.lists(spans(), max_size=3))
def test_traces(contents: list[dict[str, Any]]) -> None:
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}}
    whole = {
        "info": {
            "trace_id": "tr-6e9a62a957826a8d94ae157646466dee",
            "trace_location": location,
            "request_time": "2026-11-20T13:00:00Z",
            "state": "OK",
        },
        "data": {"spans": contents},
    }
    own, real = ours.Trace.from_json(json.dumps(whole)), theirs.Trace.from_json(json.dumps(whole))
    assert json.loads(own.to_json()) == json.loads(real.to_json())
    assert json.loads(own.to_json(pretty=True)) == json.loads(real.to_json())
    assert ours.Trace.from_dict(real.to_dict()).to_dict() == own.to_dict()
    assert theirs.Trace.from_dict(own.to_dict()).to_dict() == real.to_dict()
    assert own.to_pandas_dataframe_row() == real.to_pandas_dataframe_row()
    assert (own.data.request, own.data.response) == (real.data.request, real.data.response)
    for mine, other in zip(own.data.spans, real.data.spans, strict=True):
        assert_same(mine, other)


PROPERTIES = (
    "trace_id",
    "request_id",
    "span_id",
    "parent_id",
    "name",
    "start_time_ns",
    "end_time_ns",
    "inputs",
    "outputs",
    "span_type",
    "attributes",
    "model_name",
    "llm_cost",
    "description",
    "log_level",
)


def assert_same(own: ours.Span, real: Any) -> None:
    for name in PROPERTIES:
        assert getattr(own, name) == getattr(real, name), name
    assert own.status.status_code.value == real.status.status_code.value
    assert own.status.description == real.status.description
    assert [vars(event) for event in own.events] == [vars(event) for event in real.events]
    assert [link.to_dict() for link in own.links] == [link.to_dict() for link in real.links]
    assert repr(own) == repr(real)


OLD = {
    "MLflow 2": {
        "name": "predict",
        "context": {"span_id": "0x7fb4e5f31a2b6c01", "trace_id": "0x00000000000000a1b2c3d4e5f6071829"},
        "parent_id": None,
        "start_time": 1_700_000_000_000_000_000,
        "end_time": 1_700_000_001_000_000_000,
        "status_code": "OK",
        "status_message": "",
        "attributes": {
            "mlflow.traceRequestId": '"a1b2"',
            "mlflow.spanType": '"LLM"',
            "mlflow.spanInputs": '{"q": 1}',
        },
        "events": [{"name": "e", "timestamp": 1_700_000_000_500_000_000, "attributes": {"a": 1}}],
    },
    "MLflow 2, no leading zeros": {
        "name": "child",
        "context": {"span_id": "0xfb4e5f31a2b6c01", "trace_id": "0xa1b2c3d4e5f6071829"},
        "parent_id": "0x7fb4e5f31a2b6c",
        "start_time": 1,
        "end_time": None,
        "status_code": "ERROR",
        "status_message": "no",
        "attributes": {"mlflow.traceRequestId": '"a1b2"'},
        "events": [],
    },
    "MLflow 3.5.0": {
        "trace_id": "tr-6e9a62a957826a8d94ae157646466dee",
        "span_id": "67c593381 8bac581".replace(" ", ""),
        "parent_span_id": "684ed6deb495279 1".replace(" ", ""),
        "name": "child",
        "start_time_unix_nano": 1_795_181_205_289_322_504,
        "end_time_unix_nano": "1795181205295234293",
        "events": [],
        "status": {"code": "OK", "message": ""},
        "attributes": {"mlflow.traceRequestId": '"tr-6e9a62a957826a8d94ae157646466dee"'},
    },
    "Unity Catalog, MLflow 3.5.0": {
        "trace_id": "trace:/c.s/6e9a62a957826a8d94ae157646466dee",
        "span_id": "67c5933818bac581",
        "parent_span_id": None,
        "name": "root",
        "start_time_unix_nano": 1,
        "status": {"code": "ERROR", "message": "no"},
        "attributes": {"mlflow.traceRequestId": '"trace:/c.s/6e9a62a957826a8d94ae157646466dee"'},
    },
}


@pytest.mark.parametrize("data", OLD.values(), ids=OLD)
def test_spans_of_older_versions(data: dict[str, Any]) -> None:
    own, real = ours.Span.from_dict(copy.deepcopy(data)), TheirSpan.from_dict(copy.deepcopy(data))
    assert own.to_dict() == real.to_dict()
    assert_same(own, real)


def test_a_trace_of_mlflow_2() -> None:
    whole = {
        "info": {
            "request_id": "a1b2",
            "experiment_id": "3",
            "timestamp_ms": 1_700_000_000_000,
            "execution_time_ms": 1000,
            "status": "OK",
            "request_metadata": {"mlflow.traceInputs": '{"q": 1}'},
            "tags": {"mlflow.traceName": "predict"},
        },
        "data": {"spans": [OLD["MLflow 2"]], "request": '{"q": 1}', "response": "2"},
    }
    own, real = ours.Trace.from_dict(copy.deepcopy(whole)), theirs.Trace.from_dict(copy.deepcopy(whole))
    assert own.to_dict() == real.to_dict()
    assert own.info.experiment_id == "3"
    assert own.data.request == real.data.request


NO_SPANS: dict[str, Any] = {
    "nothing": {},
    "no id of a trace": {"attributes": {}},
    "no status": {**OLD["MLflow 3.5.0"], "status": None},
    "another status": {**OLD["MLflow 3.5.0"], "status": {"code": "FINE"}},
    "no time": {**OLD["MLflow 3.5.0"], "start_time_unix_nano": None},
    "not hexadecimal": {**OLD["MLflow 3.5.0"], "span_id": "zz"},
    "links without ids": {**OLD["MLflow 3.5.0"], "links": [{}]},
}


@pytest.mark.parametrize("data", NO_SPANS.values(), ids=NO_SPANS)
def test_what_is_no_span_is_refused_as_mlflow_does(data: dict[str, Any]) -> None:
    with pytest.raises(TheirException) as real:
        TheirSpan.from_dict(copy.deepcopy(data))
    with pytest.raises(MlflowException) as own:
        ours.Span.from_dict(copy.deepcopy(data))
    assert (own.value.message, own.value.error_code) == (real.value.message, real.value.error_code)


@pytest.mark.parametrize("text", ["{}", '{"info": {}}', "no json", '{"info": null, "data": {}}'])
def test_what_is_no_trace_is_refused_as_mlflow_does(text: str) -> None:
    with pytest.raises(TheirException) as real:
        theirs.Trace.from_json(text)
    with pytest.raises(MlflowException) as own:
        ours.Trace.from_json(text)
    assert (own.value.message, own.value.error_code) == (real.value.message, real.value.error_code)


def test_a_span_is_pickled_and_copied() -> None:
    span = ours.Span.from_dict(OLD["MLflow 2"])
    for other in (pickle.loads(pickle.dumps(span)), copy.copy(span), copy.deepcopy(span)):
        assert other.to_dict() == span.to_dict()


def test_values_that_json_does_not_know_are_written_in_their_own_way() -> None:
    data = copy.deepcopy(OLD["MLflow 2"])
    data["attributes"]["when"] = {1, 2}
    location = ours.TraceLocation.from_experiment_id("1")
    trace = ours.Trace(
        ours.TraceInfo("tr-1", location, 0, ours.TraceState.OK), ours.TraceData([ours.Span.from_dict(data)])
    )
    assert json.loads(trace.to_json())["data"]["spans"][0]["attributes"]["when"] == [1, 2]
