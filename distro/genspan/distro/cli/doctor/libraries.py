"""The libraries that we instrument: which are installed, in which versions, and who records them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import EntryPoint, PackageNotFoundError, version

from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
from opentelemetry.sdk.environment_variables import OTEL_CONFIG_FILE
from opentelemetry.util._importlib_metadata import entry_points
from packaging.requirements import Requirement

from genspan.distro.cli.doctor.causes import LIBRARIES, Fact, Finding, found
from genspan.distro.config_file import instrumentors
from genspan.distro.rivals import PREFIX, distribution, rivals
from genspan.distro.settings import Settings


def check(environ: Mapping[str, str], active: Collection[str] | None) -> Iterator[Fact | Finding]:
    """What there is to say of each library.

    `active` are the names of the instrumentors that were active in an app, None where that is not known.
    """
    points = entry_points(group="opentelemetry_instrumentor")
    ours = sorted((point for point in points if point.name.startswith(PREFIX)), key=lambda point: point.name)
    disabled = Settings.read(environ).disabled_instrumentations
    declared = instrumentors(environ[OTEL_CONFIG_FILE].strip()) if Settings.read(environ).declarative else {}
    others = rivals(points, disabled)
    installed = False
    for point in ours:
        try:
            requirement = Requirement(point.load().requirement)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from loading is what is asked for
            yield found("instrumentor-broken", name=point.name, reason=error)
            continue
        try:
            release = version(requirement.name)
        except PackageNotFoundError:
            yield Fact(LIBRARIES, requirement.name, "not installed")
            continue
        installed = True
        if declared.get(point.name, True):
            yield from _library(point, requirement, release, disabled, others.get(point.name, ()), active)
        else:
            yield Fact(LIBRARIES, requirement.name, f"{release}; off: the configuration file has {point.name} disabled")
    if not installed:
        yield found("library-none", prefix=sys.prefix)


def _library(
    point: EntryPoint,
    requirement: Requirement,
    release: str,
    disabled: Collection[str],
    others: Collection[EntryPoint],
    active: Collection[str] | None,
) -> Iterator[Fact | Finding]:
    library = requirement.name
    if not requirement.specifier.contains(release, prereleases=True):
        yield found("library-too-old", library=library, version=release, requirement=str(requirement))
        return
    names = ", ".join(sorted({distribution(other) for other in others}))
    if point.name in disabled or "*" in disabled:
        told = f"{release}, supported; off: {OTEL_PYTHON_DISABLED_INSTRUMENTATIONS} holds {point.name}"
        yield Fact(LIBRARIES, library, told if point.name in disabled else told.replace(point.name, "*"))
        return
    twice = [other.name for other in others if active is not None and other.name in active]
    words = {"library": library, "rivals": names, "names": ",".join(twice), "ours": point.name}
    if active is None:
        yield Fact(LIBRARIES, library, f"{release}, supported ({requirement.specifier})")
    elif point.name in active:
        yield Fact(LIBRARIES, library, f"{release}, supported ({requirement.specifier}), {point.name} is active")
    elif not twice:
        yield found("instrumentor-inactive", name=point.name, library=library, version=release, reason="")
    if twice and active is not None:
        yield found("instrumented-twice" if point.name in active else "rival-runs", **words)
    elif others:
        verb = "stays" if len({distribution(other) for other in others}) == 1 else "stay"
        yield found("rival-installed", rivals=names, library=library, ours=point.name, verb=verb)
