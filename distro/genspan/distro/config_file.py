"""`OTEL_CONFIG_FILE`: setting the SDK up from it, and what it says of instrumentors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from genspan.exporters.content.settings import COMPONENT

if TYPE_CHECKING:
    from opentelemetry.configuration.models import ExperimentalInstrumentation, OpenTelemetryConfiguration

    from genspan.exporters.content import ContentPolicy

_logger = logging.getLogger(__name__)


def set_up(path: str, policy_of: Callable[[str], ContentPolicy]) -> None:
    """Sets the SDK up from a file; exporters that it gives no policy have the one of their name.

    Raises what OpenTelemetry does for files with mistakes.
    """
    from opentelemetry.configuration import configure_sdk, load_config_file

    config = load_config_file(path)
    for _, processor in processors(config):
        processor.exporter = _under_policy(processor.exporter, policy_of)
    configure_sdk(config)


def processors(config: OpenTelemetryConfiguration) -> Iterator[tuple[str, Any]]:
    """What holds an exporter of content in the file, as its `exporter`; each with its signal, `traces` or `logs`."""
    for signal, provider in (("traces", config.tracer_provider), ("logs", config.logger_provider)):
        for processor in provider.processors if provider is not None else ():
            for kind in (processor.batch, processor.simple):
                if kind is not None:
                    yield signal, kind


def name_of(exporter: Any) -> str:
    """The name that an exporter has in the file; `genspan_content` where it has none."""
    named = [field.name for field in fields(exporter) if getattr(exporter, field.name) is not None]
    return next(iter((*named, *exporter.additional_properties)), COMPONENT)


def _under_policy(exporter: Any, policy_of: Callable[[str], ContentPolicy]) -> Any:
    """The model of an exporter in the file, or that of the component that has its policy and holds it."""
    name = name_of(exporter)
    if name == COMPONENT or not (policy := policy_of(name)).changes:
        return exporter
    return type(exporter)(**{COMPONENT: {"exporter": exporter, "policy": policy}})


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


@contextmanager
def silence() -> Iterator[None]:
    """Has OpenTelemetry log nothing of a file's mistakes, for whoever reads it besides the SDK."""
    logger = logging.getLogger("opentelemetry.configuration")
    nowhere, propagated = logging.NullHandler(), logger.propagate
    logger.addHandler(nowhere)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(nowhere)


def _section(path: str) -> ExperimentalInstrumentation | None:
    try:
        from opentelemetry.configuration import load_config_file

        with silence():
            return load_config_file(path).instrumentation_development
    except Exception:
        _logger.debug("%s cannot be read", path, exc_info=True)
        return None
