"""`mlflow.<library>.autolog()` and `mlflow.autolog()`: instrumentation, a library at a time or all of them."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from .tracing import enablement, provider

_logger = logging.getLogger("genspan.mlflow")

PREFIX: Final = "genspan_"

FLAVORS: Final[Mapping[str, str]] = {
    "ag2": "ag2",
    "agno": "agno",
    "anthropic": "anthropic",
    "autogen": "autogen",
    "bedrock": "bedrock",
    "crewai": "crewai",
    "dspy": "dspy",
    "gemini": "google_genai",
    "groq": "groq",
    "haystack": "haystack",
    "langchain": "langchain",
    "litellm": "litellm",
    "llama_index": "llama_index",
    "mistral": "mistral",
    "openai": "openai",
    "pydantic_ai": "pydantic_ai",
    "semantic_kernel": "semantic_kernel",
    "smolagents": "smolagents",
    "strands": "strands",
}
"""MLflow's names of libraries that it traces, and the part of our instrumentors' names after `genspan_`."""

_lock = threading.RLock()


@dataclass
class _Process:
    paused: tuple[str, ...] = ()
    """Libraries to be turned on again when tracing is."""


_process = _Process()


class Flavor:
    """What MLflow has a module for: one library, to be traced or not."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def autolog(
        self,
        disable: bool = False,
        exclusive: bool = False,
        disable_for_unsupported_versions: bool = False,
        silent: bool = False,
        log_traces: bool = True,
        **others: Any,
    ) -> None:
        """Records every call of the library from now on, or, with `disable` or `log_traces=False`, none any more.

        May be called before or after the library is imported, and any number of times. `silent` keeps our warnings to
        ourselves meanwhile. What else MLflow's function takes is taken, and changes nothing: versions that cannot be
        instrumented are always left alone.
        """
        on = log_traces and not disable
        with _silenced(silent):
            library = FLAVORS.get(self.__name__, self.__name__)
            if library in _points():
                _switch(library, on)
            elif on:
                _logger.warning("genspan %s does not trace %s: its calls are not recorded", _version(), self.__name__)

    def __repr__(self) -> str:
        return f"<genspan.mlflow.{self.__name__}>"


def flavors() -> list[str]:
    """The names that have an `autolog` here, for libraries that we instrument."""
    instrumented = _points()
    named = [name for name, library in FLAVORS.items() if library in instrumented]
    return sorted({*named, *(library for library in instrumented if library not in FLAVORS.values())})


def autolog(
    log_traces: bool = True, disable: bool = False, exclusive: bool = False, silent: bool = False, **others: Any
) -> None:
    """Records the calls of every library that we instrument, or, with `disable`, of none any more."""
    for name in flavors():
        Flavor(name).autolog(disable=disable, log_traces=log_traces, silent=silent)


def pause() -> None:
    """Turns off what is on, and remembers it."""
    with _lock:
        on = [name for name in _points() if _is_on(_instrumentor(name))]
        _process.paused = tuple(dict.fromkeys((*_process.paused, *on)))
        for name in on:
            _instrumentor(name).uninstrument()


def resume() -> None:
    """Turns on again what `pause` turned off."""
    with _lock:
        paused, _process.paused = _process.paused, ()
        for name in paused:
            _switch(name, True)


def _switch(library: str, on: bool) -> None:
    instrumentor = _instrumentor(library)
    with _lock:
        if not enablement.is_enabled():
            # As much as is said now holds once tracing is enabled again.
            others = tuple(name for name in _process.paused if name != library)
            _process.paused = (*others, library) if on else others
            return
        if on:
            provider.tracer()
        if on != _is_on(instrumentor):
            # The library's own check finds it unsupported or absent, and says so.
            (instrumentor.instrument if on else instrumentor.uninstrument)(**({"skip_dep_check": True} if on else {}))


def _is_on(instrumentor: Any) -> bool:
    return bool(instrumentor.is_instrumented_by_opentelemetry)


@functools.cache
def _points() -> dict[str, EntryPoint]:
    """Our instrumentors' entry points by library."""
    return {
        point.name.removeprefix(PREFIX): point
        for point in entry_points(group="opentelemetry_instrumentor")
        if point.name.startswith(PREFIX)
    }


def _instrumentor(library: str) -> Any:
    """The one instrumentor of a library: making another answers the same."""
    return _points()[library].load()()


def _version() -> str:
    from importlib.metadata import version

    return version("genspan")


@contextmanager
def _silenced(silent: bool) -> Iterator[None]:
    if not silent:
        yield
        return
    loggers = [logging.getLogger(name) for name in ("genspan", "opentelemetry")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
