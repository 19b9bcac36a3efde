"""MLflow's own client at the same workspace: it asks the same as genspan does, and reads what genspan wrote.

That is what keeps the workspace of these tests honest: it takes what MLflow sends, and nothing that MLflow's messages
do not know.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genspan.exporters.mlflow.stores import Experiment, Store, open_store
from support.databricks import TOKEN, Databricks, Request
from support.few_spans import traces

pytestmark = pytest.mark.slow

EXPERIMENT, LINKED = "1111", "2222"
PLACE, TABLE = "main.agents.shop", "main.agents.shop_otel_spans"
COMPARED = ("mlflow.spanType", "mlflow.spanInputs", "mlflow.spanOutputs", "n")

PROGRAM = """
import json, sys
import mlflow

for experiment, id in zip(sys.argv[1::2], sys.argv[2::2]):
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_span("root", span_type="AGENT", attributes={"n": 3}) as root:
        root.set_inputs({"question": "Weather?"})
        with mlflow.start_span("call", span_type="CHAT_MODEL") as call:
            call.set_inputs({"messages": [{"role": "user", "content": "Weather?"}]})
        root.set_outputs("Sunny")
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(id)
    print(json.dumps({
        "id": trace.info.trace_id,
        "state": trace.info.state.value,
        "previews": [trace.info.request_preview, trace.info.response_preview],
        "tokens": trace.info.token_usage["total_tokens"],
        "tags": trace.info.tags,
        "session": trace.info.trace_metadata["mlflow.trace.session"],
        "spans": {
            span.name: {
                "type": span.span_type,
                "inputs": span.inputs,
                "trace_id": span.trace_id,
                "input_tokens": span.attributes.get("gen_ai.usage.input_tokens"),
                "status": span.status.status_code.value,
                "events": [event.name for event in span.events],
            }
            for span in trace.data.spans
        },
    }))
"""


@dataclass
class Meeting:
    """Both speakers at one workspace."""

    ours: list[Request]
    """For the same trace as MLflow's, in an experiment and in a table."""
    theirs: list[Request]
    read: list[dict[str, Any]]
    """What MLflow reads of a trace of ours, in an experiment and in a table."""


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    with Databricks() as databricks, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "DATABRICKS_HOST": databricks.url,
            "DATABRICKS_TOKEN": TOKEN,
            "HOME": str(tmp_path_factory.mktemp("home")),
            "NO_PROXY": "127.0.0.1",
            "MLFLOW_TRACKING_URI": "databricks",
            "MLFLOW_MODEL_CATALOG_URI": "",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }.items():
            patch.setenv(name, value)
        databricks.add_experiment("/Shared/shop", id=EXPERIMENT)
        databricks.link(databricks.add_experiment("/Shared/linked", id=LINKED), PLACE, TABLE)

        store, agent = open_store("databricks"), _agent()
        for experiment in (EXPERIMENT, LINKED):
            _write(store, agent[:2], experiment)
            _write(store, agent[2:], experiment)
        databricks.requests.clear()
        for experiment in (EXPERIMENT, LINKED):
            _write(store, _two_spans(), experiment)
        ours = list(databricks.requests)
        databricks.requests.clear()
        otel_id = f"{agent[0].context.trace_id:032x}"
        read = _mlflow(EXPERIMENT, f"tr-{otel_id}", LINKED, f"trace:/{PLACE}/{otel_id}")
        yield Meeting(ours, list(databricks.requests), read)


def _mlflow(*arguments: str) -> list[dict[str, Any]]:
    """The program in a process of its own, since MLflow's settings are those of a process."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _write(store: Store, spans: list[ReadableSpan], experiment: str) -> None:
    assert store.write(traces(*spans), Experiment(id=experiment)) == []


def _two_spans() -> list[ReadableSpan]:
    """The trace that MLflow's client writes."""
    asked = {"messages": [{"role": "user", "content": "Weather?"}]}
    root = {
        "mlflow.spanType": "AGENT",
        "mlflow.spanInputs": json.dumps({"question": "Weather?"}),
        "mlflow.spanOutputs": json.dumps("Sunny"),
        "n": 3,
    }
    call = {"mlflow.spanType": "CHAT_MODEL", "mlflow.spanInputs": json.dumps(asked)}
    return _recorded(root, {"call": call})


def _agent() -> list[ReadableSpan]:
    """An agent by the GenAI conventions: a call, a tool that fails, a call, and the agent itself."""

    def messages(role: str, words: str) -> str:
        return json.dumps([{"role": role, "parts": [{"type": "text", "content": words}]}])

    asked, answered = messages("user", "Weather in Paris?"), messages("assistant", "Sunny")
    content = {"gen_ai.input.messages": asked, "gen_ai.output.messages": answered}
    usage = {"gen_ai.usage.input_tokens": 11, "gen_ai.usage.output_tokens": 4}
    call = {"gen_ai.operation.name": "chat", **content, **usage}
    tool = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "forecast",
        "gen_ai.tool.call.arguments": '{"city": "Paris"}',
    }
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "s1", **content}
    return _recorded(agent, {"call": call, "forecast": tool, "last": call})


