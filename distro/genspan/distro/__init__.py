"""Zero-code wiring: what `opentelemetry-instrument` finds and runs when genspan is installed, and the command line.

`configure()` does the same in code.
"""

from genspan.distro.in_code import configure

__all__ = ["configure"]
