"""The real MLflow: its server on a SQLite file, and its web pages in a headless browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.browser import chromium_path
from support.ports import free_port

_SEEN = {
    "mlflow.detectIssues.guidanceShown_v1": "true",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
    "mlflow.assistant.panelOpen_v1": "false",
}
"""What the pages of 3.17.2 keep of a visitor who has closed what greets a new one."""


@contextmanager
def mlflow_server(file: Path) -> Iterator[str]:
    """Starts `mlflow server` on a SQLite file and a free port of 127.0.0.1, gives its address, and stops it."""
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", file.with_suffix(".server.log")
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{file}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--default-artifact-root", str(file.parent), "--port", str(port), "--workers", "1"],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ
            | {
                "MLFLOW_MODEL_CATALOG_URI": "",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "DO_NOT_TRACK": "true",
            },
        )
    try:
        _await(url, process, log)
        yield url
    finally:
        # The server has workers of its own, which are in its process group.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


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


def _await(url: str, process: subprocess.Popen[bytes], log: Path, timeout: float = 120) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"MLflow is not ready after {timeout} s:\n{log.read_text()}")
