"""The pages on the command line: what they say is what the commands say, and every cause has its place."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import command_pages
import pytest
from click.testing import CliRunner

from genspan.distro.cli import doctor
from genspan.distro.cli.command import genspan
from genspan.distro.cli.doctor.causes import AREAS, CAUSES, Cause

CODE = "\n".join(path.read_text() for path in Path(doctor.__file__).parent.glob("*.py") if path.name != "causes.py")


@pytest.mark.parametrize("name", command_pages.PAGES)
def test_page_is_up_to_date(name: str) -> None:
    text = (command_pages.HERE / name).read_text(encoding="utf-8")
    assert text == command_pages.page(name), "python docs/command_pages.py writes it"


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_every_cause_can_be_found_and_is_on_the_page(cause: Cause) -> None:
    assert f'"{cause.name}"' in CODE
    assert cause.area in AREAS
    assert f"### {cause.name}\n" in command_pages.page("troubleshooting.md")


def test_no_other_cause_is_named() -> None:
    assert set(re.findall(r'\bfound\(\s*"([a-z-]+)"', CODE)) <= CAUSES.keys()


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_fields_of_the_templates_have_names(cause: Cause) -> None:
    for template in (cause.message, cause.cure):
        assert all(field is None or field.isidentifier() for _, field, _, _ in Formatter().parse(template))


def test_the_commands_help_is_cut_off_nowhere() -> None:
    told = CliRunner().invoke(genspan, ["--help"]).stdout
    assert "..." not in told.partition("Commands:")[2]
    assert all(f"\n  {name} " in told for name in genspan.commands)


@pytest.mark.parametrize("name", sorted(genspan.commands))
def test_every_command_has_json_and_says_how_it_exits(name: str) -> None:
    command = genspan.commands[name]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert "xits with" in (command.help or "")
