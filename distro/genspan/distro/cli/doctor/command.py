"""`genspan doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import click
from opentelemetry.sdk.environment_variables import OTEL_CONFIG_FILE
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from genspan.distro.cli.doctor import config_file, destinations, libraries, outbox, policies, setup, tracking, trial
from genspan.distro.cli.doctor.causes import AREAS, Fact, Finding, Level
from genspan.distro.cli.exits import NOTHING
from genspan.distro.cli.progress import working
from genspan.distro.settings import SIGNALS, Settings
from genspan.semconv.encoding import encode


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was seen."""

    facts: Sequence[Fact]
    findings: Sequence[Finding]

    def of(self, level: Level) -> list[Finding]:
        """The findings that are so bad, in the order of their areas; each once, though it be so for several signals."""
        found = {(one.cause.name, one.message): one for one in self.findings if one.cause.level is level}
        return sorted(found.values(), key=lambda finding: AREAS.index(finding.cause.area))


@click.command()
@click.option(
    "--send/--no-send",
    default=True,
    help="Whether a test span is sent, read back and deleted; without, nothing is written anywhere.  [default: send]",
)
@click.option(
    "--reach/--no-reach",
    default=True,
    help="Whether the network is used; without, no test span is sent either.  [default: reach]",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: problems, warnings and facts.")
def doctor(send: bool, reach: bool, strict: bool, as_json: bool) -> None:
    """Find out what is set up here, what of it works, and the cause of what does not.

    Run it where the app runs: with its Python, its environment variables, in its folder. A test span is sent through
    the same pipeline as the app's spans; in MLflow it is read back and deleted. Exits with 0 where there is no problem,
    with 1 where there is one.
    """
    examination = _examined(send=send and reach, reach=reach)
    problems, warnings = examination.of(Level.PROBLEM), examination.of(Level.WARNING)
    if as_json:
        click.echo(encode(_told(examination)))
    else:
        _print(examination)
    if problems or (strict and warnings):
        raise SystemExit(NOTHING)


def _examined(*, send: bool, reach: bool) -> Examination:
    environ = dict(os.environ)
    settings = Settings.read(environ)
    completed = {**environ, **settings.defaults}
    said: list[Fact | Finding] = []
    with working("Looking at the set-up") as now:
        said += setup.check(environ)
        if not settings.disabled and not settings.declarative:
            now("Looking at where telemetry goes")
            sent = [name for signal in SIGNALS for name in destinations.exporters(completed, signal)]
            said += policies.check(settings.content, sent)
            said += destinations.check(environ, settings.defaults, reach=reach)
            if "mlflow" in destinations.exporters(completed, SIGNALS[0]):
                now("Looking at MLflow")
                said += tracking.check(environ, reach=reach)
        if not settings.disabled and settings.declarative:
            now("Looking at the configuration file")
            said += config_file.check(environ[OTEL_CONFIG_FILE].strip(), settings.content, reach=reach)
        said += outbox.check(environ)
        active = None
        if send and not settings.disabled:
            now("Sending a test span")
            troubled = _troubled(said)
            outcome = trial.run(environ, troubled)
            active = outcome.active
            said += trial.check(outcome, troubled)
        said += libraries.check(environ, active)
    return Examination(
        [one for one in said if isinstance(one, Fact)], [one for one in said if isinstance(one, Finding)]
    )


def _troubled(said: Iterable[Fact | Finding]) -> set[str]:
    """The destinations of which it is known that they do not work."""
    return {one.where for one in said if isinstance(one, Finding) and one.where and one.cause.level is Level.PROBLEM}


def _told(examination: Examination) -> dict[str, object]:
    return {
        "version": version("genspan"),
        "ok": not examination.of(Level.PROBLEM),
        "problems": [_finding(finding) for finding in examination.of(Level.PROBLEM)],
        "warnings": [_finding(finding) for finding in examination.of(Level.WARNING)],
        "facts": [{"area": fact.area, "subject": fact.subject, "told": fact.told} for fact in examination.facts],
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "cause": finding.cause.name,
        "area": finding.cause.area,
        "message": finding.message,
        "cure": finding.cure,
    }


def _print(examination: Examination) -> None:
    console = Console(highlight=False, soft_wrap=False)
    plain = console.options.ascii_only
    for level, mark, style in ((Level.PROBLEM, "x" if plain else "✗", "bold red"), (Level.WARNING, "!", "yellow")):
        for finding in examination.of(level):
            table = Table.grid(padding=(0, 1, 0, 0))
            table.add_column(no_wrap=True)
            table.add_column(overflow="fold")
            table.add_row(Text(mark, style), Text(finding.message, "bold"))
            table.add_row("", Text(f"{'->' if plain else '→'} {finding.cure}"))
            table.add_row("", Text(finding.cause.name, "dim"))
            console.print(Padding(table, (0, 0, 1, 0)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for area in AREAS:
        shown = area
        for fact in (fact for fact in examination.facts if fact.area == area):
            table.add_row(shown, fact.subject, Text(fact.told))
            shown = ""
    console.print(table)
    problems, warnings = len(examination.of(Level.PROBLEM)), len(examination.of(Level.WARNING))
    counted = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((problems, "problem"), (warnings, "warning"))
        if count
    ]
    console.print(Text(", ".join(counted) if counted else "All is well.", "bold"))
