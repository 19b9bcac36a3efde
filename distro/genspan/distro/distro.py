"""The distribution: the first thing that `opentelemetry-instrument` runs in the app's process."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from types import MappingProxyType
from typing import Any

from opentelemetry.instrumentation.dependencies import DependencyConflictError
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]  # untyped
from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
from opentelemetry.sdk.environment_variables import OTEL_CONFIG_FILE
from opentelemetry.util._importlib_metadata import entry_points

from genspan.distro.config_file import instrumentors
from genspan.distro.rivals import PREFIX, distribution, rivals
from genspan.distro.settings import Settings

_logger = logging.getLogger(__name__)


class GenspanDistro(BaseDistro):  # type: ignore[misc]
    """Sets environment defaults where the user set nothing, and loads instrumentors side by side.

    No instrumentor can keep the others from loading, and no library is instrumented twice: where another vendor's
    covers the same as ours, ours runs, unless the user turned it off or has the configuration file turn on the other.
    """

    _silenced: frozenset[EntryPoint] = frozenset()
    _declared: Mapping[str, bool] = MappingProxyType({})

    def _configure(self, **kwargs: Any) -> None:
        settings = Settings.read(os.environ)
        os.environ.update(settings.defaults)
        self._declared = instrumentors(os.environ[OTEL_CONFIG_FILE]) if settings.declarative else {}
        installed = entry_points(group="opentelemetry_instrumentor")
        off = settings.disabled_instrumentations | {name for name, runs in self._declared.items() if not runs}
        replaced = {
            ours
            for ours, points in rivals(installed, off).items()
            if ours not in self._declared and any(point.name in self._declared for point in points)
        }
        found = rivals(installed, off | replaced)
        self._silenced = frozenset(
            {point for points in found.values() for point in points}
            | {point for point in installed if point.name in replaced}
        )
        _tell(found)

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Loads one instrumentor and turns it on, unless one of ours covers its library.

        One that the configuration file names is the file's affair: on with the options there, or off.
        Raises only what the caller takes for "not for this environment" (ImportError, DependencyConflictError); it
        aborts all remaining instrumentors at anything else (opentelemetry-instrumentation 0.66b), so that is logged.
        """
        if entry_point in self._silenced or entry_point.name in self._declared:
            return
        try:
            # On already: by code that ran before, as `autolog()`.
            if not getattr(entry_point.load()(), "is_instrumented_by_opentelemetry", False):
                super().load_instrumentor(entry_point, **kwargs)
        except (ImportError, DependencyConflictError):
            raise
        except Exception:
            _logger.exception("Instrumentor %s of %s failed", entry_point.name, distribution(entry_point))


def _tell(found: Mapping[str, tuple[EntryPoint, ...]]) -> None:
    for ours, points in found.items():
        _logger.warning(
            "%s is instrumented by genspan, so these stay off: %s. To have them instead, set %s=%s",
            ours.removeprefix(PREFIX),
            ", ".join(sorted({distribution(point) for point in points})),
            OTEL_PYTHON_DISABLED_INSTRUMENTATIONS,
            ours,
        )
