"""`genspan show` on a file that the real MLflow wrote."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from genspan.distro.cli.command import genspan
from genspan.distro.cli.place import Place
from genspan.distro.cli.way import instructions
from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.mlflow.entities import Trace
from support.few_spans import span
from support.ports import free_port


def show(*arguments: str, columns: int = 80, **environ: str | None) -> Result:
    settings = {"COLUMNS": str(columns), "MLFLOW_TRACKING_URI": None, **environ}
    return CliRunner().invoke(genspan, ["show", *arguments], env=settings)


def stored(path: Path, trace_id: str) -> Trace:
    return Place(f"sqlite:///{path}").get(trace_id)


def untimed(output: str) -> list[str]:
    """The lines without what differs from run to run."""
    output = re.sub(r" *\b[\d.]+ (ms|s)\b", " <time>", output)
    return [line.rstrip() for line in output.splitlines()]


@pytest.mark.slow
class TestFileOfMlflow:
    def test_latest_trace(self, mlflow_file: Any) -> None:
        result = show("--tracking-uri", mlflow_file.uri)
        assert result.exit_code == 0
        assert untimed(result.stdout)[:7] == [
            "look_up  ERROR <time>",
            f"{mlflow_file.failed}  {started(mlflow_file, mlflow_file.failed)}",
            "",
            "look_up  TOOL <time>  ERROR",
            "",
            "look_up: LookupError: no order 7",
            "",
        ]
        assert "\x1b" not in result.stdout

    @pytest.mark.parametrize("columns", [80, 120])
    def test_trace_by_id(self, mlflow_file: Any, columns: int) -> None:
        result = show(mlflow_file.agent, columns=columns, MLFLOW_TRACKING_URI=mlflow_file.uri)
        lines = untimed(result.stdout)
        assert re.fullmatch(r"support_desk  OK <time>  2,500 → 50 tokens  \$0\.00\d\d", lines[0])
        assert lines[2:6] == [
            "Session   session-1",
            "Request   Where is my order [bold]1042[/]?",
            "Response  On its way.",
            "",
        ]
        bars = [line.count("━") for line in lines[6:11]]
        assert bars[0] == (24 if columns == 120 else 0)
        assert [line.rstrip("━ ") for line in lines[6:11]] == [
            "support_desk        AGENT <time>",
            "├─ chat             CHAT_MODEL <time>  1,200 → 20  gpt-4.1-mini",
            "├─ search_policies  TOOL <time>",
            "│  └─ retrieve      RETRIEVER <time>",
            "└─ chat             CHAT_MODEL <time>  1,300 → 30  gpt-4.1-mini",
        ]
        tree = result.stdout.splitlines()[: -len("In MLflow's UI".splitlines()) - 2]
        assert all(len(line) <= columns for line in tree)

    def test_id_without_its_prefix(self, mlflow_file: Any) -> None:
        bare = mlflow_file.agent.removeprefix("tr-")
        assert show(bare, "--tracking-uri", mlflow_file.uri).stdout.startswith("support_desk")

    def test_several_with_the_newest_last(self, mlflow_file: Any) -> None:
        output = show("--last", "5", "--tracking-uri", mlflow_file.uri).stdout
        assert output.index("support_desk  OK") < output.index("look_up  ERROR")
        assert output.count("In MLflow's UI") == 1

    def test_json(self, mlflow_file: Any) -> None:
        output = show("--last", "2", "--json", "--tracking-uri", mlflow_file.uri).stdout
        agent, failed = map(json.loads, output.splitlines())
        assert agent["info"]["trace_id"] == mlflow_file.agent
        assert agent["info"]["trace_metadata"]["mlflow.trace.session"] == "session-1"
        assert agent["info"]["tags"]["team"] == "desk"
        root = next(span for span in agent["data"]["spans"] if span["parent_span_id"] is None)
        assert "messages" in root["attributes"]["mlflow.spanInputs"]
        assert Trace.from_dict(agent).data.to_dict() == agent["data"]
        assert failed["info"]["state"] == "ERROR"

    def test_unknown_id(self, mlflow_file: Any) -> None:
        result = show("tr-0", "--tracking-uri", mlflow_file.uri)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"Error: There is no trace tr-0 in {mlflow_file.path}.\n"

    def test_reading_needs_no_right_to_write_and_sees_what_a_writer_has_committed(
        self, mlflow_file: Any, tmp_path: Path
    ) -> None:
        copy = tmp_path / "a % folder" / "mlflow.db"
        copy.parent.mkdir()

        def name(path: Path) -> str:
            return stored(path, mlflow_file.agent).info.tags["mlflow.traceName"]

        copy.write_bytes(mlflow_file.path.read_bytes())
        with sqlite3.connect(copy) as writer:
            writer.execute("UPDATE trace_info SET trace_name = 'renamed' WHERE request_id = ?", (mlflow_file.agent,))
            assert name(copy) == "support_desk"
        assert name(copy) == "renamed"

    def test_no_trace_yet(self, mlflow_file: Any, tmp_path: Path) -> None:
        copy = tmp_path / "mlflow.db"
        copy.write_bytes(mlflow_file.path.read_bytes())
        with sqlite3.connect(copy) as writer:
            writer.execute("DELETE FROM trace_info")
        result = show("--tracking-uri", f"sqlite:///{copy}")
        assert (result.exit_code, result.stderr) == (1, f"Error: {copy} holds no trace yet.\n")

    def test_command_and_address_of_the_ui(self, mlflow_file: Any) -> None:
        place = Place(mlflow_file.uri)
        (trace,) = place.search([], most=1)
        command, address = instructions(place, trace).plain.splitlines()[1:]
        mlflow, *arguments = command.split()
        assert os.access(mlflow, os.X_OK)
        assert arguments == ["ui", "--backend-store-uri", mlflow_file.uri, "--workers", "1"]
        assert address.endswith(
            f"/#/experiments/{trace.info.experiment_id}/traces?selectedEvaluationId={mlflow_file.failed}"
        )


def started(mlflow_file: Any, trace_id: str) -> str:
    output = show(trace_id, "--tracking-uri", mlflow_file.uri).stdout
    found = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", output)
    assert found
    return found.group()


def test_no_file(tmp_path: Path) -> None:
    result = show("--tracking-uri", f"sqlite:///{tmp_path}/none.db")
    assert result.exit_code == 1
    assert f"There is no file {tmp_path}/none.db" in result.stderr
    assert not (tmp_path / "none.db").exists()


def test_traces_that_wait_are_told_where_none_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    uri = f"sqlite:///{tmp_path}/later.db"
    (tmp_path / "later.db").mkdir()
    exporter = MlflowSpanExporter(uri)
    exporter.export([span(1), span(2)])
    exporter.shutdown()
    waits = "2 traces could not be written there yet: genspan status says why."
    assert waits in show("--tracking-uri", uri).stderr
    assert "genspan status" not in show("--tracking-uri", f"sqlite:///{tmp_path}/other.db").stderr
    (tmp_path / "later.db").rmdir()
    MlflowSpanExporter(f"sqlite:///{tmp_path}/made.db").export([span(3)])
    with sqlite3.connect(tmp_path / "made.db") as made:
        made.execute("DELETE FROM trace_info")
    made.close()
    (tmp_path / "made.db").rename(tmp_path / "later.db")
    assert show("--tracking-uri", uri).stderr == f"Error: {tmp_path}/later.db holds no trace yet. {waits}\n"


@pytest.mark.parametrize("content", [b"no database at all, but text", b"", None])
def test_not_an_mlflow_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.db"
    if content is None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE spans (id)")
    else:
        path.write_bytes(content)
    result = show("--tracking-uri", f"sqlite:///{path}")
    assert result.exit_code == 2
    assert f"{path} holds no MLflow traces" in result.stderr


@pytest.mark.parametrize("uri", ["postgresql://host/db", "mlruns", "ftp://ada:secret@host"])
def test_unsupported_uri(uri: str) -> None:
    result = show("--tracking-uri", uri)
    assert result.exit_code == 2
    assert f"cannot read traces from the MLflow tracking URI {uri.replace('ada:secret@', '')!r}" in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize("uri", ["http://[::1", "https://", "http://host:99999"])
def test_what_is_no_address(uri: str) -> None:
    result = show("--tracking-uri", uri)
    assert (result.exit_code, "is no address" in result.stderr) == (2, True)


def test_server_that_is_not_there() -> None:
    result = show("--tracking-uri", f"http://ada:secret@127.0.0.1:{free_port()}")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "cannot be reached" in result.stderr
    assert "secret" not in result.stderr


def test_database_in_memory() -> None:
    result = show("--tracking-uri", "sqlite:///:memory:")
    assert result.exit_code == 2
    assert "in memory" in result.stderr


def test_default_is_the_file_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"There is no file {tmp_path / 'mlflow.db'}" in show().stderr


def test_id_and_last_exclude_each_other() -> None:
    assert show("tr-0", "--last", "2").exit_code == 2


def test_without_its_extra_the_command_says_what_to_install() -> None:
    program = "import sys; sys.modules['rich'] = None; from genspan.distro.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'genspan[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_terminal_that_knows_ascii_alone(mlflow_file: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genspan.distro.cli", "show", mlflow_file.agent, "--tracking-uri", mlflow_file.uri],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"|- chat" in done.stdout


def test_entry_point() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genspan.distro.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("genspan, version ")
