"""The installed MLflow, the only place where genspan imports it, and only for tracking URIs that nobody else can serve.

It takes seconds and half of scientific Python, so it happens at the first write, in the exporter's thread. It is
imported by name, so that the import contract ("the real mlflow package is never imported") holds for all else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.sqlite.schema import artifact_root


def open_store(uri: str, name: str) -> Any:
    """MLflow's own store (`SqlAlchemyStore`) for a database, whose tables are made where there are none.

    `name` is the URI as it may be shown. Raises StoreUnavailable with what to install, or what is wrong with the
    database; it does not try for minutes, as MLflow would.
    """
    _want_driver(uri, name)
    try:
        engines: Any = import_module("mlflow.store.db.utils")
        store: Any = import_module("mlflow.store.tracking.sqlalchemy_store")
    except ImportError as error:
        raise StoreUnavailable(
            f"Traces are written to {name} by MLflow itself, which cannot be imported here ({error}). Install it with "
            "the databases' drivers: pip install 'mlflow[db]'."
        ) from error
    try:
        engine = engines.create_sqlalchemy_engine(uri)
        try:
            engine.connect().close()
        finally:
            engine.dispose()
        return store.SqlAlchemyStore(uri, artifact_root())
    except Exception as error:
        raise StoreUnavailable(f"{name} cannot be opened: {reason(error)}.") from error


def _want_driver(uri: str, name: str) -> None:
    """Raises StoreUnavailable where the driver is missing: before MLflow, whose import may take longer than a program.

    What else is wrong is for SQLAlchemy and MLflow to say when they open the database.
    """
    try:
        engine: Any = import_module("sqlalchemy.engine")
        exceptions: Any = import_module("sqlalchemy.exc")
    except ImportError:
        return  # It comes with MLflow, which is what is missing.
    try:
        engine.make_url(uri).get_dialect().import_dbapi()
    except ImportError as error:
        raise StoreUnavailable(
            f"The driver for {name} is not installed ({error}). Install it: pip install 'mlflow[db]' has those that "
            "MLflow uses for PostgreSQL, MySQL and SQL Server."
        ) from error
    except (AttributeError, exceptions.SQLAlchemyError):
        return  # A driver that SQLAlchemy does not know, or a SQLAlchemy before 2.0.


def protobuf_span(span: Any, resource: Any) -> Any:
    """MLflow's span (`mlflow.entities.Span`) for one of OTLP's, as MLflow's server reads it."""
    return import_module("mlflow.entities").Span.from_otel_proto(span, resource=resource)


def trace_info(described: dict[str, Any]) -> Any:
    """MLflow's `TraceInfo` for one in protobuf's JSON."""
    protobuf = import_module("google.protobuf.json_format")
    message = import_module("mlflow.protos.service_pb2").TraceInfoV3()
    protobuf.ParseDict(described, message)
    return import_module("mlflow.entities").TraceInfo.from_proto(message)


def reason(error: BaseException) -> str:
    """What went wrong in a word or a line, without the statement and its values, which SQLAlchemy adds.

    The driver's own words, where it was the driver's error.
    """
    wrapped: BaseException | None = error
    while wrapped is not None:
        driver = getattr(wrapped, "orig", None)
        if driver is not None:
            return _line(str(driver))
        error, wrapped = wrapped, wrapped.__cause__
    return _line(str(error).partition("[SQL:")[0]) or type(error).__name__


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
