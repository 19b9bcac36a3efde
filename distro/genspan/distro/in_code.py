"""Setting OpenTelemetry up in code, for where a program cannot be started by `opentelemetry-instrument`."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genspan.instrumentation.core import ContentCapture

_logger = logging.getLogger(__name__)

_lock = threading.Lock()


@dataclass
class _Process:
    done: bool = False


_process = _Process()

_OURS: Final = {"OTEL_PYTHON_DISTRO": "genspan", "OTEL_PYTHON_CONFIGURATOR": "genspan"}


def configure(
    *,
    tracking_uri: str | Path | None = None,
    experiment: str | None = None,
    capture_content: ContentCapture | bool | str | None = None,
    otlp_endpoint: str | None = None,
    service_name: str | None = None,
    without: Collection[str] = (),
) -> None:
    """Sets OpenTelemetry up in this process as `opentelemetry-instrument` does: providers, exporters, instrumentors.

    Call it first thing in the program; libraries that are imported already are instrumented as well. Each argument
    stands for an environment variable of this process, and wins over it:

    - `tracking_uri`: `MLFLOW_TRACKING_URI`, where MLflow's traces go;
    - `experiment`: `MLFLOW_EXPERIMENT_NAME`;
    - `capture_content`: `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`, whether prompts and answers are recorded:
      a `ContentCapture` or its name, True (on spans) or False;
    - `otlp_endpoint`: `OTEL_EXPORTER_OTLP_ENDPOINT`, to which traces, metrics and logs go as well;
    - `service_name`: `OTEL_SERVICE_NAME`;
    - `without`: instrumentors to leave out, as `genspan_langchain`, beside those in
      `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS`; `*` for all.

    A tracer provider that is there already is joined, never replaced: it gets the MLflow exporter, and keeps its own
    others. Once this or `opentelemetry-instrument` has set the process up, nothing happens any more; arguments that ask
    for something else then are logged. Never raises for what OpenTelemetry cannot set up: that is logged.
    """
    asked = _variables(tracking_uri, experiment, capture_content, otlp_endpoint, service_name, without)
    with _lock:
        # Not before it is called: `genspan.distro` is the command line's package, too, which needs no OpenTelemetry.
        from opentelemetry import trace
        from opentelemetry.instrumentation.auto_instrumentation import initialize

        from genspan.distro.configurator import GenspanConfigurator

        found = trace.get_tracer_provider()
        if GenspanConfigurator.has_set_up(found):
            _tell({name: value for name, value in asked.items() if os.environ.get(name) != value}, "was set up before")
        elif otlp_endpoint is not None and not isinstance(found, trace.ProxyTracerProvider):
            _tell({"OTEL_EXPORTER_OTLP_ENDPOINT": otlp_endpoint}, "has a tracer provider with exporters of its own")
        if _process.done:
            return
        if experiment is not None:
            os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
        os.environ.update({**_OURS, **asked})
        _process.done = True
        initialize()


def _variables(
    tracking_uri: str | Path | None,
    experiment: str | None,
    capture_content: ContentCapture | bool | str | None,
    otlp_endpoint: str | None,
    service_name: str | None,
    without: Collection[str],
) -> Mapping[str, str]:
    """The environment variables that the arguments stand for."""
    if isinstance(without, str):
        raise TypeError(f"without is a collection of names, as [{without!r}]")
    disabled = os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")
    names = dict.fromkeys(name.strip() for name in (*disabled, *without) if name.strip())
    given = {
        "MLFLOW_TRACKING_URI": None if tracking_uri is None else str(tracking_uri),
        "MLFLOW_EXPERIMENT_NAME": experiment,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": (
            None if capture_content is None else _mode(capture_content)
        ),
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_endpoint,
        "OTEL_SERVICE_NAME": service_name,
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(names) if without else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _mode(capture: ContentCapture | bool | str) -> str:
    if isinstance(capture, bool):
        return str(capture).lower()
    return capture if isinstance(capture, str) else capture.value


def _tell(ignored: Mapping[str, str], why: str) -> None:
    if ignored:
        _logger.warning(
            "OpenTelemetry %s in this process, so these take no effect: %s",
            why,
            ", ".join(f"{name}={value}" for name, value in ignored.items()),
        )
