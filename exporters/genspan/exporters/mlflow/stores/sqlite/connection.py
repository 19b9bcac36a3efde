"""One SQLite file, opened when needed and again whenever the old connection no longer stands for it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from genspan.exporters.mlflow.stores.contract import StoreUnavailable

BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for another process's lock. Short of the SDK's 30 s for an export: then the outbox takes over."""

PAGE_SIZE: Final = 8192
"""Bytes of a page of a new file; others keep theirs. Rows of a batch of traces go to random places of many indexes, and
what each page costs hardly depends on its size: twice SQLite's default is a sixth less CPU for a batch of 100."""

JOURNAL_SIZE: Final = 16 * 2**20
"""Bytes of the journal's file that are kept from one transaction to the next. A batch of 100 traces takes 10 MB."""

_inherited: list[sqlite3.Connection] = []
"""Connections that a fork left us with. SQLite forbids even closing them here, so they are never collected."""


class Connection:
    """Transactions on one file. Used by one thread at a time, from any thread, before and after a fork.

    A file in WAL mode is left so. A new file gets SQLite's rollback journal, as from MLflow: it may lie on a network
    mount, where WAL's shared memory does not work. WAL is several times faster with a trace a transaction, but the SDK
    sends batches, and with those it gains at most half (benchmarks/sqlite_store.py). The journal's file is written anew
    for each transaction and deleted when the connection is closed: to delete and make it each time costs a tenth of the
    CPU. A reader keeps a writer waiting only while its query runs. `synchronous` keeps its default, FULL: a commit
    survives a power cut.
    """

    def __init__(self, path: str, patience: float | None = None) -> None:
        """`patience` is how many seconds to wait for another's lock; BUSY_TIMEOUT where it is not given."""
        self.path = path
        self._patience = BUSY_TIMEOUT if patience is None else patience
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, ...] | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, committed at the end of the block and rolled back if it raises.

        Raises StoreUnavailable where SQLite or the system refuses: locked, full, read-only, not a database.
        sqlite3's other errors are about the values given, and pass through.
        """
        with self._begun("BEGIN IMMEDIATE", "written") as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection | None]:
        """One read transaction: whatever is written meanwhile, all that the block reads is of one moment.

        None where there is no file, or an empty one; nothing is made. Raises as `transaction` does.
        """
        if not self.has_content():
            yield None
            return
        with self._begun("BEGIN", "read") as connection:
            yield connection

    def has_content(self) -> bool:
        """Whether there is a file with anything in it."""
        try:
            return os.stat(self.path).st_size > 0
        except OSError:
            return False

    @contextmanager
    def _begun(self, begin: str, done: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._opened()
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # Some errors, such as a full disk, have rolled back already.
                    connection.execute("ROLLBACK")
                raise
            self._identity = self._current_identity()
        except (sqlite3.Error, OSError) as error:
            if not refuses(error):
                raise
            if type(error) is sqlite3.DatabaseError:
                self.close()  # It may be replaced by another file of that name.
            raise StoreUnavailable(f"{self.path} cannot be {done}: {error}.") from error

    def close(self) -> None:
        """Closes the file if this process opened it."""
        connection, identity = self._connection, self._identity
        self._connection = self._identity = None
        if connection is None:
            return
        if identity is not None and identity[0] != os.getpid():
            _inherited.append(connection)
            return
        if identity == self._current_identity():  # Else the journal of that name is another file's.
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA busy_timeout = 0")  # Whoever has locked the file may have it for long.
                if _journal_mode(connection) == "persist":
                    connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()

    def _opened(self) -> sqlite3.Connection:
        """The connection; a new one in a forked child, and where the file has been deleted or replaced."""
        if self._connection is None or self._identity != self._current_identity():
            self.close()
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._connection = self._connected()
            self._identity = (os.getpid(),)
        return self._connection

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            if _journal_mode(connection) == "delete":
                connection.execute("PRAGMA journal_mode = PERSIST")
                connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _current_identity(self) -> tuple[int, ...]:
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return (os.getpid(),)
        return (os.getpid(), status.st_dev, status.st_ino)


def _journal_mode(connection: sqlite3.Connection) -> str:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    return str(mode)


def refuses(error: Exception) -> bool:
    """Whether an error is the file's or the system's refusal, and says nothing of the values that were given.

    sqlite3 has no class of its own for a file that is damaged or no database: that is a plain DatabaseError.
    """
    return isinstance(error, (sqlite3.OperationalError, OSError)) or type(error) is sqlite3.DatabaseError
