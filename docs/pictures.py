"""Takes the pictures of README and docs: traces in MLflow's own pages, in the terminal and in a notebook.

Run by `make pictures`, after `make demo`. Needs Chromium, as the UI tests do.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from rich.console import Console

from genspan.distro.cli.tree import rendered
from genspan.distro.demo.server import running
from genspan.mlflow.store import open_store

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support import app  # noqa: E402
from support.mlflow_ui import mlflow_server, traces_address, visitor  # noqa: E402

DEMO = HERE.parent / ".demo" / "mlflow.db"
WHOLE = {"x": 140, "y": 0, "width": 1260, "height": 720}


def main() -> None:
    """Takes all of them."""
    with tempfile.TemporaryDirectory() as folder, visitor() as page:
        page.set_viewport_size({"width": 1400, "height": 720})
        in_mlflow(page, Path(shutil.copy(DEMO, folder)), "mlflow-ui.png")
        file = traced("react_agent.py", Path(folder) / "react")
        in_mlflow(page, file, "langchain-mlflow.png")
        in_terminal(page, file, "langchain-terminal.png")
        in_notebook(page, Path(folder) / "notebook")


def traced(program: str, folder: Path) -> Path:
    """Runs one of the programs here, traced, against the demo's model server; gives the file with its trace."""
    folder.mkdir()
    with running() as model:
        app.run((HERE / program).read_text(), folder, {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"})
    return folder / "mlflow.db"


def agent_trace(file: Path) -> Any:
    """The latest trace in which an agent runs."""
    traces = open_store(f"sqlite:///{file}").search_traces(experiment_ids=["0"], max_results=10)
    return next(trace for trace in traces if trace.search_spans(span_type="AGENT"))


def in_mlflow(page: Any, file: Path, picture: str) -> None:
    """The agent's trace in MLflow's UI, its first model call open."""
    agent = agent_trace(file)
    (model_call, *_) = agent.search_spans(span_type="CHAT_MODEL")
    with mlflow_server(file) as url:
        page.goto(traces_address(url, agent.trace_id))
        page.get_by_text(model_call.name).first.click()
        page.get_by_text("Tool calls").wait_for()
        page.get_by_text("tokens").first.wait_for()
        page.wait_for_timeout(500)  # until what slides in has slid
        page.screenshot(path=HERE / picture, clip=WHOLE)


def in_terminal(page: Any, file: Path, picture: str) -> None:
    """The agent's trace as `genspan show` draws it."""
    console = Console(file=io.StringIO(), record=True, width=100, force_terminal=True, highlight=False)
    console.print(rendered(agent_trace(file), console.options))
    page.context.set_offline(True)  # for rich's SVG names fonts on the network
    page.set_content(console.export_svg(title="genspan show"))
    page.locator("svg").screenshot(path=HERE / picture)


def in_notebook(page: Any, folder: Path) -> None:
    """A cell of the example notebook with its trace, one span of it open; as exported, in both of Jupyter's themes."""
    folder.mkdir()
    notebook = nbformat.read(HERE.parent / "examples" / "notebook.ipynb", as_version=4)
    with running() as model:
        openai = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none", "no_proxy": "127.0.0.1"}
        tracing = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
        client = NotebookClient(notebook, resources={"metadata": {"path": str(folder)}})
        client.execute(env={**os.environ, **openai, **tracing})
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("ask", "letter")]
    page.context.set_offline(True)  # for nbconvert's pages ask for a formula writer
    page.set_viewport_size({"width": 1240, "height": 900})
    for theme in ("light", "dark"):
        (folder / "page.html").write_text(HTMLExporter(theme=theme).from_notebook_node(notebook)[0], encoding="utf-8")
        page.goto((folder / "page.html").as_uri())
        page.locator(".gs-row", has_text="chat").first.click()
        page.locator(".gs-message").first.wait_for()
        page.locator("main").screenshot(path=HERE / f"notebook-{theme}.png")


if __name__ == "__main__":
    main()
