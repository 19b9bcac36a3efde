"""`genspan status` beside an exporter whose store comes and goes."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.distro.cli.command import genspan
from genspan.exporters.mlflow import MlflowSpanExporter, outbox

pytestmark = pytest.mark.usefixtures("own_folder")


def status(*arguments: str) -> Result:
    return CliRunner().invoke(genspan, ["status", *arguments], env={"COLUMNS": "120"})


def span(number: int, start: int = 10**18) -> ReadableSpan:
    return ReadableSpan(
        name=f"trace {number}",
        context=SpanContext(number, 1, is_remote=False),
        attributes={"gen_ai.input.messages": "x" * 1000},
        start_time=start,
        end_time=start + 1,
    )


def waiting(count: int = 3, uri: str = "sqlite:///mlflow.db") -> str:
    """Has traces wait, since a folder is where the file should be; its tracking URI in full."""
    path = Path(uri.removeprefix("sqlite:///")).absolute()
    path.mkdir()
    exporter = MlflowSpanExporter(uri)
    exporter.export([span(number) for number in range(1, count + 1)])
    exporter.shutdown()
    return f"sqlite:///{path}"


def rejected() -> str:
    """A trace that fits into no database."""
    exporter = MlflowSpanExporter("sqlite:///mlflow.db")
    exporter.export([span(7, start=2**70), span(8)])
    exporter.shutdown()
    return f"sqlite:///{Path('mlflow.db').absolute()}"


def names(path: str = "mlflow.db") -> set[str]:
    with sqlite3.connect(path) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM spans")}
    connection.close()
    return found


def test_where_all_is_written_there_is_little_to_say(own_folder: Path) -> None:
    MlflowSpanExporter("sqlite:///mlflow.db").export([span(1)])

    result = status()

    assert (result.exit_code, result.stdout) == (0, "All traces have been written.\n")
    assert status("--json").stdout == ""


def test_traces_that_wait() -> None:
    uri = waiting()

    result = status()

    assert result.exit_code == 1
    head, facts = result.stdout.split("\n", 1)
    assert head == uri
    assert "3 traces, " in facts
    assert " kB, the oldest for " in facts
    assert "cannot be written" in facts
    assert "next try" in facts


def test_json() -> None:
    uri = waiting()

    result = status("--json")

    (line,) = result.stdout.splitlines()
    told: dict[str, Any] = json.loads(line)
    assert (result.exit_code, told["tracking_uri"], told["waiting_traces"]) == (1, uri, 3)
    assert told["waiting_bytes"] > 3000
    assert told["next_try"] >= told["trouble_since"] >= told["oldest"] - 1
    assert "cannot be written" in told["trouble"]
    assert (told["rejected"], told["dropped_traces"]) == ([], 0)
    assert os.path.dirname(told["path"]) == os.environ["GENSPAN_OUTBOX_DIR"]


def test_a_retry_writes_them() -> None:
    waiting()
    assert status("--retry").exit_code == 1
    Path("mlflow.db").rmdir()

    result = status("--retry")

    assert (result.exit_code, result.stdout) == (0, "All traces have been written.\n")
    assert names() == {"trace 1", "trace 2", "trace 3"}


def test_one_tracking_uri_of_several() -> None:
    first, second = waiting(uri="sqlite:///one.db"), waiting(uri="sqlite:///two.db")

    assert {json.loads(line)["tracking_uri"] for line in status("--json").stdout.splitlines()} == {first, second}
    assert json.loads(status("--json", "--tracking-uri", "sqlite:///one.db").stdout)["tracking_uri"] == first
    Path("one.db").rmdir()
    Path("two.db").rmdir()
    assert status("--retry", "--tracking-uri", "sqlite:///two.db").exit_code == 0
    assert names("two.db") == {"trace 1", "trace 2", "trace 3"}
    assert not Path("one.db").exists()
    assert status().exit_code == 1


def test_rejected_traces_and_what_can_be_done_with_them() -> None:
    rejected()

    result = status()
    assert result.exit_code == 3
    assert "set aside  1 trace " in result.stdout
    assert f"tr-{7:032x} OverflowError" in result.stdout

    assert status("--requeue").exit_code == 1
    assert status("--retry").exit_code == 3, "it is no better than it was"
    assert status("--requeue", "--discard").exit_code == 2
    assert status("--discard").exit_code == 0
    assert names() == {"trace 8"}


def test_dropped_traces_are_told_until_that_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (6_000,))
    waiting(count=5)

    result = status()
    assert result.exit_code == 3
    assert "dropped" in result.stdout
    assert json.loads(status("--json").stdout)["dropped_traces"] >= 1
    assert status("--discard").exit_code == 1, "the others wait"


@pytest.mark.parametrize("arguments", [("--tracking-uri", "ftp://somewhere"), ("--requeue", "--discard")])
def test_what_cannot_be_done(arguments: tuple[str, ...]) -> None:
    assert status(*arguments).exit_code == 2


def test_an_outbox_that_cannot_be_read(own_folder: Path) -> None:
    waiting()
    (file,) = (own_folder / "outbox").glob("*.db")
    file.write_text("no database " * 100)

    result = status()

    assert result.exit_code == 2
    assert "not a database" in result.stderr
