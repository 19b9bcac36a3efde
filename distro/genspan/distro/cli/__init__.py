"""The `genspan` command: one module per command, `command` puts them together."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `genspan`. Says what to install where the `cli` extra is missing."""
    try:
        from genspan.distro.cli.command import genspan
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich"):
            raise
        sys.exit(f"genspan's command line needs {missing.name}: pip install 'genspan[cli]'")
    genspan()
