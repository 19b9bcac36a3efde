"""The MLflow that traces are written to: its file or its server, and the experiment."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from genspan.distro.cli.doctor.causes import MLFLOW, Fact, Finding, found
from genspan.distro.cli.doctor.clock import TOLERANCE, differing, spoken
from genspan.distro.cli.doctor.reach import Place, ask, connect, is_proxied
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store, without_secrets
from genspan.exporters.mlflow.stores.experiments import choose
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import MISSING, Connection, Refused
from genspan.exporters.mlflow.stores.sqlite.schema import KNOWN_REVISIONS, REQUIRED
from genspan.exporters.mlflow.stores.sqlite.store import path_of
from genspan.exporters.mlflow.switches import (
    ENABLE_MLFLOW_TRACING,
    IN_MODEL_SERVING,
    MLFLOW_TRACE_SAMPLING_RATIO,
    Switches,
)
from genspan.exporters.mlflow.tracking import MLFLOW_TRACKING_URI, Tracking
from genspan.exporters.mlflow.untraced import untraced

PRICES: Final = "genai-prices"
"""The package that knows what model calls cost."""
ROOM: Final = 10_000_000
"""Bytes that a disk should have left."""
LOCK_PATIENCE: Final = 2.0
"""Seconds to wait for another's lock; a batch takes milliseconds."""
WHERE: Final = "mlflow"


def check(environ: Mapping[str, str], *, reach: bool = True) -> Iterator[Fact | Finding]:
    """What there is to say of the tracking URI. Writes nothing."""
    yield from _switches(environ)
    tracking = Tracking.read(environ)
    try:
        store = open_store(tracking.uri)
    except ValueError as error:
        yield found("tracking-uri-unsupported", WHERE, reason=error)
        return
    shown = without_secrets(store.uri)
    named = "" if environ.get(MLFLOW_TRACKING_URI) else ", the default"
    yield Fact(MLFLOW, "tracking URI", f"{shown}{named}")
    scheme = urlsplit(tracking.uri).scheme.partition("+")[0]
    with untraced():
        if scheme == "sqlite":
            yield from _file(path_of(tracking.uri), tracking.experiment)
        elif scheme in ("http", "https") and reach:
            yield from _server(Access.read(tracking.uri, environ), tracking.experiment)
    yield Fact(MLFLOW, "cost", _cost())


def _cost() -> str:
    """Where the prices of model calls come from."""
    try:
        return f"of model calls, by {PRICES} {version(PRICES)}"
    except PackageNotFoundError:
        return "not told: pip install 'genspan[prices]' has it told"


def _switches(environ: Mapping[str, str]) -> Iterator[Finding]:
    switches = Switches.read({**environ, MLFLOW_TRACE_SAMPLING_RATIO: ""})
    if not switches.on:
        name = ENABLE_MLFLOW_TRACING if environ.get(ENABLE_MLFLOW_TRACING) else IN_MODEL_SERVING
        yield found("mlflow-switched-off", WHERE, variable=f"{name}={environ.get(name)}")
    try:
        ratio = float(environ.get(MLFLOW_TRACE_SAMPLING_RATIO) or 1)
    except ValueError:
        return  # A matter of the settings.
    if ratio == 0:
        yield found("mlflow-switched-off", WHERE, variable=f"{MLFLOW_TRACE_SAMPLING_RATIO}=0")
    elif 0 < ratio < 1:
        yield found("mlflow-samples", ratio=ratio)


def _file(path: str, experiment: Experiment) -> Iterator[Fact | Finding]:
    trouble = _unwritable(path)
    if trouble:
        yield found("file-not-writable", WHERE, path=path, reason=trouble)
        return
    yield from disk(path, MLFLOW_TRACKING_URI)
    if not os.path.exists(path) or not os.path.getsize(path):
        yield Fact(MLFLOW, "file", "not there yet: it is made with the first trace")
        return
    try:
        # As a writer, for a reader cannot make good what a killed writer has left half done.
        address = f"file:{quote(path)}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=LOCK_PATIENCE, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield from _content(connection, path, experiment)
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            yield found("file-locked", WHERE, path=path, seconds=LOCK_PATIENCE)
        else:
            yield found("file-not-writable", WHERE, path=path, reason=error)
    except sqlite3.DatabaseError as error:
        yield found("file-not-mlflow", WHERE, path=path, reason=error)


def _unwritable(path: str) -> str | None:
    """Why a file cannot be written, or made with the folders above it."""
    if os.path.isdir(path):
        return "it is a folder"
    if os.path.exists(path) and not os.access(path, os.W_OK):
        return "no right to write the file"
    folder = Path(path).parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder} is no folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"no right to write in {folder}"
    if os.path.exists(path):
        return None
    # root may write everywhere, says the system, and on a read-only file system may not.
    probe = folder / f".genspan-doctor-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return None


def disk(path: str, variable: str) -> Iterator[Finding]:
    """A finding where the disk of a file, or of the folder that it will be in, is full."""
    folder = Path(path).parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        yield found("disk-full", WHERE, path=path, free=f"{free / 1e6:,.1f} MB", variable=variable)


