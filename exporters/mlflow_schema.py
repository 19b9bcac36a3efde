"""Writes the SQLite store's schema.sql from a database that the installed mlflow creates.

For a new mlflow: install it, run this, add its revision to `stores/sqlite/schema.py`, run the tests; one of them
compares what is committed with what the installed mlflow creates.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

SCHEMA = Path(__file__).parent / "genspan" / "exporters" / "mlflow" / "stores" / "sqlite" / "schema.sql"

SEEDED = ("alembic_version", "workspaces")
"""Tables whose first rows come with the schema. The Default experiment is made at run time, since it holds a path."""

# The migrations of mlflow 3.17.2 create indexes in an order that changes from run to run.
STATEMENTS = """
    SELECT sql FROM sqlite_master WHERE sql IS NOT NULL
    ORDER BY type <> 'table', CASE type WHEN 'table' THEN rowid ELSE name END
"""


def created_by_mlflow(path: Path) -> None:
    """Has the installed mlflow create a tracking database at `path`."""
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{path}", str(path.parent / "mlruns"))._dispose_engine()


def dump(path: Path, version: str) -> str:
    """SQL that makes the same tables, indexes, triggers and first rows; one statement after another."""
    with sqlite3.connect(path) as connection:
        statements = ["\n".join(map(str.rstrip, sql.splitlines())) for (sql,) in connection.execute(STATEMENTS)]
        for table in SEEDED:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            quoted = " || ', ' || ".join(f"quote({column})" for column in columns)
            for (values,) in connection.execute(f"SELECT {quoted} FROM {table}"):
                statements.append(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})")
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    head = f"-- The tracking database of mlflow {version} (revision {revision}), as its migrations leave it.\n"
    body = "".join(f"\n{sql};\n" for sql in statements)
    return head + "-- Written by exporters/mlflow_schema.py.\n" + body


def main() -> None:
    """Writes schema.sql."""
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        created_by_mlflow(path)
        SCHEMA.write_text(dump(path, mlflow.__version__), encoding="utf-8")


if __name__ == "__main__":
    main()
