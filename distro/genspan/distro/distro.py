"""The distribution: the first thing that `opentelemetry-instrument` runs in the app's process."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from opentelemetry.instrumentation.dependencies import DependencyConflictError
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]  # untyped
from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
from opentelemetry.util._importlib_metadata import entry_points

from genspan.distro.rivals import PREFIX, distribution, rivals
from genspan.distro.settings import Settings

_logger = logging.getLogger(__name__)


class GenspanDistro(BaseDistro):  # type: ignore[misc]
    """Sets environment defaults where the user set nothing, and loads instrumentors side by side.

    No instrumentor can keep the others from loading, and no library is instrumented twice.
    """

    _silenced: frozenset[EntryPoint] = frozenset()

    def _configure(self, **kwargs: Any) -> None:
        settings = Settings.read(os.environ)
        os.environ.update(settings.defaults)
        found = rivals(entry_points(group="opentelemetry_instrumentor"), settings.disabled_instrumentations)
        self._silenced = frozenset(point for points in found.values() for point in points)
        _tell(found)

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Loads one instrumentor and turns it on, unless one of ours covers its library.

        Raises only what the caller takes for "not for this environment" (ImportError, DependencyConflictError); it
        aborts all remaining instrumentors at anything else (opentelemetry-instrumentation 0.66b), so that is logged.
        """
        if entry_point in self._silenced:
            return
        try:
            # Also on already: code that ran before, as `autolog()`, or the configuration file, with options of its own.
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
