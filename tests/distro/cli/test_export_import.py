"""`genspan export` and `genspan import`: what was exported comes back as it was, for the real MLflow to read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from opentelemetry.sdk.trace import ReadableSpan

from genspan.distro.cli.command import genspan
from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.mlflow import entities
from genspan.mlflow.store import open_store
from support.few_spans import chat, span
from support.ports import free_port

_READ = """
import json, sys
from mlflow import MlflowClient

*uris, agent, failed = sys.argv[1:]
clients = map(MlflowClient, uris)
print(json.dumps([[client.get_trace(id).to_dict() for id in (agent, failed)] for client in clients]))
"""


TRACE = "tr-" + "0" * 31 + "1"

pytestmark = pytest.mark.usefixtures("own_folder")


def run(*arguments: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(genspan, arguments, input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def as_mlflow_reads(uris: tuple[str, ...], trace_ids: tuple[str, ...]) -> list[list[dict[str, Any]]]:
    """Traces of each place in the words of MLflow's own client, attributes as the values that they stand for."""
    environ = {"MLFLOW_MODEL_CATALOG_URI": "", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [sys.executable, "-c", _READ, *uris, *trace_ids]
    done = subprocess.run(command, env=os.environ | environ, check=True, capture_output=True, text=True)
    return [[comparable(trace) for trace in traces] for traces in json.loads(done.stdout.splitlines()[-1])]


def comparable(trace: dict[str, Any]) -> dict[str, Any]:
    for each in trace["data"]["spans"]:
        each.pop("kind", None)  # MLflow writes none, and hands out what is stored.
        each["attributes"] = {key: json.loads(text) for key, text in each["attributes"].items()}
    facts = trace["info"]
    facts["tags"].pop("mlflow.artifactLocation")  # That of the file's own folder.
    for name in ("mlflow.trace.sizeStats", "mlflow.trace.sizeBytes"):  # Of the text as it is stored, spaces and all.
        facts["trace_metadata"].pop(name, None)
    for name in ("mlflow.trace.tokenUsage", "mlflow.trace.cost"):
        if name in facts["trace_metadata"]:
            facts["trace_metadata"][name] = json.loads(facts["trace_metadata"][name])
    return trace


@pytest.mark.slow
def test_what_mlflow_wrote_comes_back_as_it_was_and_twice_is_as_once(mlflow_file: Any) -> None:
    for form in ("otlp", "mlflow"):
        exported = run("export", "--tracking-uri", mlflow_file.uri, "--format", form, "-o", f"{form}.jsonl", "--json")
        assert json.loads(exported.stdout) == {"file": f"{form}.jsonl", "format": form, "traces": 2, "spans": 6}
        place = ("--tracking-uri", f"sqlite:///{form}.db", "--experiment", "desk")
        for _ in range(2):
            imported = run("import", f"{form}.jsonl", *place, "--json")
            assert (imported.exit_code, json.loads(imported.stdout)["traces"]) == (0, 2)
    uris = (mlflow_file.uri, "sqlite:///otlp.db", "sqlite:///mlflow.db")
    before, by_otlp, by_mlflow = as_mlflow_reads(uris, (mlflow_file.agent, mlflow_file.failed))
    assert by_otlp == before
    assert by_mlflow == before
    assert len(before[0]["info"]["assessments"]) == 2
    assert before[0]["data"]["spans"][0]["events"]


def written(*spans: ReadableSpan, uri: str = "sqlite:///mlflow.db") -> None:
    exporter = MlflowSpanExporter(uri)
    exporter.export(spans)
    exporter.shutdown()


@pytest.mark.parametrize("form", ["otlp", "mlflow"])
def test_own_traces_come_back_with_their_kinds_and_numbers(form: str) -> None:
    written(span(1), chat(1, gen_ai__request__temperature=1.0, n=1, big=2**60, words=["a", "b"], flag=True, s="1"))
    written(span(2, session__id="one"), chat(2))
    assert run("export", "--format", form, "-o", "out.jsonl").exit_code == 0
    assert run("import", "out.jsonl", "--tracking-uri", "sqlite:///other.db").exit_code == 0

    def read(uri: str) -> list[dict[str, Any]]:
        found = open_store(uri).search_traces(experiment_ids=["0"])
        return [comparable(trace.to_dict()) for trace in found]

    assert read("sqlite:///other.db") == read("sqlite:///mlflow.db")
    assert len(read("sqlite:///other.db")) == 2


@pytest.mark.parametrize("form", ["otlp", "mlflow"])
@pytest.mark.parametrize(
    "kind",
    [
        lambda **place: entities.Feedback("fit", True, **place),
        lambda **place: entities.Expectation("fit", "Paris", **place),
    ],
    ids=["feedback", "expectation"],
)
def test_an_assessment_that_another_took_the_place_of_comes_back_as_one(kind: Any, form: str) -> None:
    written(span(1))
    before = open_store("sqlite:///mlflow.db")
    first, second = kind(trace_id=TRACE), kind(trace_id=TRACE)
    second.overrides = before.create_assessment(first).assessment_id
    before.create_assessment(second)
    assert run("export", "--format", form, "-o", "out.jsonl").exit_code == 0
    assert run("import", "out.jsonl", "--tracking-uri", "sqlite:///other.db").exit_code == 0

    judged = before.get_trace(TRACE).info.assessments
    assert [assessment.valid for assessment in judged] == [False, True]
    assert open_store("sqlite:///other.db").get_trace(TRACE).info.assessments == judged


def test_files_are_otlp_as_collectors_write_it() -> None:
    written(span(1), chat(1))
    (line,) = run("export").stdout.splitlines()
    (of_resource,) = json.loads(line)["resourceSpans"]
    spans = of_resource["scopeSpans"][0]["spans"]
    assert [span["traceId"] for span in spans] == ["0" * 31 + "1"] * 2
    assert sorted(span.get("parentSpanId", "") for span in spans) == ["", "0" * 15 + "1"]
    assert all(isinstance(span["startTimeUnixNano"], str) and isinstance(span["kind"], int) for span in spans)
    assert {"key": "service.name", "value": {"stringValue": "shop"}} in of_resource["resource"]["attributes"]


COLLECTED = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
            "scopeSpans": [
                {
                    "scope": {"name": "somebody"},
                    "spans": [
                        {
                            "traceId": "5b8efff798038103d269b633813fc60c",
                            "spanId": "eee19b7ec3c1b174",
                            "name": "chat gpt-5.4-mini",
                            "kind": 3,
                            "startTimeUnixNano": "1790000000000000000",
                            "endTimeUnixNano": "1790000001000000000",
                            "attributes": [
                                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}},
                                {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "3"}},
                            ],
                            "status": {},
                        }
                    ],
                }
            ],
        }
    ]
}


