"""Tracing on and off for the whole process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Process:
    is_enabled: bool = True


_process = _Process()


def is_enabled() -> bool:
    """Whether this API makes spans."""
    return _process.is_enabled


def disable() -> None:
    """Records nothing any more: neither spans of this API nor those of `autolog`, until `enable`.

    Spans of other OpenTelemetry instrumentations are their own affair.
    """
    from genspan.mlflow import flavors

    _process.is_enabled = False
    flavors.pause()


def enable() -> None:
    """Records again, with the libraries that `disable` found on."""
    from genspan.mlflow import flavors

    _process.is_enabled = True
    flavors.resume()
