"""`docs/configuration.md` names every environment variable that the code reads, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import configuration
import pytest

from genspan.exporters.content.settings import ContentSettings

REPOSITORY = Path(__file__).parents[2]
ROOTS = ("instrumentation", "exporters", "distro", "api")

VARIABLE = re.compile(r"(?:GENSPAN|OTEL|MLFLOW|ENABLE_MLFLOW|DATABRICKS|ARM|GOOGLE|IS_IN|XDG)_[A-Z0-9_]+")
NONE_OF_THEM = {
    "MLFLOW_EXPERIMENT",  # a kind of place, in MLflow's REST API
    "MLFLOW_NO_OP_SPAN_TRACE_ID",  # the id of a span that is not recorded
    *("OPENAI_API_KEY", "no_proxy", "NO_PROXY"),  # handed by `genspan demo` to the program that it starts
}


def _read_in(source: str) -> Iterator[str]:
    """Names that look like variables in constants and imports, and whatever is taken from an environment."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(name)) if VARIABLE.fullmatch(name):
                yield name
            case ast.Attribute(attr=name) | ast.alias(name=name) if VARIABLE.fullmatch(name):
                yield name
            case ast.Call(func=ast.Attribute(value=mapping, attr="get"), args=[ast.Constant(value=str(name)), *_]) | (
                ast.Subscript(value=mapping, slice=ast.Constant(value=str(name)))
            ) if re.search(r"environ(ment)?$", ast.unparse(mapping)):
                yield name


def _read() -> set[str]:
    files = (file for root in ROOTS for file in (REPOSITORY / root / "genspan").rglob("*.py"))
    return {name for file in files for name in _read_in(file.read_text())} - NONE_OF_THEM


def _named(own: bool) -> set[str]:
    groups = (group for group in configuration.GROUPS if group.own is own)
    return {name for group in groups for variable in group.variables for name in variable.names}


def test_the_page_is_up_to_date() -> None:
    assert configuration.PAGE.read_text() == configuration.page(), "python docs/configuration.py writes it"


def test_every_variable_is_named() -> None:
    assert _read() - _named(own=True) - _named(own=False) == set()


def test_no_variable_is_named_that_is_not_read() -> None:
    by_pattern = {name for name in _named(own=True) if ContentSettings.read({name: "x"}).given}
    assert by_pattern == {"GENSPAN_CONTENT", "GENSPAN_REDACT", "GENSPAN_CONTENT_LIMIT"}
    assert _named(own=True) - by_pattern - _read() == set()


def test_no_variable_is_named_twice() -> None:
    names = [name for group in configuration.GROUPS for variable in group.variables for name in variable.names]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "line",
    [
        'os.environ.get("TZ")',
        'os.environ["TZ"]',
        'self._environ.get("TZ", "")',
        'X = "GENSPAN_X"',
        "from somewhere import OTEL_X",
        "environment_variables.OTEL_X",
    ],
)
def test_a_variable_that_is_read_would_be_seen(line: str) -> None:
    assert len(set(_read_in(line))) == 1


def test_readme_names_variables_of_the_page() -> None:
    quoted = re.findall(r"`([A-Z0-9_]+)`", (REPOSITORY / "README.md").read_text())
    names = {name for name in quoted if VARIABLE.fullmatch(name)}
    by_pattern = {name for name in names if ContentSettings.read({name: "x"}).given}
    assert names - by_pattern - _named(own=True) - _named(own=False) == set()
