"""Tags of a trace, set and removed."""

from __future__ import annotations

import logging
import os
import re
from typing import Final

from genspan.exporters.mlflow.keys import TraceTagKey
from genspan.exporters.mlflow.stores.sqlite.statements import upsert
from genspan.mlflow.exceptions import MlflowException
from genspan.mlflow.store.sqlite.columns import promoted
from genspan.mlflow.store.sqlite.database import Database

_logger = logging.getLogger(__name__)

LONGEST_KEY: Final = 250
LONGEST_VALUE: Final = 8000
LONGEST_NAME: Final = 4096
"""Characters, as in mlflow 3.17.2."""

_KEY: Final = re.compile(r"[/\w.\- :]*")


def checked(key: str, value: str) -> tuple[str, str]:
    """The tag as it can be stored: a value that is too long is cut, unless MLFLOW_TRUNCATE_LONG_VALUES is false.

    Raises MlflowException for what cannot be a tag.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key) or _leads_elsewhere(key):
        raise MlflowException.invalid_parameter_value(
            f"Invalid tag key {key!r}. Keys are letters, digits, and _ - . : / and spaces, and no path out of a folder."
        )
    if len(key) > LONGEST_KEY:
        raise MlflowException.invalid_parameter_value(
            f"The tag key has {len(key)} characters; it can have {LONGEST_KEY}."
        )
    if key == TraceTagKey.TRACE_NAME and len(value) > LONGEST_NAME:
        raise MlflowException.invalid_parameter_value(
            f"The trace's name has {len(value)} characters; it can have {LONGEST_NAME}."
        )
    if len(value) > LONGEST_VALUE:
        if os.environ.get("MLFLOW_TRUNCATE_LONG_VALUES", "true").lower() in ("false", "0"):
            raise MlflowException.invalid_parameter_value(
                f"The value of the tag {key!r} has {len(value)} characters; it can have {LONGEST_VALUE}."
            )
        _logger.warning("The value of the tag %r is cut to %s characters", key, LONGEST_VALUE)
        value = value[:LONGEST_VALUE]
    return key, value


def put(database: Database, trace_id: str, key: str, value: str) -> bool:
    """Sets a tag; answers whether the trace is there."""
    column = promoted(key, database.layout)
    if column is not None:
        changed = database.connection.execute(
            f"UPDATE trace_info SET {column} = ? WHERE request_id = ?", (value, trace_id)
        )
        return changed.rowcount > 0
    there = database.connection.execute("SELECT 1 FROM trace_info WHERE request_id = ?", (trace_id,)).fetchone()
    if there is None:
        return False
    statement = upsert("trace_tags", ("key", "request_id"), ("request_id", "key", "value"))
    database.connection.execute(statement, (trace_id, key, value))
    return True


def remove(database: Database, trace_id: str, key: str) -> bool:
    """Removes a tag; answers whether it was there."""
    column = promoted(key, database.layout)
    if column is None:
        statement = "DELETE FROM trace_tags WHERE request_id = ? AND key = ?"
        return database.connection.execute(statement, (trace_id, key)).rowcount > 0
    statement = f"UPDATE trace_info SET {column} = NULL WHERE request_id = ? AND {column} IS NOT NULL"
    return database.connection.execute(statement, (trace_id,)).rowcount > 0


def _leads_elsewhere(key: str) -> bool:
    """Whether a file store of MLflow could not keep the tag in a file of that name."""
    path = os.path.normpath(key)
    return path != key or path == "." or path.startswith(("..", "/"))
