"""How a file is opened and let go of: its journal, and the pages of one that we make."""

import sqlite3
import time
from pathlib import Path

import pytest

from genspan.exporters.mlflow.stores.sqlite.connection import BUSY_TIMEOUT, PAGE_SIZE, Connection


def insert(connection: Connection, number: int) -> None:
    with connection.transaction() as file:
        file.execute("CREATE TABLE IF NOT EXISTS numbers (number)")
        file.execute("INSERT INTO numbers VALUES (?)", (number,))


def asked(path: Path, statement: str) -> list[object]:
    file = sqlite3.connect(path)
    found = [value for (value,) in file.execute(statement).fetchall()]
    file.close()
    return found


def test_a_file_that_is_made_has_large_pages_and_the_journal_that_is_usual(tmp_path: Path) -> None:
    connection = Connection(str(tmp_path / "made.db"))
    insert(connection, 1)
    connection.close()
    assert asked(tmp_path / "made.db", "PRAGMA page_size") == [PAGE_SIZE]
    assert asked(tmp_path / "made.db", "PRAGMA journal_mode") == ["delete"]


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_a_file_that_is_there_keeps_its_pages_and_its_journal(journal_mode: str, tmp_path: Path) -> None:
    path = tmp_path / "there.db"
    file = sqlite3.connect(path)
    file.execute("PRAGMA page_size = 1024")
    file.execute(f"PRAGMA journal_mode = {journal_mode}")
    file.execute("CREATE TABLE notes (note)")
    file.close()

    connection = Connection(str(path))
    insert(connection, 1)
    connection.close()

    assert asked(path, "PRAGMA page_size") == [1024]
    assert asked(path, "PRAGMA journal_mode") == [journal_mode]


def test_the_journal_is_kept_between_transactions_and_is_gone_at_the_end(tmp_path: Path) -> None:
    connection = Connection(str(tmp_path / "mlflow.db"))
    insert(connection, 1)
    journal = tmp_path / "mlflow.db-journal"
    made = journal.stat().st_ino
    insert(connection, 2)
    assert journal.stat().st_ino == made
    connection.close()
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_others_write_and_delete_the_journal_meanwhile(tmp_path: Path) -> None:
    """As an MLflow server does with the same file."""
    path = tmp_path / "mlflow.db"
    connection = Connection(str(path))
    insert(connection, 1)
    other = sqlite3.connect(path)
    for number in (2, 3):
        other.execute("INSERT INTO numbers VALUES (?)", (number * 10,))
        other.commit()
        insert(connection, number)
    other.close()
    connection.close()
    assert asked(path, "SELECT number FROM numbers") == [1, 20, 2, 30, 3]


def test_letting_go_of_a_file_waits_for_nobody(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    connection = Connection(str(path))
    insert(connection, 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    connection.close()
    assert time.monotonic() - begun < BUSY_TIMEOUT / 2
    other.execute("COMMIT")
    other.close()


def test_the_journal_of_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    """It may be needed: a program that dies leaves in it what was there before its last transaction."""
    path, journal = tmp_path / "mlflow.db", tmp_path / "mlflow.db-journal"
    connection = Connection(str(path))
    insert(connection, 1)
    path.unlink()
    path.write_bytes(b"another file")
    journal.write_bytes(b"its journal")
    connection.close()
    assert journal.read_bytes() == b"its journal"
