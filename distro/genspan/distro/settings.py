"""What the environment asks of the distribution, and what the distribution adds where it asks nothing.

The variables are OpenTelemetry's own and mean what its specification says; a variable that is set but empty counts as
unset, as the specification has it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from opentelemetry.environment_variables import OTEL_LOGS_EXPORTER, OTEL_METRICS_EXPORTER, OTEL_TRACES_EXPORTER
from opentelemetry.instrumentation.environment_variables import (
    OTEL_PYTHON_CONFIGURATOR,
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS,
)
from opentelemetry.sdk.environment_variables import (
    OTEL_CONFIG_FILE,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT,
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL,
    OTEL_EXPORTER_OTLP_PROTOCOL,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
    OTEL_SDK_DISABLED,
)

from genspan.exporters.content.settings import ContentSettings
from genspan.instrumentation.core import CAPTURE_MESSAGE_CONTENT

_logger = logging.getLogger(__name__)

GENSPAN_EXIT_TIMEOUT: Final = "GENSPAN_EXIT_TIMEOUT"
EXIT_TIME: Final = 10.0
"""Seconds that the end of a process waits for its last telemetry to be sent."""
FLUSH_TIME: Final = 5.0
"""The same where a process does not end by Python's usual end, and others may wait for it."""

NOT_SET_UP: Final = "OpenTelemetry is not set up, and nothing is recorded: "
"""How the log begins to say that settings are wrong; the reason follows."""

Protocol = Literal["grpc", "http/protobuf"]


@dataclass(frozen=True)
class Signal:
    """The variables of one signal, and the exporters it has when the user names none."""

    exporter: str
    endpoint: str
    protocol: str
    always: tuple[str, ...] = ()
    """Exporters that need no endpoint."""


SIGNALS: Final = (
    Signal(
        OTEL_TRACES_EXPORTER,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
        always=("mlflow",),
    ),
    Signal(OTEL_METRICS_EXPORTER, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL),
    Signal(OTEL_LOGS_EXPORTER, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, OTEL_EXPORTER_OTLP_LOGS_PROTOCOL),
)


@dataclass(frozen=True)
class Settings:
    """The environment as the distribution reads it, once, when the process starts."""

    disabled: bool
    """`OTEL_SDK_DISABLED`: no provider, no exporter."""
    declarative: bool
    """`OTEL_CONFIG_FILE` says it all: exporters and resource are that file's."""
    disabled_instrumentations: frozenset[str]
    """Entry-point names in `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS`; `*` stands for all."""
    defaults: Mapping[str, str]
    """Variables to set, none of which the user has set."""
    content: ContentSettings
    """What of content goes to which exporter: `GENSPAN_CONTENT`, `GENSPAN_OTLP_REDACT` and the like."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that these variables ask for. Changes nothing."""
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        declarative = OTEL_CONFIG_FILE in given
        defaults = {OTEL_PYTHON_CONFIGURATOR: "genspan", CAPTURE_MESSAGE_CONTENT: "SPAN_ONLY"}
        if not declarative:
            for signal in SIGNALS:
                defaults |= _exporters(signal, given)
        return cls(
            disabled=given.get(OTEL_SDK_DISABLED, "").lower() == "true",
            declarative=declarative,
            disabled_instrumentations=frozenset(
                name.strip() for name in given.get(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS, "").split(",") if name.strip()
            ),
            defaults={name: value for name, value in defaults.items() if name not in given},
            content=ContentSettings.read(given),
        )


def exit_time(environment: Mapping[str, str], otherwise: float = EXIT_TIME) -> float:
    """The seconds in `GENSPAN_EXIT_TIMEOUT`; `otherwise` where it is not set, and, with a warning, where it is none."""
    given = environment.get(GENSPAN_EXIT_TIMEOUT, "").strip()
    if not given:
        return otherwise
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds) and seconds >= 0:
        return seconds
    _logger.warning("%s is %r, no number of seconds: it is %g", GENSPAN_EXIT_TIMEOUT, given, otherwise)
    return otherwise


def _exporters(signal: Signal, given: Mapping[str, str]) -> dict[str, str]:
    """One signal's exporters and OTLP protocol, for where the user has set neither."""
    endpoint = given.get(signal.endpoint) or given.get(OTEL_EXPORTER_OTLP_ENDPOINT)
    exporters = (*signal.always, "otlp") if endpoint else signal.always
    defaults = {signal.exporter: ",".join(exporters)} if exporters else {}
    if OTEL_EXPORTER_OTLP_PROTOCOL not in given:
        defaults[signal.protocol] = otlp_protocol(endpoint)
    return defaults


def otlp_protocol(endpoint: str | None) -> Protocol:
    """The protocol that is spoken at an OTLP endpoint, where the user does not say.

    `http/protobuf`, as OpenTelemetry's specification has it (the Python SDK's own default is gRPC), but gRPC on port
    4317, which is registered for it, and for addresses that HTTP has no form for, as `collector:4317` or `unix:…`.
    """
    if endpoint is None:
        return "http/protobuf"
    try:
        parts = urlsplit(endpoint)
    except ValueError:  # A bracket without its other half: whoever sends there will say so.
        return "http/protobuf"
    try:
        port = parts.port
    except ValueError:
        port = None
    return "http/protobuf" if parts.scheme in {"http", "https"} and port != 4317 else "grpc"
