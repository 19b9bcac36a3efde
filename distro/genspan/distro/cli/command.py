"""`genspan` and its commands."""

from __future__ import annotations

import click

from genspan.distro.cli.demo import demo
from genspan.distro.cli.doctor.command import doctor
from genspan.distro.cli.export import export
from genspan.distro.cli.importing import import_
from genspan.distro.cli.show import show
from genspan.distro.cli.status import status
from genspan.distro.cli.traces import traces
from genspan.distro.cli.ui import ui


class Commands(click.Group):
    """A group whose help tells whole what each command does; click cuts that off where the line ends."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Group`."""
        told = [(name, command.get_short_help_str(limit=200)) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(told)


@click.group(cls=Commands)
@click.version_option(package_name="genspan", prog_name="genspan")
def genspan() -> None:
    """Traces of generative AI apps."""


genspan.add_command(demo)
genspan.add_command(doctor)
genspan.add_command(export)
genspan.add_command(import_)
genspan.add_command(show)
genspan.add_command(status)
genspan.add_command(traces)
genspan.add_command(ui)
