"""Other vendors' instrumentors of the same library, turned on in the program beside ours.

All vendors' instrumentors are OpenTelemetry's `BaseInstrumentor`s and bear the library's name: `OpenAIInstrumentor` is
OpenTelemetry's, OpenInference's, OpenLLMetry's, OpenLIT's and ours. What the program turns on itself has its way: ours
stands aside for as long as that runs and reports to the same tracer provider.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import wrapt
from opentelemetry import trace
from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]  # untyped

from .guard import guarded

_logger = logging.getLogger("genspan.instrumentation")


class Yielding(Protocol):
    """An instrumentor of ours."""

    def stand_aside(self) -> None:
        """Stops recording, until told to resume."""

    def resume(self, given: Mapping[str, Any]) -> None:
        """Records again, unless it does, with the options that it was turned on with."""


@dataclass
class _Beside:
    """One of ours that the program has turned on, and what it was given."""

    ours: Yielding
    given: Mapping[str, Any]
    told: set[str] = field(default_factory=set)


_turned_on: Final[dict[str, _Beside]] = {}
"""Ours, running or standing aside, by what all vendors call the class."""
_providers: Final[WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()
"""The tracer provider that an instrumentor of another vendor's was given."""


def enter(ours: Any, given: Mapping[str, Any]) -> bool:
    """Notes that one of ours is turned on with these options; whether it may run now."""
    _watch()
    beside = _turned_on.setdefault(_called(type(ours)), _Beside(ours, given))
    beside.given = given
    rival = _running(beside)
    if rival is not None:
        _tell(beside, rival)
    return rival is None


def leave(ours: Any) -> bool:
    """Notes that one of ours is turned off; whether it was on, running or standing aside."""
    return _turned_on.pop(_called(type(ours)), None) is not None


def _called(kind: type) -> str:
    return kind.__name__.lower()  # OpenLLMetry's is LangchainInstrumentor.


@functools.cache
def _watch() -> None:
    """Has us hear of every instrumentor that is turned on or off, from the first of ours on."""
    wrapt.wrap_function_wrapper(BaseInstrumentor, "instrument", _turning_on)
    wrapt.wrap_function_wrapper(BaseInstrumentor, "uninstrument", _turning_off)


def _turning_on(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    beside = _beside(instance)
    if beside is None or instance.is_instrumented_by_opentelemetry:
        return wrapped(*args, **kwargs)
    _providers[instance] = kwargs.get("tracer_provider")
    clash = _same_provider(beside, instance)
    if clash:
        guarded(beside.ours.stand_aside)  # Before, so that the library's own methods are what it wraps.
    try:
        return wrapped(*args, **kwargs)
    finally:
        if clash:
            guarded(_settle, beside)


def _turning_off(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    beside = _beside(instance)
    try:
        return wrapped(*args, **kwargs)
    finally:
        if beside is not None:
            guarded(_settle, beside)


def _beside(instance: Any) -> _Beside | None:
    """What stands beside an instrumentor of another vendor's; None for ours and for other libraries."""
    beside = _turned_on.get(_called(type(instance)))
    return None if beside is None or instance is beside.ours else beside


def _settle(beside: _Beside) -> None:
    rival = _running(beside)
    if rival is None:
        beside.ours.resume(beside.given)
    else:
        _tell(beside, rival)


def _running(beside: _Beside) -> Any | None:
    """The instrumentor of another vendor's that records for the same provider."""
    name = _called(type(beside.ours))
    for kind in _below(BaseInstrumentor):
        instance = kind._instance
        if (
            _called(kind) == name
            and instance is not None
            and instance is not beside.ours
            and instance.is_instrumented_by_opentelemetry
            and _same_provider(beside, instance)
        ):
            return instance
    return None


def _below(kind: Any) -> set[Any]:
    return {kind}.union(*map(_below, kind.__subclasses__()))


def _same_provider(beside: _Beside, rival: Any) -> bool:
    """Whether both would report to one provider. One of its own is another pipeline, where a call is one span, too."""
    ours, theirs = beside.given.get("tracer_provider"), _providers.get(rival)
    found = trace.get_tracer_provider()
    return (ours or found) is (theirs or found)


def _tell(beside: _Beside, rival: Any) -> None:
    name = f"{type(rival).__module__}.{type(rival).__qualname__}"
    if name not in beside.told:
        beside.told.add(name)
        library = type(beside.ours).__module__.rpartition(".")[2]
        _logger.warning(
            "%s is instrumented by %s, which the program turned on, so genspan's instrumentor stays off. To have it "
            "instead, take the other out of the program. To keep the other without this warning, set %s=genspan_%s",
            library,
            name,
            OTEL_PYTHON_DISABLED_INSTRUMENTATIONS,
            library,
        )
