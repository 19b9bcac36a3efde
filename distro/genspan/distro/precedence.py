"""Has this distribution run where OpenTelemetry's own `opentelemetry-distro` is installed as well.

OpenTelemetry takes the first distribution that it finds, in whatever order the folder lists them
(opentelemetry-instrumentation 0.66b). `opentelemetry-instrument` imports this module before it starts the app: it is an
entry point of the group `opentelemetry_environment_variables`. No name here may begin with `OTEL_`: each such name
becomes an option of the command, and a second one of the same name is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, MutableMapping
from importlib.metadata import EntryPoint

from opentelemetry.instrumentation import environment_variables
from opentelemetry.util._importlib_metadata import entry_points

from genspan.distro.rivals import distribution


def choose(environment: MutableMapping[str, str], installed: Iterable[EntryPoint]) -> None:
    """Names this distribution in `OTEL_PYTHON_DISTRO`, unless the user named one or another vendor's is installed.

    `installed` is all of the entry-point group `opentelemetry_distro`.
    """
    packages = {distribution(point) for point in installed}
    if packages == {"genspan", "opentelemetry-distro"}:
        environment.setdefault(environment_variables.OTEL_PYTHON_DISTRO, "genspan")


choose(os.environ, entry_points(group="opentelemetry_distro"))
