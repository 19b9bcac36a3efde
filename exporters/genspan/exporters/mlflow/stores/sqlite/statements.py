"""SQL for the columns that a file really has."""

from __future__ import annotations

from collections.abc import Sequence


def upsert(table: str, key: Sequence[str], columns: Sequence[str], counter: str | None = None) -> str:
    """An INSERT that overwrites the other columns of a row with the same key.

    `counter` is a column that begins at 1 and goes up by one with each overwriting.
    """
    assignments = [f"{column} = excluded.{column}" for column in columns if column not in key]
    names, values = list(columns), ["?"] * len(columns)
    if counter is not None:
        names.append(counter)
        values.append("1")
        assignments.append(f"{counter} = {table}.{counter} + 1")
    return f"{_insert(table, names, values)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(assignments)}"


def insert_missing(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """An INSERT that leaves a row with the same key as it is."""
    return f"{_insert(table, columns, '?' * len(columns))} ON CONFLICT ({', '.join(key)}) DO NOTHING"


def _insert(table: str, columns: Sequence[str], values: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)})"
