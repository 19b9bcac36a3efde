"""A real Jupyter kernel, and a browser that is cut off from the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.browser import chromium_path


@dataclass
class Cell:
    """What a cell showed."""

    msg_id: str
    html: list[str] = field(default_factory=list)
    text: str = ""


class Kernel:
    """A kernel that runs cells."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._cells: dict[str, Cell] = {}

    def run(self, code: str) -> Cell:
        """Runs a cell; gives what came until the kernel was idle. Raises AssertionError where the cell fails."""
        cell = Cell(self._client.execute(code))
        self._cells[cell.msg_id] = cell
        while True:
            message = self._next()
            is_mine = message["parent_header"].get("msg_id") == cell.msg_id
            if is_mine and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return cell

    def wait_for(self, happened: Callable[[], bool]) -> None:
        """Hears what comes from the kernel until something has happened."""
        while not happened():
            self._next()

    def _next(self) -> Any:
        message = self._client.get_iopub_msg(timeout=30)
        content = message["content"]
        cell = self._cells.get(message["parent_header"].get("msg_id"))
        if message["msg_type"] == "error":
            raise AssertionError("\n".join(content["traceback"]))
        if cell and message["msg_type"] == "stream":
            cell.text += content["text"]
        if cell and message["msg_type"] in ("display_data", "execute_result") and "text/html" in content["data"]:
            cell.html.append(content["data"]["text/html"])
        return message


@pytest.fixture(scope="session")
def notebook_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a kernel that writes to a folder of its own and shows nothing of this machine's settings."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "ipython").mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "OTEL_", "GENSPAN_"))}
    return {
        **kept,
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "GENSPAN_OUTBOX_DIR": str(folder / "outbox"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


@pytest.fixture(scope="module")
def kernel(notebook_environment: dict[str, str]) -> Iterator[Kernel]:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(
        kernel_name="python3", env=notebook_environment, startup_timeout=60, cwd=notebook_environment["IPYTHONDIR"]
    )
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if chromium_path() is None:
        pytest.skip("no Chromium or Chrome here")
    with _browser() as browser:
        yield browser


@dataclass
class Visit:
    """A page that is open, and what it wanted."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Opens HTML from a file, without a network: `visit(html, width=…, color_scheme=…)`."""
    contexts = []

    def opened(html: str, *, width: int = 1100, height: int = 720, color_scheme: str = "light", **more: Any) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=color_scheme, offline=True, **more
        )
        contexts.append(context)
        visit = Visit(context.new_page())
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("dialog", lambda dialog: visit.errors.append(dialog.message))
        visit.page.goto(file.as_uri())
        visit.requests = [url for url in visit.requests if not url.startswith(("data:", file.as_uri()))]
        return visit

    yield opened
    for context in contexts:
        context.close()
