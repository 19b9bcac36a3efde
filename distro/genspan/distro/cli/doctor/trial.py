"""The test span: made in an app that is started as the user's is, sent by its own pipeline, read back, and deleted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genspan.distro.cli.doctor import prometheus
from genspan.distro.cli.doctor.causes import TEST_SPAN, Fact, Finding, found
from genspan.distro.cli.doctor.reach import shown
from genspan.distro.cli.doctor.tracking import WHERE
from genspan.distro.settings import NOT_SET_UP
from genspan.exporters.mlflow.keys import TRACE_ID_PREFIX
from genspan.exporters.mlflow.outbox_folder import GENSPAN_OUTBOX_DIR
from genspan.exporters.mlflow.outbox_report import UnreadableOutbox, files, read
from genspan.exporters.mlflow.switches import ENABLE_MLFLOW_TRACING, MLFLOW_TRACE_SAMPLING_RATIO
from genspan.exporters.mlflow.untraced import untraced

TIME: Final = 60.0
"""Seconds for the program that makes the span."""
OTLP_TIME: Final = 5
"""Seconds for OTLP's exporters, where the user gives none."""
READING_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)
"""Seconds between tries to read what was written."""

FAILED: Final = "Failed to auto initialize OpenTelemetry"
"""What OpenTelemetry logs before it lets the app run without it (opentelemetry-instrumentation 0.66b)."""

_MLFLOW: Final = "genspan.exporters.mlflow."
START: Final = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
"""What `opentelemetry-instrument` is; it need not be on the PATH."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the program."""

    told: Mapping[str, Any] | None
    """What it said, see `probe`; None where it did not come so far."""
    errors: str = ""
    is_late: bool = False
    waiting: str | None = None
    """Why MLflow did not take the span."""

    @property
    def active(self) -> Collection[str] | None:
        """The instrumentors that were active; None where that is not known, or nothing was started."""
        return None if self.told is None or self.has_failed else self.told["active"]

    @property
    def has_failed(self) -> bool:
        """Whether OpenTelemetry did not start."""
        return FAILED in self.errors or self.told is None or "destinations" not in self.told


def run(environ: Mapping[str, str], without: Collection[str] = ()) -> Outcome:
    """Runs the program, without the destinations in `without` that are known not to work."""
    with tempfile.TemporaryDirectory(prefix="genspan-doctor-") as folder:
        answer = Path(folder) / "answer.json"
        asked = {
            **environ,
            # The user's own outbox must not get the span, should it have to wait.
            GENSPAN_OUTBOX_DIR: os.path.join(folder, "outbox"),
            **prometheus.elsewhere(environ, Path(folder)),
            **_patience(environ, 1 if any(name.startswith("otlp") for name in without) else OTLP_TIME),
        }
        if float_of(environ.get(MLFLOW_TRACE_SAMPLING_RATIO)) > 0:
            asked[MLFLOW_TRACE_SAMPLING_RATIO] = "1"
        if WHERE in without:
            asked[ENABLE_MLFLOW_TRACING] = "false"
        command = [sys.executable, "-c", START, sys.executable, "-m", "genspan.distro.cli.doctor.probe", str(answer)]
        try:
            done = subprocess.run(
                command, env=asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIME, check=False
            )
        except subprocess.TimeoutExpired as late:
            return Outcome(None, (late.stderr or b"").decode(errors="replace"), is_late=True)
        told = None
        with suppress(OSError, ValueError):
            told = json.loads(answer.read_text(encoding="utf-8"))
        errors = done.stderr.decode(errors="replace")
        try:
            waiting = _waiting(asked[GENSPAN_OUTBOX_DIR])
        except UnreadableOutbox:  # It could not be written either.
            waiting = " ".join(dict.fromkeys((told or {}).get("log", ()))) or "its outbox cannot be written either"
        return Outcome(told, errors, waiting=waiting)


def float_of(text: str | None) -> float:
    """The number that a text is; 1 where it is none."""
    try:
        return float(text or 1)
    except ValueError:
        return 1.0


def _patience(environ: Mapping[str, str], seconds: int) -> dict[str, str]:
    names = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
    return {} if any(environ.get(name) for name in names) else {names[0]: str(seconds)}


def _waiting(folder: str) -> str | None:
    """Why the span waits, or was set aside."""
    for path in files([folder]):
        report = read(path)
        if report.rejected:
            return report.rejected[0].reason
        if report.waiting_traces:
            return report.trouble or "it has not answered yet"
    return None


def check(outcome: Outcome, troubled: Collection[str]) -> Iterator[Fact | Finding]:
    """What the outcome says. Of destinations in `troubled` the cause is known already."""
    told = outcome.told
    if outcome.is_late:
        yield found("no-end", seconds=TIME)
        return
    if outcome.has_failed and not troubled:
        yield found("startup-failed", reason=_last_error(outcome.errors))
    if told is None or "destinations" not in told:
        return
    if "trace_id" not in told:
        yield found("not-sampled", sampler=told["sampler"])
        return
    reached = []
    for export in told["exports"]:
        to, name = export["to"], _spoken(export["to"])
        if to.startswith(_MLFLOW):
            continue
        if export["ok"]:
            reached.append(name)
        elif not any(where.startswith("otlp traces") for where in troubled):
            yield found(
                "not-exported", f"otlp {name}", destination=name, reason="; ".join(export["said"]) or "it failed"
            )
    if reached:
        yield Fact(TEST_SPAN, "taken by", ", ".join(sorted(set(reached))))
    if WHERE not in troubled:
        uris = list(dict.fromkeys(told["tracking_uris"]))
        if uris and outcome.waiting:
            yield found("span-waits", WHERE, uri=", ".join(map(shown, uris)), reason=outcome.waiting)
            return
        for uri in uris:
            subject = "MLflow" if len(uris) == 1 else f"MLflow, {shown(uri)}"
            yield from _of_mlflow(uri, f"{TRACE_ID_PREFIX}{told['trace_id']}", subject)


def _spoken(exporter: str) -> str:
    if ".otlp." in exporter:
        return "OTLP"
    return exporter.rpartition(".")[2]


def _last_error(errors: str) -> str:
    """The last line of a traceback, else the last that was printed."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return lines[-1].removeprefix(NOT_SET_UP) if lines else "no provider was made."


def _of_mlflow(uri: str, trace_id: str, subject: str) -> Iterator[Fact | Finding]:
    if not uri.startswith(("sqlite", "http:", "https:")):
        yield Fact(TEST_SPAN, "taken by", f"MLflow ({shown(uri)})")
        return
    from genspan.mlflow.exceptions import MlflowException
    from genspan.mlflow.store import open_store

    begun = time.monotonic()
    with untraced():
        try:
            store = open_store(uri)
            trace = _read(store, trace_id)
        except MlflowException as error:
            yield found("not-read-back", WHERE, uri=shown(uri), trace_id=trace_id, reason=error)
            return
        took = time.monotonic() - begun
        try:
            store.delete_traces(trace.info.experiment_id or "0", trace_ids=[trace_id])
        except MlflowException as error:
            yield found("not-deleted", WHERE, uri=shown(uri), trace_id=trace_id, reason=error)
            return
    yield Fact(TEST_SPAN, subject, f"written, read back (in {took * 1000:.0f} ms) and deleted again")


def _read(store: Any, trace_id: str) -> Any:
    from genspan.mlflow.exceptions import MlflowException

    for pause in READING_PAUSES:
        with suppress(MlflowException):
            return store.get_trace(trace_id)
        time.sleep(pause)
    return store.get_trace(trace_id)
