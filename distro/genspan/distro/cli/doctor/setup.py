"""Whether OpenTelemetry is on, who sets it up, and whether its settings are understood."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Final

from opentelemetry.instrumentation.environment_variables import (
    OTEL_PYTHON_CONFIGURATOR,
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS,
    OTEL_PYTHON_DISTRO,
)
from opentelemetry.sdk.environment_variables import (
    OTEL_CONFIG_FILE,
    OTEL_SDK_DISABLED,
    OTEL_TRACES_SAMPLER,
    OTEL_TRACES_SAMPLER_ARG,
)
from opentelemetry.util._importlib_metadata import entry_points

from genspan.distro.cli.doctor.causes import SETUP, Fact, Finding, found
from genspan.distro.precedence import choose
from genspan.distro.rivals import PREFIX, distribution
from genspan.distro.settings import Settings
from genspan.instrumentation.core import CAPTURE_MESSAGE_CONTENT, ContentCapture

_CONTENT: Final = (*(mode.value for mode in ContentCapture), "true", "false")


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable that knows some values alone."""

    name: str
    is_understood: Callable[[str], bool]
    allowed: str


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in words


def _is_ratio(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1
    except ValueError:
        return False


SETTINGS: Final = (
    Setting("GENSPAN_BLOB_LIMIT", str.isdigit, "a number of characters"),
    Setting("GENSPAN_SEMCONV", _one_of("latest", "1.37"), "latest or 1.37"),
    Setting("GENSPAN_LANGCHAIN_STEPS", _one_of("none", "named", "all"), "none, named or all"),
    Setting("GENSPAN_MLFLOW_IN_PROGRESS", _one_of("true", "1", "false", "0"), "true or false"),
    Setting("MLFLOW_TRACE_SAMPLING_RATIO", _is_ratio, "a number from 0 to 1"),
)
"""Those of genspan's own settings, and of MLflow's that it reads, whose values are few."""

SAMPLERS: Final = frozenset(
    {"always_on", "always_off", "traceidratio"}
    | {f"parentbased_{name}" for name in ("always_on", "always_off", "traceidratio")}
)


def check(environ: Mapping[str, str]) -> Iterator[Fact | Finding]:
    """What the variables say of the whole set-up."""
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    yield from _switch(given)
    yield from _configured_by(given)
    yield from _content(given)
    for setting in SETTINGS:
        value = given.get(setting.name)
        if value is not None and not setting.is_understood(value):
            yield found("setting-not-understood", name=setting.name, value=value, allowed=setting.allowed)
    yield from _sampler(given)
    yield from _disabled(given)


def _switch(given: Mapping[str, str]) -> Iterator[Fact | Finding]:
    value = given.get(OTEL_SDK_DISABLED)
    if value is None:
        return
    if value.lower() == "true":
        yield found("sdk-disabled", value=value)
    elif value.lower() != "false":
        yield found("sdk-disabled-not-understood", value=value)


def _configured_by(given: Mapping[str, str]) -> Iterator[Fact | Finding]:
    installed = entry_points(group="opentelemetry_distro")
    chosen = chosen_distro(given, installed)
    if chosen == "genspan":
        yield Fact(SETUP, "distribution", f"genspan{_beside(installed)}")
    else:
        yield found("distro-other", chosen=chosen, installed=_packages(installed))
    configurator = given.get(OTEL_PYTHON_CONFIGURATOR, "genspan")
    if configurator != "genspan":
        yield found("configurator-other", chosen=configurator)
    path = given.get(OTEL_CONFIG_FILE)
    if path is None:
        return
    try:
        with open(path, "rb"):
            yield Fact(SETUP, "configuration", f"{os.path.abspath(path)} says it all (OTEL_CONFIG_FILE)")
    except OSError as error:
        yield found("config-file-missing", "configuration", path=path, reason=error.strerror or error)


def chosen_distro(given: Mapping[str, str], installed: Collection[EntryPoint]) -> str | None:
    """The entry point of the distribution that OpenTelemetry runs: the one that is named, else the first."""
    environment = {name: value for name, value in given.items() if name == OTEL_PYTHON_DISTRO}
    choose(environment, installed)
    named = environment.get(OTEL_PYTHON_DISTRO)
    return named or next((point.name for point in installed), None)


def _beside(installed: Collection[EntryPoint]) -> str:
    others = sorted({distribution(point) for point in installed} - {"genspan"})
    return f", before {', '.join(others)}" if others else ""


def _packages(installed: Collection[EntryPoint]) -> str:
    return ", ".join(sorted({distribution(point) for point in installed}))


def _content(given: Mapping[str, str]) -> Iterator[Fact | Finding]:
    value = given.get(CAPTURE_MESSAGE_CONTENT)
    if value is not None and value.lower() not in {word.lower() for word in _CONTENT}:
        yield found("content-unknown", value=value, allowed=", ".join(_CONTENT))
        return
    # Set by the distribution only where the user has not.
    mode = value or Settings.read(given).defaults[CAPTURE_MESSAGE_CONTENT]
    recorded = mode.lower() not in ("no_content", "false")
    chosen = f"{CAPTURE_MESSAGE_CONTENT}={mode}" if value else f"{mode}, the default"
    if OTEL_CONFIG_FILE in given:
        chosen += "; where the configuration file says nothing else"
    yield Fact(
        SETUP, "content", f"prompts and answers are {'recorded' if recorded else 'not recorded: off'} ({chosen})"
    )


def _sampler(given: Mapping[str, str]) -> Iterator[Fact | Finding]:
    name = given.get(OTEL_TRACES_SAMPLER)
    if name is None:
        return
    known = SAMPLERS | {point.name for point in entry_points(group="opentelemetry_traces_sampler")}
    ratio = given.get(OTEL_TRACES_SAMPLER_ARG, "1")
    if name.lower() not in known and name not in known:
        yield found(
            "setting-not-understood", name=OTEL_TRACES_SAMPLER, value=name, allowed=f"one of {', '.join(sorted(known))}"
        )
    elif name.lower().endswith("traceidratio") and not _is_ratio(ratio):
        yield found("setting-not-understood", name=OTEL_TRACES_SAMPLER_ARG, value=ratio, allowed="a number from 0 to 1")
    else:
        yield Fact(SETUP, "sampler", f"{name} {given.get(OTEL_TRACES_SAMPLER_ARG, '')}".strip())


def _disabled(given: Mapping[str, str]) -> Iterator[Finding]:
    names = {point.name for point in entry_points(group="opentelemetry_instrumentor")}
    ours = ", ".join(sorted(name for name in names if name.startswith(PREFIX)))
    for name in sorted(Settings.read(given).disabled_instrumentations - names - {"*"}):
        # Whoever turns off what is not installed is right about it, but ours have a prefix.
        if f"{PREFIX}{name}" in names or name.startswith(PREFIX):
            yield found("disabled-unknown", name=name, known=f"{ours} ({OTEL_PYTHON_DISABLED_INSTRUMENTATIONS})")
