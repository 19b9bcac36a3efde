"""The configurator: builds the SDK's providers from the environment that the distribution has completed."""

from __future__ import annotations

import logging
import os
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, ClassVar, Final

from opentelemetry import trace
from opentelemetry.environment_variables import OTEL_TRACES_EXPORTER
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.sdk.environment_variables import OTEL_CONFIG_FILE
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util._importlib_metadata import entry_points

from genspan.distro import config_file
from genspan.distro.destinations import policy_of, span_exporter, tell_of_provider, tell_of_strangers, under_policies
from genspan.distro.ending import end_within
from genspan.distro.pools import flush_before_the_end_of_pools
from genspan.distro.propagation import keep_to_own_services
from genspan.distro.settings import NOT_SET_UP, Settings, exit_time
from genspan.distro.workers import flush_at_the_end_of
from genspan.exporters.content.settings import ContentSettings
from genspan.exporters.context_attributes import ContextAttributesProcessor
from genspan.exporters.tracer_providers import OpenTracerProvider, add_once, has_mlflow

_logger = logging.getLogger(__name__)

RESOURCE: Final = {"telemetry.distro.name": "genspan", "telemetry.distro.version": version("genspan")}
"""Resource attributes that OpenTelemetry's conventions ask of every distribution."""


class GenspanConfigurator(_OTelSDKConfigurator):
    """Sets up tracing, metrics and logs from OpenTelemetry's environment variables.

    Steps aside for `OTEL_SDK_DISABLED`, leaves it all to `OTEL_CONFIG_FILE` where that is set, and joins a tracer
    provider that is there already instead of making a second one. Once it has set up the provider in charge, it does
    nothing. Settings that OpenTelemetry does not take are logged in a line: the app runs, and nothing is recorded.
    """

    _provider: ClassVar[trace.TracerProvider | None] = None

    @classmethod
    def has_set_up(cls, provider: trace.TracerProvider) -> bool:
        """Whether this tracer provider was made or joined here."""
        return provider is cls._provider  # Logfire's (5.2) cannot be hashed.

    def _configure(self, **kwargs: Any) -> None:
        settings = Settings.read(os.environ)
        provider = trace.get_tracer_provider()
        if settings.disabled or self.has_set_up(provider):
            return
        os.environ.update(settings.defaults)  # Another vendor's distro may have been loaded in place of ours.
        if not isinstance(provider, trace.ProxyTracerProvider):
            if settings.declarative:
                _logger.warning("There is a tracer provider already: of %s, only instrumentors count", OTEL_CONFIG_FILE)
                config_file.turn_on(os.environ[OTEL_CONFIG_FILE])
            tell_of_provider(settings.content)
            _join(provider, settings.content)
        else:
            try:
                self._make(settings, **kwargs)
            except Exception as error:
                if not _is_of_settings(error):
                    raise
                # OpenTelemetry would log its traceback, twice, and leave the user to find the line that matters.
                _logger.error("%s%s", NOT_SET_UP, error)
                _logger.debug("What OpenTelemetry raised", exc_info=True)
                return
            end_within(exit_time(os.environ))
        provider = trace.get_tracer_provider()
        GenspanConfigurator._provider = provider
        _show_running(provider)
        keep_to_own_services()
        if isinstance(provider, OpenTracerProvider):
            add_once(provider, ContextAttributesProcessor)
            flush_at_the_end_of(provider)
            flush_before_the_end_of_pools()

    def _make(self, settings: Settings, **kwargs: Any) -> None:
        """Has OpenTelemetry make the providers."""
        if settings.declarative:
            self._configure_from_file(os.environ[OTEL_CONFIG_FILE], settings.content)
        else:
            attributes = {**RESOURCE, **(kwargs.pop("resource_attributes", None) or {})}
            kwargs = under_policies(settings.content, kwargs)
            super()._configure(resource_attributes=attributes, **kwargs)  # type: ignore[no-untyped-call]

    def _configure_from_file(self, path: str, content: ContentSettings) -> None:
        if not content.given or find_spec("opentelemetry.configuration") is None:
            # Arguments would be ignored, with a warning (opentelemetry-sdk 1.45).
            super()._configure()  # type: ignore[no-untyped-call]
        else:
            tell_of_strangers(content)
            config_file.set_up(path, partial(policy_of, content=content))


def _is_of_settings(error: Exception) -> bool:
    """Whether it says what is wrong with a setting, before anything was made (opentelemetry-sdk 1.43 to 1.45)."""
    told = isinstance(error, (RuntimeError, ImportError)) or type(error).__name__ == "ConfigurationError"
    return told and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _show_running(provider: trace.TracerProvider) -> None:
    """Has MLflow's traces seen while they run, where the user asked for that; under their exporter's policy."""
    if isinstance(provider, OpenTracerProvider) and os.environ.get("GENSPAN_MLFLOW_IN_PROGRESS"):
        from genspan.exporters.content import in_front_of
        from genspan.exporters.mlflow import MlflowSpanExporter
        from genspan.exporters.mlflow.in_progress import InProgressSpanProcessor

        for exporter in MlflowSpanExporter.running():
            if exporter.switches.in_progress:
                provider.add_span_processor(InProgressSpanProcessor(in_front_of(exporter)))


def _join(provider: trace.TracerProvider, content: ContentSettings) -> None:
    """Adds the MLflow exporter to a provider that somebody else set up; their other exporters are theirs to choose."""
    names = [name.strip() for name in os.environ.get(OTEL_TRACES_EXPORTER, "").split(",")]
    if "mlflow" not in names or has_mlflow(provider):
        return
    if not isinstance(provider, OpenTracerProvider):
        _logger.warning("%s is in charge of tracing already: no traces go to MLflow", type(provider).__qualname__)
        return
    (point,) = entry_points(group="opentelemetry_traces_exporter", name="mlflow")
    provider.add_span_processor(BatchSpanProcessor(span_exporter("mlflow", point.load()(), content)))