def _recorded(root: Mapping[str, Any], children: Mapping[str, Mapping[str, Any]]) -> list[ReadableSpan]:
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("root", attributes=root):
        for name, attributes in children.items():
            with suppress(TimeoutError), tracer.start_as_current_span(name, attributes=attributes):
                if name == "forecast":
                    raise TimeoutError("no forecast")
    return list(memory.get_finished_spans())


def in_kind(requests: list[Request]) -> list[tuple[str, str, str]]:
    """Requests by which traces are written, the ids of traces put aside."""
    return [
        (one.method, "/".join("{id}" if _is_id(part) else part for part in one.path.split("/")), _type(one))
        for one in requests
        if one.method != "GET" or one.path.endswith("upload")
    ]


def _is_id(part: str) -> bool:
    return len(part.removeprefix("tr-")) == 32


def _type(request: Request) -> str:
    return request.headers.get("content-type", "")


def shape(value: Any) -> Any:
    """Which fields there are, and of which type."""
    return {key: shape(held) for key, held in value.items()} if isinstance(value, dict) else type(value).__name__


def stated(requests: list[Request], path: str) -> dict[str, Any]:
    """The one trace info that was said at a path, without tags and metadata, which differ by program."""
    (said,) = [one.json() for one in requests if one.method == "POST" and path in one.path]
    info: dict[str, Any] = said.get("trace", {}).get("trace_info", said)
    return {key: value for key, value in info.items() if key not in ("tags", "trace_metadata")}


def in_file(requests: list[Request]) -> dict[str, dict[str, Any]]:
    """The spans in the file that was written, by name."""
    (spans,) = [one.json()["spans"] for one in requests if one.method == "PUT"]
    return {span["name"]: span for span in spans}


def in_table(requests: list[Request]) -> dict[str, dict[str, str]]:
    """The attributes of spans that were sent by OTLP, by name."""
    return {
        span.name: {pair.key: str(pair.value) for pair in span.attributes}
        for one in requests
        if one.path.endswith("/otel/v1/traces")
        for group in ExportTraceServiceRequest.FromString(_body(one)).resource_spans
        for span in group.scope_spans[0].spans
    }


def _body(request: Request) -> bytes:
    return gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body


def test_the_same_is_asked(meeting: Meeting) -> None:
    """But that genspan looks first whether a trace is there, and MLflow sends spans one by one."""
    ours, theirs = in_kind(meeting.ours), in_kind(meeting.theirs)

    assert sorted(ours) == sorted(set(theirs))
    assert ours[:3] == theirs[:3]


def test_facts_have_the_same_shape(meeting: Meeting) -> None:
    for path in ("/api/3.0/mlflow/traces", f"/traces/{PLACE}/"):
        ours, theirs = stated(meeting.ours, path), stated(meeting.theirs, path)
        assert shape(ours) == shape(theirs)
        assert ours["trace_location"] == theirs["trace_location"]
        assert ours["state"] == theirs["state"]


def test_files_have_the_same_form(meeting: Meeting) -> None:
    ours, theirs = in_file(meeting.ours), in_file(meeting.theirs)

    assert ours.keys() == theirs.keys()
    for name, span in theirs.items():
        assert span.keys() <= ours[name].keys() <= span.keys() | {"kind", "flags"}
        for key in COMPARED:
            held, expected = ours[name]["attributes"].get(key, "0"), span["attributes"].get(key, "0")
            assert json.loads(held) == json.loads(expected)


def test_rows_have_the_same_attributes(meeting: Meeting) -> None:
    ours, theirs = in_table(meeting.ours), in_table(meeting.theirs)

    assert ours.keys() == theirs.keys()
    for name, attributes in theirs.items():
        assert [ours[name].get(key) for key in COMPARED] == [attributes.get(key) for key in COMPARED]
        assert f"trace:/{PLACE}/" in ours[name]["mlflow.traceRequestId"]
        assert f"trace:/{PLACE}/" in attributes["mlflow.traceRequestId"]


@pytest.mark.parametrize("where", [0, 1], ids=["experiment", "table"])
def test_mlflow_reads_it_whole(where: int, meeting: Meeting) -> None:
    read = meeting.read[where]

    assert read["state"] == "OK"
    assert read["previews"] == ["Weather in Paris?", "Sunny"]
    assert (read["tokens"], read["session"]) == (30, "s1")
    assert read["tags"]["mlflow.traceName"] == "root"
    spans = read["spans"]
    assert {name: one["type"] for name, one in spans.items()} == {
        "root": "AGENT",
        "call": "CHAT_MODEL",
        "forecast": "TOOL",
        "last": "CHAT_MODEL",
    }
    assert {one["trace_id"] for one in spans.values()} == {read["id"]}
    assert spans["call"]["inputs"]["messages"] == [{"role": "user", "content": "Weather in Paris?"}]
    assert spans["call"]["input_tokens"] == 11
    assert spans["forecast"]["inputs"] == {"city": "Paris"}
    assert (spans["forecast"]["status"], spans["forecast"]["events"]) == ("ERROR", ["exception"])