def test_spans_of_a_collector_are_translated() -> None:
    assert run("import", "-", input=json.dumps(COLLECTED)).exit_code == 0
    trace = open_store("sqlite:///mlflow.db").get_trace("tr-5b8efff798038103d269b633813fc60c")
    assert trace.data.spans[0].span_type == "CHAT_MODEL"
    assert trace.info.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    assert trace.info.tags["service.name"] == "web"


def test_one_trace_on_many_lines_and_a_list_of_them() -> None:
    Path("one.json").write_text(json.dumps(COLLECTED, indent=2))
    Path("list.json").write_text(json.dumps([COLLECTED], indent=2))
    result = run("import", "one.json", "list.json", "--json")
    assert json.loads(result.stdout)["traces"] == 2


@pytest.mark.parametrize(
    "line", ["no JSON", "7", "[]", "{}", '{"info": {}, "data": {}}', '{"resourceSpans": 7}', '{"info": 1, "data": 2}']
)
def test_what_is_no_trace_is_said_with_its_line(line: str) -> None:
    Path("some.jsonl").write_text(f"{json.dumps(COLLECTED)}\n{line}\n")
    result = run("import", "some.jsonl", "--json")
    assert (result.exit_code, json.loads(result.stdout)["traces"]) == (0 if line == "[]" else 3, 1)
    assert [one["place"] for one in json.loads(result.stdout)["not_imported"]] == ["some.jsonl:2"] * (line != "[]")
    Path("none.jsonl").write_text(line)
    assert run("import", "none.jsonl").exit_code == 2


def test_ids_filters_and_most_choose_what_is_exported() -> None:
    written(span(1), span(2), span(3))
    assert len(run("export", f"tr-{1:032x}", f"{3:032x}").stdout.splitlines()) == 2
    assert len(run("export", "--max", "2").stdout.splitlines()) == 2
    assert len(run("export", "--filter", f"trace.request_id = 'tr-{1:032x}'").stdout.splitlines()) <= 1
    assert run("export", "tr-7").exit_code == 1
    assert run("export", "tr-7", "--max", "2").exit_code == 2
    assert run("export", "--filter", "nonsense").exit_code == 2


def test_a_file_is_not_replaced_unless_asked_for() -> None:
    written(span(1))
    Path("out.jsonl").write_text("mine")
    assert run("export", "-o", "out.jsonl").exit_code == 2
    assert Path("out.jsonl").read_text() == "mine"
    assert run("export", "-o", "out.jsonl", "--force").exit_code == 0
    assert Path("out.jsonl").read_text() != "mine"
    assert run("export", "-o", "nowhere/out.jsonl").exit_code == 2


def test_places_that_are_not_there() -> None:
    assert run("export").exit_code == 1
    Path("some.jsonl").write_text(json.dumps(COLLECTED))
    assert run("import", "some.jsonl", "--tracking-uri", f"http://127.0.0.1:{free_port()}").exit_code == 4
    assert run("import", "some.jsonl", "--tracking-uri", "./mlruns").exit_code == 2
    assert run("import", "none.jsonl").exit_code == 2
