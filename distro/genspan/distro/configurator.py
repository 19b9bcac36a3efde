"""The configurator: builds the SDK's providers from the environment that the distribution has completed."""

from __future__ import annotations

import logging
import os
from importlib.metadata import version
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.environment_variables import OTEL_TRACES_EXPORTER
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util._importlib_metadata import entry_points

from genspan.distro.settings import Settings
from genspan.distro.workers import flush_at_the_end_of

_logger = logging.getLogger(__name__)

RESOURCE: Final = {"telemetry.distro.name": "genspan", "telemetry.distro.version": version("genspan")}
"""Resource attributes that OpenTelemetry's conventions ask of every distribution."""


class GenspanConfigurator(_OTelSDKConfigurator):
    """Sets up tracing, metrics and logs from OpenTelemetry's environment variables.

    Steps aside for `OTEL_SDK_DISABLED` and for `OTEL_CONFIG_FILE`, and joins a tracer provider that is there already
    instead of making a second one.
    """

    def _configure(self, **kwargs: Any) -> None:
        settings = Settings.read(os.environ)
        if settings.disabled:
            return
        if settings.declarative:
            # Arguments would be ignored, with a warning (opentelemetry-sdk 1.45).
            super()._configure()  # type: ignore[no-untyped-call]
            return
        os.environ.update(settings.defaults)  # Another vendor's distro may have been loaded in place of ours.
        provider = trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider):
            attributes = {**RESOURCE, **(kwargs.pop("resource_attributes", None) or {})}
            super()._configure(resource_attributes=attributes, **kwargs)  # type: ignore[no-untyped-call]
        else:
            _join(provider)
        provider = trace.get_tracer_provider()
        _show_running(provider)
        if isinstance(provider, TracerProvider):
            flush_at_the_end_of(provider)


def _show_running(provider: trace.TracerProvider) -> None:
    """Has MLflow's traces seen while they run, where the user asked for that."""
    if isinstance(provider, TracerProvider) and os.environ.get("GENSPAN_MLFLOW_IN_PROGRESS"):
        from genspan.exporters.mlflow import MlflowSpanExporter
        from genspan.exporters.mlflow.in_progress import InProgressSpanProcessor

        for exporter in MlflowSpanExporter.running():
            if exporter.switches.in_progress:
                provider.add_span_processor(InProgressSpanProcessor(exporter))


def _join(provider: trace.TracerProvider) -> None:
    """Adds the MLflow exporter to a provider that somebody else set up; their other exporters are theirs to choose."""
    names = [name.strip() for name in os.environ.get(OTEL_TRACES_EXPORTER, "").split(",")]
    if "mlflow" not in names:
        return
    if not isinstance(provider, TracerProvider):
        _logger.warning("%s is in charge of tracing already: no traces go to MLflow", type(provider).__qualname__)
        return
    (point,) = entry_points(group="opentelemetry_traces_exporter", name="mlflow")
    provider.add_span_processor(BatchSpanProcessor(point.load()()))
