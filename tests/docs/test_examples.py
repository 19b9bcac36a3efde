"""What the pages tell to type can be typed: Python compiles and finds what it imports, commands exist."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from genspan.distro.cli.command import genspan
from genspan.distro.demo.server import running
from support import app, mlflow_file

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted({*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")})


def _blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE):
        if language in languages:
            yield block


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python(page: Path) -> None:
    for block in _blocks(page, "python"):
        for statement in _imports(ast.parse(block)):
            if isinstance(statement, ast.Import):
                for name in statement.names:
                    importlib.import_module(name.name)
            else:
                exec(ast.unparse(statement), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page: Path) -> None:
    lines = [*"\n".join(_blocks(page, "sh")).splitlines(), *re.findall(r"`(genspan [^`]+)`", page.read_text())]
    named = {line.split()[1] for line in lines if re.match(r"genspan [a-z]", line)}
    assert named <= set(genspan.commands)


def test_options() -> None:
    """Options that are named beside a command are that command's."""
    for page in PAGES:
        for name, options in re.findall(r"`genspan ([a-z]+)((?: [^`]*)?)`", page.read_text()):
            known = {option for each in genspan.commands[name].params for option in (*each.opts, *each.secondary_opts)}
            assert set(re.findall(r"--[a-z-]+", options)) <= known, (page.name, name)


def test_quick_start(tmp_path: Path) -> None:
    program = next(_blocks(REPOSITORY / "docs" / "index.md", "python"))
    with running() as model:
        run = app.run(program, tmp_path, {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"})
    assert run.stdout.strip()
    (trace,) = mlflow_file.traces(tmp_path / "mlflow.db")
    shown = subprocess.run(
        [Path(sys.executable).parent / "genspan", "show"],
        cwd=tmp_path,
        env=app.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "chat gpt-5-mini" in shown.stdout
    assert trace.info.request_preview == "What is the capital of France?"
