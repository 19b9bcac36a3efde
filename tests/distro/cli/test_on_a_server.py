"""The commands on the real MLflow's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from genspan.exporters.mlflow import MlflowSpanExporter
from support.command import run
from support.few_spans import chat, span
from support.mlflow_process import MlflowServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    server = MlflowServer(tmp_path_factory.mktemp("server") / "server.db")
    server.start()
    yield server
    server.stop()


def test_a_span_is_written_read_back_and_deleted(server: MlflowServer, tmp_path: Path) -> None:
    place = {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_EXPERIMENT_NAME": "desk"}
    done = run(tmp_path, "doctor", "--json", **place)
    report = json.loads(done.stdout)
    assert (done.returncode, report["problems"], report["warnings"]) == (0, [], [])
    told = {(fact["area"], fact["subject"]): fact["told"] for fact in report["facts"]}
    assert told["MLflow", "server"].startswith("MLflow 3.")
    assert told["MLflow", "experiment"] == "'desk', made with the first trace"
    assert told["Test span", "MLflow"].startswith("written, read back")
    assert run(tmp_path, "traces", **place).returncode == 1


def test_an_experiment_that_is_not_there(server: MlflowServer, tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--json", MLFLOW_TRACKING_URI=server.url, MLFLOW_EXPERIMENT_ID="77")
    assert (done.returncode, [one["cause"] for one in json.loads(done.stdout)["problems"]]) == (
        1,
        ["experiment-unusable"],
    )


def test_from_a_file_to_the_server_and_back(server: MlflowServer, tmp_path: Path) -> None:
    exporter = MlflowSpanExporter(f"sqlite:///{tmp_path}/mlflow.db")
    exporter.export([span(1, session__id="one"), chat(1), span(2), chat(2)])
    exporter.shutdown()
    assert run(tmp_path, "export", "-o", "out.jsonl").returncode == 0
    there = ("--tracking-uri", server.url)
    imported = run(tmp_path, "import", "out.jsonl", *there, "--experiment", "copied", "--json")
    assert (imported.returncode, json.loads(imported.stdout)["spans"]) == (0, 4)

    listed = run(tmp_path, "traces", *there, "--experiment", "copied", "--filter", "span.type = 'CHAT_MODEL'", "--json")
    assert [json.loads(line)["state"] for line in listed.stdout.splitlines()] == ["OK", "OK"]
    shown = run(tmp_path, "show", f"tr-{1:032x}", *there).stdout
    assert "10 → 5 tokens" in shown
    assert "hello" in shown
    assert f"{server.url}/#/experiments/" in shown
    assert run(tmp_path, "traces", *there, "--filter", "nonsense").returncode == 2

    assert run(tmp_path, "export", *there, "--experiment", "copied", "-o", "back.jsonl").returncode == 0
    assert run(tmp_path, "import", "back.jsonl", "--tracking-uri", "sqlite:///back.db").returncode == 0
    first, again = (
        run(tmp_path, "export", "--tracking-uri", f"sqlite:///{name}.db", "--format", "mlflow").stdout.splitlines()
        for name in ("mlflow", "back")
    )
    for before, after in zip(map(json.loads, first), map(json.loads, again), strict=True):
        for trace in (before, after):
            facts = trace["info"]
            facts["tags"] = {key: tag for key, tag in facts["tags"].items() if not key.startswith("mlflow.a")}
            kept = ("mlflow.trace.tokenUsage", "mlflow.trace.session", "mlflow.source.name")
            facts["trace_metadata"] = {key: facts["trace_metadata"].get(key) for key in kept}
            for each in trace["data"]["spans"]:
                each["attributes"] = {key: json.loads(text) for key, text in each["attributes"].items()}
        assert after == before
