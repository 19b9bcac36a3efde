"""Traces that wait on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest

from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage
from genspan.exporters.mlflow.outbox import TRACES_PER_READ, Outbox, find_folder
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable

URI = "sqlite:////srv/mlflow.db"


def trace(number: int, text: str = "") -> MlflowTrace:
    span = MlflowSpan(
        trace_id=f"{number:032x}",
        span_id="00000000000000aa",
        parent_span_id=None,
        name="chat",
        kind="SPAN_KIND_CLIENT",
        start_time_unix_nano=1,
        end_time_unix_nano=2,
        status_code="STATUS_CODE_OK",
        status_message="",
        type="CHAT_MODEL",
        attributes={"mlflow.spanInputs": f'"{text}"'},
        events=[{"name": "e", "time_unix_nano": 1, "attributes": {"a": [1, None, "x"]}}],
        usage=TokenUsage(input_tokens=3),
        cost=Cost(0.1, 0.2, 0.3),
    )
    return MlflowTrace(
        trace_id=f"tr-{number:032x}", spans=[span], request_time=1, execution_duration=2, state="OK", tags={"é": "ü"}
    )


def test_what_comes_out_is_what_went_in_oldest_first(tmp_path: Path) -> None:
    first, second = trace(1, "Schönes 東京"), trace(2)
    Outbox(str(tmp_path), URI).put([first], Experiment("shop"))
    Outbox(str(tmp_path), URI).put([second], Experiment(id="7"))

    found = Outbox(str(tmp_path), URI).oldest()

    assert [one.trace for one in found] == [first, second]
    assert [one.experiment for one in found] == [Experiment("shop"), Experiment(id="7")]


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(number) for number in range(3)], Experiment())

    outbox.remove(outbox.oldest()[:2])

    assert [one.trace for one in outbox.oldest()] == [trace(2)]


def test_every_tracking_uri_has_its_own(tmp_path: Path) -> None:
    Outbox(str(tmp_path), URI).put([trace(1)], Experiment())

    assert list(Outbox(str(tmp_path), "sqlite:////srv/other.db").oldest()) == []


def test_nothing_is_made_before_the_first_trace_waits(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path / "outbox"), URI)

    assert list(outbox.oldest()) == []
    outbox.close()

    assert list(tmp_path.iterdir()) == []


def test_a_read_is_no_more_than_a_batch(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(number) for number in range(TRACES_PER_READ + 1)], Experiment())

    assert len(outbox.oldest()) == TRACES_PER_READ


def test_the_oldest_make_room_and_are_counted(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI, limit=10_000)
    text = "x" * 3_000

    assert outbox.put([trace(1, text), trace(2, text)], Experiment()) == 0
    assert outbox.put([trace(3, text)], Experiment()) == 1
    assert outbox.put([trace(4, "x" * 20_000)], Experiment()) == 3

    assert list(outbox.oldest()) == []


def test_what_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(1), trace(2), trace(3)], Experiment())
    with sqlite3.connect(outbox.path) as connection:
        connection.execute('UPDATE waiting SET trace = \'{"of": "another version"}\' WHERE id = 1')
        connection.execute("UPDATE waiting SET trace = 'no JSON' WHERE id = 2")

    assert [one.trace for one in outbox.oldest()] == [None, None, trace(3)]


def test_it_is_its_users_alone(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path / "state" / "outbox"), URI)
    outbox.put([trace(1)], Experiment())

    assert stat.S_IMODE(os.stat(outbox.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(outbox.path)).st_mode) == 0o700


def test_the_folder_is_the_one_chosen(tmp_path: Path) -> None:
    assert find_folder({"GENSPAN_OUTBOX_DIR": str(tmp_path / "mine"), "HOME": "/nowhere"}) == str(tmp_path / "mine")


def test_the_folder_is_that_for_program_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert find_folder({}) == str(tmp_path / ".local" / "state" / "genspan" / "outbox")
    assert find_folder({"XDG_STATE_HOME": str(tmp_path / "xdg")}) == str(tmp_path / "xdg" / "genspan" / "outbox")


def test_where_there_is_no_home_the_folder_is_a_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("a file, in which no folder can be made, whoever asks")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    folder = find_folder({"XDG_STATE_HOME": str(tmp_path / "home")})

    assert folder == str(tmp_path / f"genspan-{os.getuid()}" / "outbox")
    assert os.path.isdir(folder)


def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        Outbox(str(tmp_path / "file"), URI).put([trace(1)], Experiment())
