"""Spans by hand, and what is said of the trace that is under way."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import StatusCode

from genspan import mlflow
from genspan.mlflow.entities import Link, LiveSpan, NoOpSpan, Span, SpanEvent, SpanStatus, SpanStatusCode, SpanType
from genspan.semconv.encoding import decode
from support.mlflow_api import Tracing


class TestStartSpan:
    def test_nests_with_spans_of_other_tracers(self, tracing_to: Tracing) -> None:
        other = trace.get_tracer("other")
        with (
            other.start_as_current_span("web"),
            mlflow.start_span("outer") as outer,
            other.start_as_current_span("query"),
            mlflow.start_span("inner") as inner,
        ):
            assert mlflow.get_active_trace_id() == outer.trace_id == inner.trace_id
        assert tracing_to.tree() == {"inner": "query", "query": "outer", "outer": "web", "web": None}
        assert mlflow.get_current_active_span() is None
        assert mlflow.get_active_trace_id() is None

    def test_an_exception_goes_on(self, tracing_to: Tracing) -> None:
        with pytest.raises(KeyError), mlflow.start_span("s"):
            raise KeyError("k")
        span = tracing_to.spans["s"]
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "KeyError: 'k'"

    def test_what_cannot_be_used_does_not_keep_the_block_from_running(
        self, tracing_to: Tracing, caplog: pytest.LogCaptureFixture
    ) -> None:
        with mlflow.start_span("s", log_level="LOUD") as span:
            span.set_inputs(1)
        assert "LOUD" in caplog.text
        assert tracing_to.open_spans == 0

    def test_a_status_that_was_set_stays(self, tracing_to: Tracing) -> None:
        with mlflow.start_span("s") as span:
            span.set_status(SpanStatus(SpanStatusCode.ERROR, "bad answer"))
        assert tracing_to.spans["s"].status.description == "bad answer"

    def test_everything_that_can_be_said(self, tracing_to: Tracing) -> None:
        with mlflow.start_span("s", span_type=SpanType.CHAIN, attributes={"a": 1}) as span:
            assert isinstance(span, LiveSpan)
            assert isinstance(span, Span)
            span.set_attributes({"list": [1, "x"], "none": None, "text": "plain", "json": '{"x": 1}', "null": "null"})
            span.add_event(SpanEvent("happened", attributes={"k": "v"}))
            span.add_link(Link("tr-" + "a" * 32, "b" * 16, None))
            span.set_span_type("MINE")
            span.set_log_level("WARNING")
            assert span.span_type == "MINE"
            assert span.status.status_code == SpanStatusCode.UNSET
            assert span.get_attribute("list") == [1, "x"]
            assert span.get_attribute("json") == '{"x": 1}'
            assert span.get_attribute("null") == "null"
            assert span.get_attribute("none") is None
            assert span.get_attribute("missing") is None
            assert span.end_time_ns is None
            assert [event.name for event in span.events] == ["happened"]
            assert span.links[0].trace_id == "tr-" + "a" * 32
            kept = span.to_immutable_span()
        assert kept.name == "s"
        assert kept.attributes["list"] == [1, "x"]
        assert kept.attributes["json"] == '{"x": 1}'
        assert kept.attributes["none"] is None
        assert kept.span_id == span.span_id

    def test_an_unusable_link_raises_where_it_is_added_by_hand(self, tracing_to: Tracing) -> None:
        with mlflow.start_span("s") as span, pytest.raises(mlflow.MlflowException, match="32 hexadecimal"):
            span.add_link(Link("tr-zz", "b" * 16, None))

    def test_what_is_set_after_the_end_is_dropped(self, tracing_to: Tracing) -> None:
        with mlflow.start_span("s") as span:
            pass
        span.set_inputs("late")
        span.end(outputs="late")
        assert "mlflow.spanInputs" not in (tracing_to.spans["s"].attributes or {})
        assert tracing_to.ended == ["s"]


class TestWithoutContext:
    def test_parents_by_hand_and_across_threads(self, tracing_to: Tracing) -> None:
        root = mlflow.start_span_no_context("root", inputs={"x": 1}, tags={"t": "1"}, start_time_ns=10**18)

        def work() -> None:
            child = mlflow.start_span_no_context("child", parent_span=root)
            child.end(outputs=2, status="ERROR", end_time_ns=10**18 + 5)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert mlflow.get_current_active_span() is None
        root.end(end_time_ns=10**18 + 9)
        assert tracing_to.tree() == {"child": "root", "root": None}
        spans = tracing_to.spans
        assert (spans["root"].start_time, spans["root"].end_time) == (10**18, 10**18 + 9)
        assert spans["child"].status.status_code is StatusCode.ERROR
        assert (spans["root"].attributes or {})["mlflow.traceTag.t"] == "1"


class TestUpdateCurrentTrace:
    def test_speaks_for_the_whole_trace(self, tracing_to: Tracing) -> None:
        with mlflow.start_span("root"):
            mlflow.update_current_trace(tags={"a": "1", "b": "1"}, session_id="s1", user="u", request_preview="asked")
            with mlflow.start_span("child"):
                mlflow.update_current_trace(
                    tags={"b": "2"},
                    metadata={"m": "1"},
                    client_request_id="r-1",
                    response_preview="answered",
                    state="ERROR",
                    model_id="m-1",
                )
        info = _trace(mlflow.get_last_active_trace_id()).info
        assert {key: info.tags[key] for key in "ab"} == {"a": "1", "b": "2"}
        assert info.state == "ERROR"
        assert (info.request_preview, info.response_preview) == ("asked", "answered")
        assert info.client_request_id == "r-1"
        metadata = info.trace_metadata
        assert (metadata["m"], metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("1", "s1", "u")
        assert metadata["mlflow.modelId"] == "m-1"
        assert tracing_to.spans["root"].status.status_code is StatusCode.OK

    def test_of_a_trace_that_an_ordinary_span_began(self, tracing_to: Tracing) -> None:
        with trace.get_tracer("other").start_as_current_span("web"):
            mlflow.trace(lambda: mlflow.update_current_trace(tags={"a": "1"}), name="f")()
        assert _trace(mlflow.get_last_active_trace_id()).info.tags["a"] == "1"

    def test_without_a_trace(self, tracing_to: Tracing, caplog: pytest.LogCaptureFixture) -> None:
        mlflow.update_current_trace(tags={"a": "1"})
        assert "start_span" in caplog.text

    @pytest.mark.parametrize("wrong", [{"state": "IN_PROGRESS"}, {"request_preview": 1}, {"response_preview": {}}])
    def test_what_it_cannot_be(self, tracing_to: Tracing, wrong: dict[str, Any]) -> None:
        with mlflow.start_span("s"), pytest.raises(mlflow.MlflowException) as raised:
            mlflow.update_current_trace(**wrong)
        assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


class TestLastTrace:
    def test_by_process_and_by_thread(self, tracing_to: Tracing) -> None:
        ids: list[str | None] = []

        def work() -> None:
            with mlflow.start_span("there"):
                pass
            ids.append(mlflow.get_last_active_trace_id(thread_local=True))

        with mlflow.start_span("here") as here:
            pass
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert mlflow.get_last_active_trace_id() == ids[0]
        assert mlflow.get_last_active_trace_id(thread_local=True) == here.trace_id


class TestScope:
    def test_says_of_every_trace_inside(self, tracing_to: Tracing) -> None:
        other = trace.get_tracer("other")
        with (
            mlflow.tracing.context(metadata={"a": "1", "b": "1"}, tags={"t": "1"}, session_id="s", user="u"),
            mlflow.tracing.context(metadata={"b": "2"}),
            other.start_as_current_span("root"),
            mlflow.start_span("child"),
        ):
            pass
        with mlflow.start_span("outside"):
            pass
        info = _trace(f"tr-{tracing_to.spans['root'].context.trace_id:032x}").info  # type: ignore[union-attr]
        assert {key: info.trace_metadata[key] for key in "ab"} == {"a": "1", "b": "2"}
        assert info.trace_metadata["mlflow.trace.session"] == "s"
        assert info.trace_metadata["mlflow.trace.user"] == "u"
        assert info.tags["t"] == "1"
        assert (tracing_to.spans["child"].attributes or {})["session.id"] == "s"
        assert not {"session.id", "user.id"} & set(tracing_to.spans["outside"].attributes or {})

    def test_switches_off_and_on(self, tracing_to: Tracing) -> None:
        with mlflow.tracing.context(enabled=False):
            with mlflow.start_span("off") as off:
                off.set_inputs(1)
            with mlflow.tracing.context(enabled=True), mlflow.start_span("on"):
                pass
        assert isinstance(off, NoOpSpan)
        assert tracing_to.ended == ["on"]


def test_off_and_on_for_the_process(tracing_to: Tracing) -> None:
    mlflow.tracing.disable()
    assert mlflow.trace(lambda: 1, name="off")() == 1
    with mlflow.start_span("off") as span:
        assert span.trace_id == "MLFLOW_NO_OP_SPAN_TRACE_ID"
        child = mlflow.start_span_no_context("child", parent_span=span)
        assert isinstance(child, NoOpSpan)
    mlflow.tracing.enable()
    mlflow.trace(lambda: 1, name="on")()
    assert tracing_to.ended == ["on"]


class TestProcessors:
    def test_see_every_span_before_it_leaves(self, tracing_to: Tracing) -> None:
        def mask(span: LiveSpan) -> None:
            if span.inputs:
                span.set_inputs("masked")
            span.set_attribute("seen", span.name)

        with mlflow.tracing.configure(span_processors=[mask]):
            mlflow.trace(lambda question: 1, name="tool", span_type="TOOL")("secret")
            with trace.get_tracer("openai").start_as_current_span("chat") as chat:
                chat.set_attribute("gen_ai.operation.name", "chat")
                chat.set_attribute(
                    "gen_ai.input.messages", '[{"role":"user","parts":[{"type":"text","content":"secret"}]}]'
                )
        mlflow.trace(lambda question: 1, name="after")("kept")
        spans = tracing_to.spans
        for name in ("tool", "chat"):
            assert "secret" not in str(dict(spans[name].attributes or {}))
            assert decode(str((spans[name].attributes or {})["mlflow.spanInputs"])) == "masked"
            assert (spans[name].attributes or {})["seen"] == name
        assert "kept" in str(dict(spans["after"].attributes or {}))

    def test_one_that_fails_does_not_keep_the_next_from_running(self, tracing_to: Tracing) -> None:
        def fail(span: LiveSpan) -> None:
            raise RuntimeError

        mlflow.tracing.configure(span_processors=[fail, lambda span: span.set_attribute("seen", True)])
        mlflow.trace(lambda: 1, name="f")()
        assert (tracing_to.spans["f"].attributes or {})["seen"] is True

    def test_what_is_no_function(self) -> None:
        with pytest.raises(mlflow.MlflowException, match="cannot be called"):
            mlflow.tracing.configure(span_processors=["mask"])  # type: ignore[list-item]


class TestDistributed:
    def test_one_trace_over_two_services(self, tracing_to: Tracing) -> None:
        with mlflow.start_span("client") as client:
            headers = mlflow.tracing.get_tracing_context_headers_for_http_request()
        sent = {key.title(): value for key, value in headers.items()}
        with (
            mlflow.tracing.set_tracing_context_from_http_request_headers(sent),
            mlflow.start_span("server") as server,
        ):
            pass
        assert server.trace_id == client.trace_id
        assert server.parent_id == client.span_id
        assert context.get_current() == {}

    def test_without_a_span_or_a_header(self, tracing_to: Tracing, caplog: pytest.LogCaptureFixture) -> None:
        assert mlflow.tracing.get_tracing_context_headers_for_http_request() == {}
        with (
            mlflow.tracing.set_tracing_context_from_http_request_headers({"traceparent": "nonsense"}),
            mlflow.start_span("s") as span,
        ):
            assert span.parent_id is None
        assert len(caplog.records) == 2


def _trace(trace_id: str | None) -> Any:
    assert trace_id is not None
    found = mlflow.get_trace(trace_id, flush=True)
    assert found is not None
    return found
