"""Writes cli.md and troubleshooting.md, from the commands themselves and from doctor's table of causes.

`python docs/command_pages.py` writes the pages, `--check` fails where one is not up to date.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Final

import click

from genspan.distro.cli.command import genspan
from genspan.distro.cli.doctor.causes import AREAS, CAUSES, Cause, Level
from genspan.distro.cli.exits import MEANINGS

HERE: Final = Path(__file__).parent

_WRITTEN: Final = "Written by `python docs/command_pages.py`; not to be edited."


def cli() -> Iterator[str]:
    """Every command, with its options and exit codes."""
    yield from ("# The command line", "", _WRITTEN, "")
    yield "`pip install 'genspan[cli]'` installs the command `genspan`. It reads the same variables as your app, so run"
    yield "it where the app runs: [configuration](configuration.md). Whatever goes wrong is said in one line on the"
    yield "error stream, with an exit code that a script can use. Every command has `--json`;"
    yield "what is on its way is shown on the error stream, and only on a terminal."
    yield from ("", "| command | what it does |", "|---|---|")
    for name, command in sorted(genspan.commands.items()):
        yield f"| [`genspan {name}`](#genspan-{name}) | {_first_sentence(command)} |"
    yield from ("", "## Exit codes", "", "| code | meaning |", "|---|---|")
    yield from (f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    for name, command in sorted(genspan.commands.items()):
        yield from ("", f"## genspan {name}", "")
        yield from ("```", f"genspan {name} {' '.join(_usage(command))}", "```", "")
        yield from _paragraphs(command)
        yield from ("| option | default | meaning |", "|---|---|---|")
        for option in command.params:
            if isinstance(option, click.Option):
                yield _row(option)
    yield ""


def troubleshooting() -> Iterator[str]:
    """Every cause that doctor names."""
    yield from ("# Troubleshooting", "", _WRITTEN, "")
    yield "`genspan doctor` looks at the set-up of your app and names the cause of what does not work. Run it with the"
    yield "Python of the app, with its variables, in its folder:"
    yield from ("", "```sh", "genspan doctor", "```", "")
    yield "It sends a test span, named `genspan doctor`, through the same pipeline as the app's spans. In MLflow it is"
    yield "read back and deleted; to OTLP it goes, and stays. `--no-send` writes nothing. It exits with 1 for"
    yield "problems, with 0 for nothing but warnings (`--strict`: 1). In `--json` each finding has the name of"
    yield "its cause, which does not change; those names are below, in the order of the report."
    for area in AREAS:
        causes = [cause for cause in CAUSES.values() if cause.area == area]
        if causes:
            yield from ("", f"## {area}")
        for cause in causes:
            yield from _cause(cause)
    yield ""


def _cause(cause: Cause) -> Iterator[str]:
    mark = "Problem" if cause.level is Level.PROBLEM else "Warning"
    yield from ("", f"### {cause.name}", "", f"{mark}: *{_filled(cause.message)}*", "")
    yield from (cause.meaning, "", f"**What to do:** {_filled(cause.cure)}")


def _filled(template: str) -> str:
    """The template with the names of its fields in place of them."""
    parts = []
    for text, field, _, _ in Formatter().parse(template):
        parts.append(_escaped(text))
        if field is not None:
            parts.append(f"\\<{field}\\>")
    return "".join(parts)


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>|])", r"\\\1", text)


def _usage(command: click.Command) -> list[str]:
    return command.collect_usage_pieces(click.Context(command))


def _first_sentence(command: click.Command) -> str:
    return command.get_short_help_str(limit=200)


def _paragraphs(command: click.Command) -> Iterator[str]:
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield from ("```sh", *paragraph.splitlines()[1:], "```", "")
        else:
            yield from (paragraph.replace("<", "\\<"), "")


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = option.make_metavar(click.Context(genspan)) if not option.is_flag else ""
    shown = f" `{value}`" if value and value != "BOOLEAN" else ""
    help, _, default = (option.help or "").partition("[default: ")
    if option.show_default and option.default is not None:
        default = str(option.default)
    default = default.rstrip("]")
    also = f" Also by `{option.envvar}`." if option.envvar else ""
    return f"| {names}{shown.replace('|', chr(92) + '|')} | {_escaped(default)} | {_escaped(help.strip())}{also} |"


PAGES: Final[Mapping[str, Callable[[], Iterator[str]]]] = {"cli.md": cli, "troubleshooting.md": troubleshooting}


def page(name: str) -> str:
    """The text of a page."""
    return "\n".join(PAGES[name]())


def main() -> None:
    """Writes the pages, or says which is not up to date."""
    for name in PAGES:
        path = HERE / name
        if "--check" not in sys.argv[1:]:
            path.write_text(page(name), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != page(name):
            sys.exit(f"{path} is not up to date: run python docs/command_pages.py")


if __name__ == "__main__":
    main()
