"""The example notebook, run by a kernel as Jupyter runs it, and exported to HTML."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running
from support.notebook_html import Parsed

EXAMPLE = Path(__file__).parents[3] / "examples" / "notebook.ipynb"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def executed(notebook_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The example with its outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(EXAMPLE, as_version=4)
    folder = tmp_path_factory.mktemp("example")
    with running() as model:
        openai = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none", "no_proxy": "127.0.0.1"}
        client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}})
        client.execute(env=notebook_environment | openai)
    return notebook


@pytest.fixture(scope="module")
def outputs(executed: Any) -> dict[str, list[str]]:
    """What each cell shows as HTML."""
    return {
        cell.id: [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
        for cell in executed.cells
        if cell.cell_type == "code"
    }


def rows(html: str) -> list[tuple[int, str]]:
    """Depths and types of the spans of a trace."""
    found = [row for row in Parsed(html).all("summary") if row.get("class") == "gs-row"]
    return [(int(row["style"].rpartition(":")[2]), row["data-type"]) for row in found]


def test_each_cell_shows_the_trace_that_it_made(outputs: dict[str, list[str]]) -> None:
    assert {cell: len(shown) for cell, shown in outputs.items()} == {
        "setup": 0,
        "hello": 1,
        "tools": 0,
        "agent": 0,
        "letter": 1,
        "failure": 1,
    }
    assert rows(outputs["hello"][0]) == [(0, "CHAT_MODEL")]
    assert rows(outputs["failure"][0]) == [(0, "TOOL")]
    tree = rows(outputs["letter"][0])
    assert tree[0] == (0, "AGENT")
    assert {kind for depth, kind in tree if depth == 1} == {"CHAT_MODEL", "TOOL"}
    assert (2, "RETRIEVER") in tree
    assert tree[-1] == (1, "CHAT_MODEL")


def test_the_trace_tells_of_messages_calls_documents_and_failures(outputs: dict[str, list[str]]) -> None:
    shown = Parsed(outputs["letter"][0]).text
    for said in (
        "support_desk OK",
        "You answer customers",
        "look_up_orderorder_id: 1042",
        "Documents (2)",
        "Tools (2)",
    ):
        assert said in shown, said
    failure = Parsed(outputs["failure"][0]).text
    assert "ERROR" in failure
    assert "KeyError: 7" in failure
    assert "Stack trace" in failure


def exported(notebook: Any, theme: str = "light") -> str:
    """The notebook as `jupyter nbconvert --to html` writes it."""
    from nbconvert import HTMLExporter

    html: str = HTMLExporter(theme=theme).from_notebook_node(notebook)[0]
    return html


def test_exported_html_shows_it_and_wants_nothing_of_the_network_for_it(
    executed: Any, visit: Callable[..., Any]
) -> None:
    from copy import deepcopy

    bare = deepcopy(executed)
    for cell in bare.cells:
        cell.outputs = []
    # nbconvert's own page asks for its formula writer.
    wanted_anyway = visit(exported(bare)).requests
    opened = visit(exported(executed))
    assert opened.requests == wanted_anyway
    assert opened.errors == []
    page = opened.page
    agent = page.locator(".genspan-traces", has_text="support_desk")
    assert agent.get_by_text("You answer customers of a kitchen shop").first.is_hidden()
    # Jupyter's own style of lists does not reach the tree.
    edges = agent.locator(".gs-row").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().left)")
    assert len(set(edges)) == 1
    agent.locator(".gs-row", has_text="chat").first.click()
    assert agent.get_by_text("You answer customers of a kitchen shop").first.is_visible()


@pytest.mark.parametrize(("theme", "shade"), [("light", 255), ("dark", 17)])
def test_exported_html_has_the_colours_of_the_notebook_whatever_the_system_has(
    theme: str, shade: int, executed: Any, visit: Callable[..., Any]
) -> None:
    for system in ("light", "dark"):
        page = visit(exported(executed, theme), color_scheme=system).page
        view = page.locator(".genspan-traces").first
        style = view.evaluate("view => [getComputedStyle(view).backgroundColor, getComputedStyle(view).colorScheme]")
        assert re.findall(r"\d+", style[0])[:3] == [str(shade)] * 3
        assert style[1] == theme


def test_the_notebook_is_kept_without_outputs() -> None:
    import nbformat

    notebook = nbformat.read(EXAMPLE, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
    assert os.path.getsize(EXAMPLE) < 20_000
