"""What `OTEL_CONFIG_FILE` says of instrumentors, under `instrumentation/development: python:`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.configuration.models import ExperimentalInstrumentation

_logger = logging.getLogger(__name__)


def instrumentors(path: str) -> Mapping[str, bool]:
    """The entry-point names in a configuration file, and whether each is to run.

    The SDK turns those on that are, with the options they have there, and leaves those off that are not
    (opentelemetry-configuration 0.66b). Empty where the file cannot be read, which the SDK itself tells.
    """
    section = _section(path)
    named = getattr(section, "python", None) or {}
    return {name: bool((options or {}).get("enabled", True)) for name, options in named.items()}


def turn_on(path: str) -> None:
    """Turns those instrumentors on, and sets up nothing else of the file."""
    from opentelemetry.configuration.instrumentation import configure_instrumentation

    configure_instrumentation(_section(path))


def _section(path: str) -> ExperimentalInstrumentation | None:
    try:
        from opentelemetry.configuration import load_config_file

        return load_config_file(path).instrumentation_development
    except Exception:
        _logger.debug("%s cannot be read", path, exc_info=True)
        return None
