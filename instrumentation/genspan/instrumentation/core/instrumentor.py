"""Installs and uninstalls a library's table of targets."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import wrapt
from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]  # untyped

from . import rivals
from .bystanders import Bystander, look_out
from .connection import end_inactive
from .content import ContentCapture
from .guard import guarded
from .method import Target
from .telemetry import Telemetry
from .wrapping import wrapper

_logger = logging.getLogger("genspan.instrumentation")


@dataclass(frozen=True)
class Options:
    """What a configuration file (`OTEL_CONFIG_FILE`) may say of an instrumentor."""

    capture: ContentCapture | None = None
    """Whether prompts and answers are recorded (default: the environment's)."""


class LibraryInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Instruments one library, when the app imports it.

    A subclass gives `requirement` and `targets`, and is the package's entry point. `instrument` takes
    `tracer_provider`, `meter_provider`, `logger_provider` (default: the global ones) and `capture`, a
    `ContentCapture` or its name (default: the environment's).
    """

    requirement: ClassVar[str]
    """The library and the versions of it that work, as `openai >= 1.26`."""
    targets: ClassVar[Sequence[Target]] = ()
    bystanders: ClassVar[Sequence[Bystander]] = ()
    """What else may record its calls, and is no instrumentor."""
    configuration: ClassVar[type[Options]] = Options
    """What OpenTelemetry reads a configuration file's options as, before it gives them to `instrument`."""

    _telemetry: Telemetry | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """The one library."""
        return (self.requirement,)

    def instrument(self, **kwargs: Any) -> None:
        """Turns it on; while another vendor's instrumentor of the library runs, it stands aside (`rivals`)."""
        if self._telemetry is not None or rivals.enter(self, kwargs):
            super().instrument(**kwargs)

    def uninstrument(self, **kwargs: Any) -> None:
        """Turns it off."""
        stood_aside = rivals.leave(self) and self._telemetry is None
        if not stood_aside:
            super().uninstrument(**kwargs)

    def stand_aside(self) -> None:
        """Stops recording, until told to resume."""
        if self._telemetry is not None:
            super().uninstrument()

    def resume(self, given: Mapping[str, Any]) -> None:
        """Records again, unless it does, with the options that it was turned on with."""
        if self._telemetry is None:
            super().instrument(**given)

    def _instrument(self, **kwargs: Any) -> None:
        scope = type(self).__module__
        options = {
            name: kwargs.get(name) for name in ("tracer_provider", "meter_provider", "logger_provider", "capture")
        }
        self._telemetry = Telemetry(scope, **options)
        self._patched: dict[tuple[Any, str], Any] = {}
        for module in dict.fromkeys(target.module for target in self.targets):
            self._when_imported(module, self._patch)
        for bystander in self.bystanders:
            if bystander not in self._awaited:
                self._awaited.add(bystander)
                look_out(bystander, scope.rpartition(".")[2], lambda: self._telemetry is not None)

    def _when_imported(self, module: str, install: Callable[[ModuleType], None]) -> None:
        """Calls `install` with the module as soon as the app has imported it: now, where it has."""

        awaited = module, install

        def imported(loaded: ModuleType) -> None:
            self._awaited.discard(awaited)
            if self._telemetry is not None:
                guarded(install, loaded)

        if module in sys.modules:
            imported(sys.modules[module])
        elif awaited not in self._awaited:
            self._awaited.add(awaited)
            wrapt.when_imported(module)(imported)

    @functools.cached_property
    def _awaited(self) -> set[object]:
        """What has been left with wrapt for an import to come, and what is looked out for: neither is ever taken back.

        So it is left once, however often the instrumentor is turned on.
        """
        return set()

    @functools.cached_property
    def _supported(self) -> bool:
        conflict = get_dependency_conflicts(self.instrumentation_dependencies())
        if conflict:
            _logger.warning("Not instrumented: %s", conflict)
        return not conflict

    def _patch(self, module: ModuleType) -> None:
        if not self._supported:
            return
        for target in self.targets:
            if target.module == module.__name__:
                self._wrap(module, target)

    def _wrap(self, module: ModuleType, target: Target) -> None:
        owner: Any = module
        *path, name = target.name.split(".")
        for part in path:
            owner = getattr(owner, part, None)
        original = None if owner is None else vars(owner).get(name)
        if original is None:
            _logger.debug("%s:%s is not in this version of the library", target.module, target.name)
            return
        if (owner, name) in self._patched:
            return
        wrapped = wrapt.FunctionWrapper(original, wrapper(target.does, original, lambda: self._telemetry))
        setattr(owner, name, wrapped)
        self._patched[owner, name] = wrapped

    def _uninstrument(self, **kwargs: Any) -> None:
        self._telemetry = None
        for (owner, name), wrapped in self._patched.items():
            # Where somebody has wrapped it again since, ours stays beneath and passes every call through.
            if vars(owner).get(name) is wrapped:
                setattr(owner, name, wrapped.__wrapped__)
        self._patched.clear()
        end_inactive()
