"""The real MLflow: its server on a SQLite file, and its web pages in a headless browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.browser import chromium_path
from support.mlflow_process import MlflowServer

_SEEN = {
    "mlflow.detectIssues.guidanceShown_v1": "true",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
    "mlflow.assistant.panelOpen_v1": "false",
}
"""What the pages of 3.17.2 keep of a visitor who has closed what greets a new one."""


@contextmanager
def mlflow_server(file: Path) -> Iterator[str]:
    """Starts `mlflow server` on a SQLite file and a free port of 127.0.0.1, gives its address, and stops it."""
    server = MlflowServer(file)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def visitor() -> Iterator[Any]:
    """A page (`playwright.sync_api.Page`) in a headless browser, of someone who has been at MLflow's pages before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        context = browser.new_context(viewport={"width": 1500, "height": 1000})
        context.set_default_timeout(60_000)
        for key, value in _SEEN.items():
            context.add_init_script(f"localStorage.setItem({key!r}, {value!r})")
        try:
            yield context.new_page()
        finally:
            browser.close()


def traces_address(url: str, trace_id: str | None = None, experiment_id: str = "0") -> str:
    """Where the page of an experiment's traces is, with one of them open where its id is given."""
    address = f"{url}/#/experiments/{experiment_id}/traces"
    return f"{address}?selectedEvaluationId={trace_id}" if trace_id else address
