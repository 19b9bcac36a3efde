"""Zero-code wiring: what `opentelemetry-instrument` finds and runs when genspan is installed, and the command line.

In code, `configure()` sets a process up as the command does, and `using_attributes()` says what holds for all spans of
a piece of code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genspan.distro.in_code import configure

if TYPE_CHECKING:
    from genspan.exporters.context_attributes import using_attributes

__all__ = ["configure", "using_attributes"]


def __getattr__(name: str) -> Any:
    # Not before it is asked for: the command line, which is in this package, needs no OpenTelemetry SDK.
    if name == "using_attributes":
        from genspan.exporters.context_attributes import using_attributes

        return using_attributes
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
