"""SQL for the columns that a file really has. Every statement takes one parameter per column.

Three ways to write a row, by what happens where one with the same key is there: `insert` fails, `insert_missing` leaves
it, `upsert` overwrites it. The plain one is there for speed: a new trace takes a quarter less time with it (SQLite
3.40).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Statement = Callable[[str, Sequence[str], Sequence[str]], str]
"""The table, the columns of its key, and all columns; gives the SQL."""


def insert(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """For rows that are not there."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def insert_missing(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """For rows that matter only where they are not there."""
    return f"{insert(table, key, columns)} ON CONFLICT ({', '.join(key)}) DO NOTHING"


def upsert(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """For rows that replace what is there."""
    assignments = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    return f"{insert(table, key, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {assignments}"


def update(table: str, key: Sequence[str], columns: Sequence[str], counter: str | None = None) -> str:
    """For rows that are there; parameters come in the order of `columns`, then `key`. Counts up a column, if any."""
    assignments = [f"{column} = ?" for column in columns]
    if counter is not None:
        assignments.append(f"{counter} = {counter} + 1")
    return f"UPDATE {table} SET {', '.join(assignments)} WHERE {' AND '.join(f'{column} = ?' for column in key)}"
