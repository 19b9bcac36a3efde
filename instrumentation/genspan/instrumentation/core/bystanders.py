"""What records calls of a library without being an instrumentor, as MLflow's autologging: a warning says how to choose.

Whether it records a call, and for whom, is not to be seen from outside. So ours runs beside it.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import wrapt
from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_DISABLED_INSTRUMENTATIONS

from .guard import guarded

_logger = logging.getLogger("genspan.instrumentation")

_told: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Bystander:
    """Something of another vendor's that records calls of a library."""

    name: str
    """As a program writes it that turns it on."""
    instead: str
    """What the program is to do in its place."""
    module: str
    """The module that is imported to turn it on."""
    function: str | None = None
    """The function of that module that turns it on; None where importing the module is enough."""
    records: Callable[[ModuleType], bool] = lambda module: True
    """Whether it is turned on, from that module."""

    @classmethod
    def autologging(cls, library: str) -> Bystander:
        """MLflow's, of a library by MLflow's name for it."""
        name = f"mlflow.{library}.autolog()"
        return cls(name, f"take {name} out", f"mlflow.{library}", "autolog", functools.partial(_logs, library))


def _logs(library: str, module: ModuleType) -> bool:
    known = getattr(sys.modules.get("mlflow.utils.autologging_utils"), "AUTOLOGGING_INTEGRATIONS", {})
    settings = known.get(library, {"disable": True})
    return not settings.get("disable") and bool(settings.get("log_traces", True))


def look_out(bystander: Bystander, library: str, is_on: Callable[[], bool]) -> None:
    """Warns when it is turned on beside our instrumentor of a library, which `is_on` tells of: once in a process."""

    def warn(module: ModuleType) -> None:
        if bystander.name not in _told and is_on() and bystander.records(module):
            _told.add(bystander.name)
            _logger.warning(
                "%s records calls of %s, and so does genspan: each is recorded twice. To have genspan's alone, %s. To "
                "have the other's alone, set %s=genspan_%s",
                bystander.name,
                library,
                bystander.instead,
                OTEL_PYTHON_DISABLED_INSTRUMENTATIONS,
                library,
            )

    def imported(module: ModuleType) -> None:
        guarded(warn, module)
        if bystander.function is not None:

            def called(wrapped: Callable[..., Any], instance: object, args: Any, kwargs: Any) -> Any:
                try:
                    return wrapped(*args, **kwargs)
                finally:
                    guarded(warn, module)

            guarded(wrapt.wrap_function_wrapper, module, bystander.function, called)

    if bystander.name not in _told:
        wrapt.when_imported(bystander.module)(imported)
