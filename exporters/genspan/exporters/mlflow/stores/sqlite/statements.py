"""SQL for the columns that a file really has. Every statement takes one parameter per column.

Three ways to write a row, by what happens where one with the same key is there: `insert` fails, `insert_missing` leaves
it, `upsert` overwrites it. The plain one is there for speed: a new trace takes a quarter less time with it (SQLite
3.40).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

Statement = Callable[[str, tuple[str, ...], tuple[str, ...]], str]
"""The table, the columns of its key, and all columns; gives the SQL."""


@cache
def insert(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """For rows that are not there."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


@cache
def insert_missing(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """For rows that matter only where they are not there."""
    return f"{insert(table, key, columns)} ON CONFLICT ({', '.join(key)}) DO NOTHING"


@cache
def upsert(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """For rows that replace what is there."""
    assignments = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    return f"{insert(table, key, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {assignments}"


def update(table: str, key: tuple[str, ...], columns: tuple[str, ...], counter: str | None = None) -> str:
    """For rows that are there; parameters come in the order of `columns`, then `key`. Counts up a column, if any."""
    assignments = [f"{column} = ?" for column in columns]
    if counter is not None:
        assignments.append(f"{counter} = {counter} + 1")
    return f"UPDATE {table} SET {', '.join(assignments)} WHERE {' AND '.join(f'{column} = ?' for column in key)}"
