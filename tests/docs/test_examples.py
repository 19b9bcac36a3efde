"""What the pages tell to type can be typed: Python compiles and finds what it imports, commands exist."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import textwrap
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
            yield textwrap.dedent(block)


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def _packages(statement: ast.Import | ast.ImportFrom) -> list[str]:
    modules = (
        [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else [str(statement.module)]
    )
    return [module.partition(".")[0] for module in modules]


def _is_installed(package: str) -> bool:
    """Whether it can be tried here: a page may show libraries that no test needs."""
    return importlib.util.find_spec(package) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python(page: Path) -> None:
    for block in _blocks(page, "python"):
        tree = compile(block, page.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for statement in _imports(tree):
            if all(map(_is_installed, _packages(statement))):
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
