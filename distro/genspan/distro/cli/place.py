"""The place where traces are, and what its refusals are to somebody at a terminal."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Final
from urllib.parse import quote, urlsplit

from genspan.distro.cli.exits import Missing, Unreachable, Wrong
from genspan.exporters.mlflow.outbox_folder import folders
from genspan.exporters.mlflow.outbox_report import UnreadableOutbox, files, read
from genspan.exporters.mlflow.stores import StoreUnavailable, without_secrets
from genspan.exporters.mlflow.stores import open_store as destination
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused
from genspan.exporters.mlflow.stores.sqlite.store import path_of
from genspan.exporters.mlflow.tracking import MLFLOW_EXPERIMENT_ID, MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_URI
from genspan.exporters.mlflow.untraced import untraced
from genspan.mlflow.entities import Trace
from genspan.mlflow.exceptions import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, MlflowException
from genspan.mlflow.store import open_store
from genspan.mlflow.store.contract import TraceStore

PAGE: Final = 100
"""Traces that are asked for at a time."""
MOST_EXPERIMENTS: Final = 1_000
_PATIENCE: Final = 5.0
"""Seconds to wait for a writer that holds the file."""


@contextmanager
def told() -> Iterator[None]:
    """Whatever a store raises in the block ends the command with a message; what we do there is not traced."""
    try:
        with untraced():
            yield
    except MlflowException as error:
        kind = {INVALID_PARAMETER_VALUE: Wrong, RESOURCE_DOES_NOT_EXIST: Missing}.get(error.error_code, Unreachable)
        raise kind(str(error)) from None
    except StoreUnavailable as error:
        raise Unreachable(str(error)) from None
    except Refused as refused:
        raise Wrong(str(refused)) from None
    except NotImplementedError as error:
        raise Wrong(str(error)) from None


class Place:
    """The traces of one tracking URI. Its methods end the command where they cannot do what they are for."""

    def __init__(self, tracking_uri: str) -> None:
        self.uri = tracking_uri
        try:
            parts = urlsplit(tracking_uri)
            is_whole = parts.scheme not in ("http", "https") or bool(parts.hostname)
            _ = parts.port  # Raises where it is none.
        except ValueError:
            is_whole = False
        if not is_whole:
            raise Wrong("The tracking URI is no address: http://host:port is one.")
        self.shown = without_secrets(tracking_uri)
        scheme = parts.scheme.partition("+")[0]
        self.path = _file(tracking_uri) if scheme == "sqlite" else None
        with told():
            self.store: TraceStore = open_store(tracking_uri)

    @property
    def name(self) -> str:
        """How it is spoken of."""
        return self.path or self.shown

    def nothing(self, filter_string: str | None = None) -> Missing:
        """What to raise where no trace is found, or none that a filter names."""
        if filter_string:
            return Missing(f"{self.name} holds no such trace.")
        return Missing(f"{self.name} holds no trace yet.{_waiting(self.uri)}")

    def get(self, trace_id: str) -> Trace:
        """One trace."""
        full = trace_id if trace_id.startswith(("tr-", "trace:/")) else f"tr-{trace_id}"
        with told():
            try:
                return self.store.get_trace(full)
            except MlflowException as error:
                if error.error_code == RESOURCE_DOES_NOT_EXIST and "not fully exported" not in str(error):
                    raise Missing(f"There is no trace {trace_id} in {self.name}.") from None
                raise

    def search(
        self,
        experiments: Sequence[str],
        *,
        filter_string: str | None = None,
        order_by: Sequence[str] = (),
        most: int | None = None,
        include_spans: bool = True,
    ) -> Iterator[Trace]:
        """The traces that are looked for, page after page; all, or at most so many."""
        with told():
            ids = self.experiment_ids(experiments)
            token, left = None, most
            while left is None or left > 0:
                page = self.store.search_traces(
                    experiment_ids=ids,
                    filter_string=filter_string,
                    max_results=PAGE if left is None else min(PAGE, left),
                    order_by=list(order_by) or None,
                    page_token=token,
                    include_spans=include_spans,
                )
                yield from page
                left = None if left is None else left - len(page)
                token = page.token
                if not token:
                    return

    def experiment_ids(self, given: Sequence[str]) -> list[str]:
        """Ids of the experiments that are named, by name or id; else of the one that is set, else of all."""
        if given:
            return [self._experiment_id(one) for one in given]
        if name := os.environ.get(MLFLOW_EXPERIMENT_NAME):
            return [self._experiment_id(name, is_id=False)]
        if id := os.environ.get(MLFLOW_EXPERIMENT_ID):
            return [id]
        return self._all_experiments()

    def _experiment_id(self, given: str, *, is_id: bool | None = None) -> str:
        found = self.store.get_experiment_by_name(given) if not is_id else None
        if found is not None:
            return found.experiment_id
        try:
            if is_id is not False and given.isdigit():
                return self.store.get_experiment(given).experiment_id
        except MlflowException as error:
            if error.error_code != RESOURCE_DOES_NOT_EXIST:
                raise
        raise Missing(f"There is no experiment {given} in {self.name}.")

    def _all_experiments(self) -> list[str]:
        if self.path is not None:
            with _reading(self.path) as database:
                rows = database.execute("SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'active'")
                return [str(id) for (id,) in rows]
        if not self.uri.startswith(("http:", "https:")):
            raise Wrong(f"Say which experiment of {self.shown}: --experiment NAME.")
        connection = Connection(Access.read(self.uri, os.environ))
        try:
            body: Mapping[str, Any] = {"max_results": MOST_EXPERIMENTS, "view_type": "ACTIVE_ONLY"}
            answer = connection.post("/api/2.0/mlflow/experiments/search", body)
            return [experiment["experiment_id"] for experiment in answer.get("experiments", ())]
        finally:
            connection.close()


def _file(tracking_uri: str) -> str:
    """The path of a file that holds MLflow's traces."""
    try:
        path = path_of(tracking_uri)
    except ValueError as error:
        raise Wrong(f"{error}.") from None
    if not os.path.isfile(path):
        hint = (
            "" if os.environ.get(MLFLOW_TRACKING_URI) else f" (--tracking-uri or {MLFLOW_TRACKING_URI} names another)"
        )
        raise Missing(f"There is no file {path}{hint}.{_waiting(tracking_uri)}")
    try:
        with _reading(path) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError as error:
        raise Unreachable(f"{path} cannot be read: {error}.") from None
    except sqlite3.DatabaseError as error:
        raise Wrong(f"{path} holds no MLflow traces: {error}.") from None
    if missing := sorted({"experiments", "trace_info", "spans"} - tables):
        raise Wrong(f"{path} holds no MLflow traces: no table {', '.join(missing)}.")
    return path


def _waiting(tracking_uri: str) -> str:
    """That traces wait to be written there, where some do: they are what somebody looks for who finds none."""
    known_by = destination(tracking_uri).uri
    count = 0
    for path in files(folders(os.environ)):
        with suppress(UnreadableOutbox):
            report = read(path)
            count += (report.waiting_traces + len(report.rejected)) * (report.tracking_uri == known_by)
    if not count:
        return ""
    return f" {count:,} trace{'' if count == 1 else 's'} could not be written there yet: genspan status says why."


@contextmanager
def _reading(path: str) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(path)}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as database:
        yield database
