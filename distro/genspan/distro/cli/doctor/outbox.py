"""What waits to be written to MLflow, and whether it could wait at all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping

from genspan.distro.cli.doctor.causes import OUTBOX, Fact, Finding, found
from genspan.distro.cli.doctor.clock import spoken
from genspan.distro.settings import Settings
from genspan.exporters.mlflow.outbox_folder import find_folder, folders
from genspan.exporters.mlflow.outbox_report import Report, UnreadableOutbox, files, read
from genspan.exporters.mlflow.stores import open_store
from genspan.exporters.mlflow.tracking import Tracking


def check(environ: Mapping[str, str]) -> Iterator[Fact | Finding]:
    """The outboxes of this user, and the folder for the next.

    What is on its way to where this app's traces do not go is another app's affair, and no finding here.
    """
    folder = find_folder(environ)
    if trouble := _unusable(folder):
        yield found("outbox-folder", path=folder, reason=trouble)
    own = _destination(environ)
    waits, elsewhere = False, []
    for path in files(folders(environ)):
        try:
            report = read(path)
        except UnreadableOutbox as error:
            yield found("outbox-unreadable", reason=error)
            continue
        if own is not None and report.tracking_uri != own:
            elsewhere += [] if report.is_clear else [report.tracking_uri]
            continue
        waits = waits or not report.is_clear
        yield from _report(report)
    if not waits:
        yield Fact(OUTBOX, "waiting", "nothing")
    if elsewhere:
        yield Fact(OUTBOX, "of other apps", f"traces for {', '.join(elsewhere)}; genspan status shows them")
    yield Fact(OUTBOX, "folder", folder)


def _destination(environ: Mapping[str, str]) -> str | None:
    """The tracking URI by which the app's outbox is known; None where only a configuration file knows it."""
    if Settings.read(environ).declarative:
        return None
    try:
        return open_store(Tracking.read(environ).uri).uri
    except ValueError:
        return None


def _unusable(folder: str) -> str | None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        return error.strerror or str(error)
    return None if os.access(folder, os.W_OK | os.X_OK) else "no right to write"


def _report(report: Report) -> Iterator[Finding]:
    if report.waiting_traces:
        yield found(
            "outbox-waiting",
            traces=_counted(report.waiting_traces),
            verb="waits" if report.waiting_traces == 1 else "wait",
            uri=report.tracking_uri,
            age=spoken(max(0.0, time.time() - (report.oldest or time.time()))),
            reason=f": {report.trouble.rstrip('.')}" if report.trouble else "",
        )
    if report.rejected:
        count = len(report.rejected)
        yield found(
            "outbox-rejected",
            traces=_counted(count),
            uri=report.tracking_uri,
            verb="was" if count == 1 else "were",
            them="it" if count == 1 else "them",
        )
    if report.dropped_traces:
        count = report.dropped_traces
        yield found(
            "outbox-dropped", traces=_counted(count), uri=report.tracking_uri, verb="was" if count == 1 else "were"
        )


def _counted(count: int) -> str:
    return f"{count:,} trace{'' if count == 1 else 's'}"
