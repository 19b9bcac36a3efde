"""The `genspan` command: one module per command, `command` puts them together."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Entry point of `genspan`. Says what to install where the `cli` extra is missing."""
    try:
        from genspan.distro.cli.command import genspan
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in ("click", "rich"):
            raise
        sys.exit(f"genspan's command line needs {package}: pip install 'genspan[cli]'")
    # Names and messages are in any language; a terminal that is not must not end the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    genspan()
