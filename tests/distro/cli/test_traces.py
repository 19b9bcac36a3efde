"""`genspan traces` on a file of our own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from genspan.distro.cli.command import genspan
from genspan.exporters.mlflow import MlflowSpanExporter
from support.few_spans import chat, span, trace_id


@pytest.fixture(autouse=True)
def file(own_folder: Path) -> None:
    for experiment, number in ((None, 1), (None, 2), ("desk", 3)):
        exporter = MlflowSpanExporter("sqlite:///mlflow.db", experiment_name=experiment)
        exporter.export([span(number, session__id=f"session {number}"), chat(number, words="hello " * 40)])
        exporter.shutdown()


def traces(*arguments: str, columns: int = 80) -> Result:
    return CliRunner().invoke(genspan, ["traces", *arguments], env={"COLUMNS": str(columns)})


def ids(*arguments: str) -> set[str]:
    return {json.loads(line)["trace_id"] for line in traces("--json", *arguments).stdout.splitlines()}


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_a_line_for_each_with_what_there_is_room_for(columns: int) -> None:
    lines = traces(columns=columns).stdout.splitlines()
    assert len(lines) == 3
    assert all(len(line) <= columns and re.match(r"tr-[0-9a-f]{32}  ", line) for line in lines)
    assert ("10 → 5" in lines[0]) is (columns >= 80)
    assert ("session" in lines[0]) is (columns >= 80)
    assert ("hello" in lines[0]) is (columns >= 120)


@pytest.mark.parametrize(("columns", "tokens"), [(60, ""), (80, "625,014 → 625,010"), (200, "625,014 → 625,010")])
def test_many_tokens_cut_off_no_id_and_no_state(columns: int, tokens: str) -> None:
    usage = {"input_tokens": 625_014, "output_tokens": 625_010, "cache_read__input_tokens": 624_896}
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export([chat(4, parent=None, **{f"gen_ai__usage__{name}": count for name, count in usage.items()})])
    exporter.shutdown()
    lines = traces(columns=columns).stdout.splitlines()
    assert len(lines) == 4
    assert all(re.match(r"tr-[0-9a-f]{32}  .*OK  ", line) for line in lines)
    assert any(tokens in line for line in lines)
    assert not any("cached" in line for line in lines)


def test_the_name_is_whole_before_the_request_is() -> None:
    name = "an agent with a rather long name"
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export([chat(4, parent=None, words="hello " * 40, mlflow__traceTag__mlflow__traceName=name)])
    exporter.shutdown()
    line = next(line for line in traces(columns=160).stdout.splitlines() if trace_id(4) in line)
    assert f"  {name}  " in line
    assert line.rstrip().endswith("…")


def test_filters_experiments_and_most() -> None:
    assert ids() == {trace_id(1), trace_id(2), trace_id(3)}
    assert ids("--experiment", "desk") == ids("--experiment", "1") == {trace_id(3)}
    assert ids("--experiment", "desk", "--experiment", "Default") == ids()
    assert ids("--filter", "metadata.`mlflow.trace.session` = 'session 2'") == {trace_id(2)}
    assert len(ids("--max", "2", "--order-by", "timestamp_ms ASC")) == 2
    assert "--max" in traces("--max", "2").stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--filter", "span.typ = 'TOOL'"], 2),
        (["--order-by", "nonsense"], 2),
        (["--max", "0"], 2),
        (["--filter", "trace.status = 'ERROR'"], 1),
        (["--experiment", "nowhere"], 1),
        (["--tracking-uri", "sqlite:///none.db"], 1),
    ],
)
def test_what_cannot_be_shown(arguments: list[str], code: int) -> None:
    result = traces(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr


def test_the_environment_names_the_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "desk")
    assert ids() == {trace_id(3)}
