"""Traces that wait on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import time
from pathlib import Path

import pytest

from genspan.exporters.mlflow import outbox as outbox_module
from genspan.exporters.mlflow import outbox_report
from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage
from genspan.exporters.mlflow.outbox import TRACES_PER_READ, Claim, Dropped, Outbox, Trouble
from genspan.exporters.mlflow.outbox_folder import find_folder
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


def traces(outbox: Outbox) -> list[MlflowTrace | None]:
    return [one.trace for one in outbox.claim().traces]


def test_what_comes_out_is_what_went_in_oldest_first_one_experiment_at_a_time(tmp_path: Path) -> None:
    first, second, third = trace(1, "Schönes 東京"), trace(2), trace(3)
    Outbox(str(tmp_path), URI).put([first, second], Experiment("shop"))
    Outbox(str(tmp_path), URI).put([third], Experiment(id="7"))
    outbox = Outbox(str(tmp_path), URI)

    found = outbox.claim().traces
    assert [one.trace for one in found] == [first, second]
    assert [one.experiment for one in found] == [Experiment("shop")] * 2
    outbox.settle(found, {})
    (last,) = outbox.claim().traces
    assert (last.trace, last.experiment) == (third, Experiment(id="7"))


def test_an_experiment_that_cannot_be_written_to_holds_up_no_other(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(1)], Experiment("gone"))
    outbox.put([trace(2)], Experiment())

    (other,) = outbox.claim(without=[Experiment("gone")]).traces
    assert other.trace == trace(2)
    assert outbox.claim(without=[Experiment("gone"), Experiment()]) == Claim([])
    (first,) = outbox.claim().traces
    assert first.trace == trace(1)


def test_what_is_settled_is_gone(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(number) for number in range(3)], Experiment())

    outbox.settle(outbox.claim().traces[:2], {})

    assert traces(outbox) == [trace(2)]


def test_one_process_at_a_time_empties_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Outbox(str(tmp_path), URI), Outbox(str(tmp_path), URI)
    one.put([trace(1), trace(2)], Experiment())
    claimed = one.claim()

    assert other.claim() == Claim((), is_elsewhere=True)
    assert len(one.claim().traces) == 2, "it may go on"
    one.note(None)
    assert len(other.claim().traces) == 2, "a failure lets others try"
    assert one.claim().is_elsewhere
    other.settle(claimed.traces, {})
    other.put([trace(3)], Experiment())
    assert len(one.claim().traces) == 1, "whoever has emptied it is done"


def test_a_process_that_dies_keeps_nothing_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "LEASE", 0.1)
    Outbox(str(tmp_path), URI).put([trace(1)], Experiment())
    assert Outbox(str(tmp_path), URI).claim().traces

    survivor = Outbox(str(tmp_path), URI)
    assert survivor.claim().is_elsewhere
    time.sleep(0.15)
    assert len(survivor.claim().traces) == 1


def test_a_clock_that_was_wrong_does_not_keep_it_closed(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(1)], Experiment())
    with sqlite3.connect(outbox.path) as connection:
        connection.execute("UPDATE state SET drained_by = 'somebody', drained_until = ?", (time.time() + 1e6,))
    connection.close()

    assert len(outbox.claim().traces) == 1


def test_every_tracking_uri_has_its_own(tmp_path: Path) -> None:
    Outbox(str(tmp_path), URI).put([trace(1)], Experiment())

    assert traces(Outbox(str(tmp_path), "sqlite:////srv/other.db")) == []


def test_nothing_is_made_before_the_first_trace_waits(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path / "outbox"), URI)

    assert traces(outbox) == []
    outbox.note(None)
    outbox.remove([])
    outbox.close()

    assert list(tmp_path.iterdir()) == []


def test_a_read_is_no_more_than_a_batch(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(number) for number in range(TRACES_PER_READ + 1)], Experiment())

    assert len(traces(outbox)) == TRACES_PER_READ


def test_the_oldest_make_room_and_are_counted(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI, limit=10_000)
    text = "x" * 3_000

    assert outbox.put([trace(1, text), trace(2, text)], Experiment()).dropped == Dropped(0, 0)
    assert outbox.put([trace(3, text)], Experiment()).dropped == Dropped(1, 1)
    assert traces(outbox) == [trace(2, text), trace(3, text)]
    assert outbox.put([trace(4, "x" * 20_000)], Experiment()).dropped == Dropped(1, 1)

    assert traces(outbox) == [trace(2, text), trace(3, text)], "none of them would have made enough room"
    found = outbox_report.read(outbox.path)
    assert (found.dropped_traces, found.dropped_spans) == (2, 2), "the count outlives the process"


def test_sizes_are_bytes(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(1, "東" * 1_000)], Experiment())

    assert outbox_report.read(outbox.path).waiting_bytes > 3_000


def test_rejected_traces_are_kept_apart_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "REJECTED_LIMIT", 10_000)
    outbox = Outbox(str(tmp_path), URI)
    text = "x" * 3_000
    outbox.put([trace(1, text), trace(2, text)], Experiment())
    outbox.settle(outbox.claim().traces, {trace(2).trace_id: "too odd"})
    assert outbox.set_aside([trace(3, text), trace(4, text)], Experiment(), {trace(3).trace_id: "odder"}) == Dropped()

    assert traces(outbox) == []
    assert [(one.trace_id, one.reason) for one in outbox_report.read(outbox.path).rejected] == [
        (trace(2).trace_id, "too odd"),
        (trace(3).trace_id, "odder"),
    ]

    assert outbox.set_aside([trace(5, text)], Experiment(), {trace(5).trace_id: "oddest"}) == Dropped(1, 1)
    assert [one.trace_id for one in outbox_report.read(outbox.path).rejected] == [trace(3).trace_id, trace(5).trace_id]


def test_what_was_set_aside_can_be_tried_again_or_discarded(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.set_aside([trace(1)], Experiment("shop"), {trace(1).trace_id: "odd"})
    assert outbox.requeue() == 1
    (waiting,) = outbox.claim().traces
    assert (waiting.trace, waiting.experiment) == (trace(1), Experiment("shop"))
    outbox.settle([waiting], {trace(1).trace_id: "still odd"})
    assert outbox.discard() == 1

    assert outbox_report.read(outbox.path).is_clear


def test_an_outage_leaves_no_big_file(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(number, "x" * 10_000) for number in range(90)], Experiment())
    assert os.path.getsize(outbox.path) > 900_000

    outbox.settle(outbox.claim().traces, {})

    assert os.path.getsize(outbox.path) < 100_000


def test_why_traces_wait_is_written_down_until_none_does(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    before = time.time()
    outbox.put([trace(1)], Experiment(), Trouble("no such host.", next_try=before + 60))
    found = outbox_report.read(outbox.path)
    assert (found.tracking_uri, found.trouble, found.next_try) == (URI, "no such host.", before + 60)
    assert found.trouble_since is not None
    assert found.trouble_since >= before
    assert found.oldest is not None
    assert found.oldest >= before
    outbox.note(Trouble("no route.", next_try=before + 90))
    assert outbox_report.read(outbox.path).trouble_since == found.trouble_since

    outbox.settle(outbox.claim().traces, {})

    found = outbox_report.read(outbox.path)
    assert (found.trouble, found.trouble_since, found.next_try, found.oldest) == (None, None, None, None)


def test_what_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    outbox.put([trace(1), trace(2), trace(3)], Experiment())
    with sqlite3.connect(outbox.path) as connection:
        connection.execute('UPDATE waiting SET trace = \'{"of": "another version"}\' WHERE id = 1')
        connection.execute("UPDATE waiting SET trace = 'no JSON' WHERE id = 2")

    assert traces(outbox) == [None, None, trace(3)]


def test_the_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    outbox = Outbox(str(tmp_path), URI)
    with sqlite3.connect(outbox.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    assert "another version" in str(outbox.put([trace(1)], Experiment()).trouble)
    with pytest.raises(outbox_report.UnreadableOutbox, match="another version"):
        outbox_report.read(outbox.path)


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

    outbox = Outbox(str(tmp_path / "file"), URI)

    assert "cannot be written" in str(outbox.put([trace(1)], Experiment()).trouble)
    assert traces(outbox) == [trace(1)], "it is held in memory"
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        outbox.set_aside([trace(1)], Experiment(), {trace(1).trace_id: "odd"})