def _content(connection: sqlite3.Connection, path: str, experiment: Experiment) -> Iterator[Fact | Finding]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        yield Fact(MLFLOW, "file", "empty: its tables are made with the first trace")
        return
    if "alembic_version" not in tables:
        yield found("file-not-mlflow", WHERE, path=path, reason="it has no table alembic_version")
        return
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = row[0] if row else None
    lacking = sorted(
        f"{table}.{column}"
        for table, required in REQUIRED.items()
        for column in required - {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
    )
    if revision not in KNOWN_REVISIONS or lacking:
        yield found(
            "schema-unknown",
            WHERE,
            path=path,
            revision=revision,
            version=version("genspan"),
            lacking=f"; it lacks {', '.join(lacking)}" if lacking else "",
        )
        return
    yield Fact(MLFLOW, "file", f"schema {revision} (mlflow {KNOWN_REVISIONS[revision]}), writable")
    try:
        id = choose(_Experiments(connection), experiment)
        yield Fact(MLFLOW, "experiment", f"{_named(experiment)} (id {id})")
    except _ToBeMade:
        yield Fact(MLFLOW, "experiment", f"{experiment.name!r}, made with the first trace")
    except StoreUnavailable as error:
        yield found("experiment-unusable", WHERE, reason=error)
    (newest,) = connection.execute("SELECT max(timestamp_ms) FROM trace_info").fetchone()
    if newest is not None and (ahead := newest / 1000 - time.time()) > TOLERANCE:
        yield found("clock-behind-traces", path=path, difference=spoken(ahead))


def _named(experiment: Experiment) -> str:
    return repr(experiment.name) if experiment.name else "the one set" if experiment.id else "Default"


class _ToBeMade(Exception):
    """The experiment is not there, and a trace would make it."""


class _Experiments:
    """Experiments of a file; none is made. See `stores.experiments.Experiments`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def by_id(self, id: str) -> dict[str, str]:
        return self._one("experiment_id = ?", id)

    def by_name(self, name: str) -> dict[str, str]:
        return self._one("name = ?", name)

    def make(self, name: str) -> dict[str, str]:
        raise _ToBeMade

    def _one(self, where: str, value: str) -> dict[str, str]:
        row = self._connection.execute(
            f"SELECT experiment_id, name, lifecycle_stage FROM experiments WHERE {where}", (value,)
        ).fetchone()
        if row is None:
            raise Refused(404, MISSING, f"no experiment {value}")
        return {"experiment_id": str(row[0]), "name": row[1], "lifecycle_stage": row[2]}


class _Asking(Connection):
    """Remembers the last status that was not 2xx."""

    status = 0

    def failure(self, status: int, code: str, words: str) -> Refused | StoreUnavailable:
        self.status = status
        return super().failure(status, code, words)


class _ServerExperiments:
    """Experiments of a server; none is made. See `stores.experiments.Experiments`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, id: str) -> dict[str, str]:
        return self._found("get", experiment_id=id)

    def by_name(self, name: str) -> dict[str, str]:
        return self._found("get-by-name", experiment_name=name)

    def make(self, name: str) -> dict[str, str]:
        raise _ToBeMade

    def _found(self, how: str, **which: str) -> dict[str, str]:
        answer = self._connection.get(f"/api/2.0/mlflow/experiments/{how}", **which).get("experiment")
        if not isinstance(answer, dict) or "experiment_id" not in answer:
            raise StoreUnavailable(f"{self._connection.access.url} answers, but not as MLflow does.")
        return answer


def _server(access: Access, experiment: Experiment) -> Iterator[Fact | Finding]:
    parts = urlsplit(access.url)
    place = Place(access.url, "MLflow", "is", MLFLOW_TRACKING_URI, "MLFLOW_TRACKING_SERVER_CERT_PATH", WHERE)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = None
    if port is None or not parts.hostname:
        yield found(
            "endpoint-invalid",
            WHERE,
            signal="MLflow's traces",
            endpoint=place.shown,
            reason="it names no host, or its port is no number",
            variable=MLFLOW_TRACKING_URI,
        )
        return
    if not is_proxied(access.url) and (trouble := connect(place, parts.hostname, port)):
        yield trouble
        return
    headers = {**access.headers}
    answer = ask(
        replace(place, url=f"{access.url}/version"),
        "GET",
        headers=headers,
        verify=access.verify,
        certificate=access.certificate,
    )
    if isinstance(answer, Finding):
        yield answer
        return
    yield from differing(answer.ahead, access.url)
    connection = _Asking(replace(access, timeout=(access.timeout[0], min(access.timeout[1], 10.0))))
    try:
        id = choose(_ServerExperiments(connection), experiment)
        told = f"{_named(experiment)} (id {id})"
    except _ToBeMade:
        told = f"{experiment.name!r}, made with the first trace"
    except StoreUnavailable as error:
        yield _refusal(connection, access, error)
        return
    finally:
        connection.close()
    release = answer.text.strip() if answer.status == 200 and len(answer.text) < 20 else "?"
    yield Fact(MLFLOW, "server", f"MLflow {release}, reached")
    yield Fact(MLFLOW, "experiment", told)


def _refusal(connection: _Asking, access: Access, error: StoreUnavailable) -> Finding:
    status, address = connection.status, access.url
    if status in (401, 403):
        return found("mlflow-credentials", WHERE, address=address, status=status)
    if (
        (status == 404 and not isinstance(error.__cause__, Refused))
        or 300 <= status < 400
        or "not as MLflow does" in str(error)
    ):
        return found("mlflow-not-there", WHERE, address=address, reason=error)
    if isinstance(error.__cause__, Refused) or not status:
        return found("experiment-unusable", WHERE, reason=error)
    return found("mlflow-fails", WHERE, reason=error)
