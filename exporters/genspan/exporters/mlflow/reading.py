"""Traces read back from an MLflow SQLite file, on the standard library alone; the file is never written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX, SpanAttributeKey, TraceMetadataKey, TraceTagKey
from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage
from genspan.semconv.encoding import decode

_PATIENCE = 5.0
"""Seconds to wait for a writer that holds the file."""


class NotAnMlflowFile(Exception):
    """The file is no SQLite database, or holds no MLflow traces' tables."""


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A trace, and the MLflow experiment that it is in."""

    experiment_id: str
    trace: MlflowTrace


def latest(path: Path, count: int = 1) -> list[StoredTrace]:
    """Up to `count` traces, the newest first.

    Raises FileNotFoundError, or NotAnMlflowFile.
    """
    return _read(path, "ORDER BY timestamp_ms DESC, rowid DESC LIMIT ?", count)


def find(path: Path, trace_id: str) -> StoredTrace | None:
    """The trace of an id, with or without MLflow's `tr-` before its 32 hexadecimal digits; None where there is none.

    Raises FileNotFoundError, or NotAnMlflowFile.
    """
    found = _read(path, "WHERE request_id = ?", TRACE_ID_PREFIX + trace_id.removeprefix(TRACE_ID_PREFIX))
    return found[0] if found else None


def _read(path: Path, which: str, parameter: str | int) -> list[StoredTrace]:
    with _opened(path) as database:
        rows = database.execute(f"SELECT * FROM trace_info {which}", (parameter,)).fetchall()
        return [_trace(database, dict(row)) for row in rows]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as database:
            database.row_factory = sqlite3.Row
            tables = {row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if missing := {"trace_info", "spans", "trace_tags", "trace_request_metadata"} - tables:
                raise NotAnMlflowFile(f"no table {', '.join(sorted(missing))}")
            yield database
    except sqlite3.DatabaseError as error:
        # A locked file is an OperationalError, and says so itself.
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise NotAnMlflowFile(str(error)) from error


def _trace(database: sqlite3.Connection, row: dict[str, Any]) -> StoredTrace:
    trace_id = row["request_id"]
    tags = _pairs(database, "trace_tags", trace_id)
    metadata = _pairs(database, "trace_request_metadata", trace_id)
    spans = database.execute(
        "SELECT * FROM spans WHERE trace_id = ? ORDER BY start_time_unix_nano, span_id", (trace_id,)
    ).fetchall()
    # Before 3.18's promotion to columns, MLflow kept name, session and usage as tags and metadata.
    trace = MlflowTrace(
        trace_id=trace_id,
        spans=[_span(dict(span)) for span in spans],
        request_time=row["timestamp_ms"],
        execution_duration=row["execution_time_ms"],
        state=row["status"],
        name=row.get("trace_name") or tags.get(TraceTagKey.TRACE_NAME),
        request_preview=row.get("request_preview"),
        response_preview=row.get("response_preview"),
        client_request_id=row.get("client_request_id"),
        session_id=row.get("session_id") or metadata.get(TraceMetadataKey.TRACE_SESSION),
        usage=_usage(row) or _usage(_decoded(metadata.get("mlflow.trace.tokenUsage"))),
        cost=_cost(row) or _cost(_decoded(metadata.get("mlflow.trace.cost"))),
        tags=tags,
        metadata=metadata,
    )
    return StoredTrace(str(row["experiment_id"]), trace)


def _pairs(database: sqlite3.Connection, table: str, trace_id: str) -> dict[str, str]:
    return dict(database.execute(f"SELECT key, value FROM {table} WHERE request_id = ?", (trace_id,)).fetchall())


def _span(row: dict[str, Any]) -> MlflowSpan:
    content = _decoded(row["content"])
    attributes = {key: str(value) for key, value in content.get("attributes", {}).items()}
    return MlflowSpan(
        trace_id=row["trace_id"].removeprefix(TRACE_ID_PREFIX),
        span_id=row["span_id"],
        parent_span_id=row["parent_span_id"],
        name=row["name"],
        kind=content.get("kind", "SPAN_KIND_UNSPECIFIED"),
        start_time_unix_nano=row["start_time_unix_nano"],
        end_time_unix_nano=row["end_time_unix_nano"],
        status_code=f"STATUS_CODE_{row['status']}",
        status_message=content.get("status", {}).get("message") or "",
        type=row["type"] or _text(attributes.get(SpanAttributeKey.SPAN_TYPE)),
        attributes=attributes,
        events=content.get("events") or [],
        links=content.get("links") or [],
        model_name=row.get("model_name") or _text(attributes.get(SpanAttributeKey.MODEL)),
        model_provider=row.get("model_provider") or _text(attributes.get(SpanAttributeKey.MODEL_PROVIDER)),
        usage=_usage(_decoded(attributes.get(SpanAttributeKey.CHAT_USAGE))),
        cost=_cost(row) or _cost(_decoded(attributes.get(SpanAttributeKey.LLM_COST))),
    )


def _usage(counts: dict[str, Any]) -> TokenUsage | None:
    usage = TokenUsage(**{name: counts.get(name) for name in TokenUsage.__slots__})
    return None if usage == TokenUsage() else usage


def _cost(amounts: dict[str, Any]) -> Cost | None:
    known = {name: amounts[name] for name in Cost.__slots__ if amounts.get(name) is not None}
    return Cost(**known) if len(known) == len(Cost.__slots__) else None


def _decoded(text: str | None) -> dict[str, Any]:
    """The object that JSON text holds; empty where it holds none."""
    try:
        value = decode(text) if text else None
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(json_text: str | None) -> str | None:
    """The string that JSON text holds."""
    try:
        value = decode(json_text) if json_text else None
    except ValueError:
        return None
    return value if isinstance(value, str) else None
