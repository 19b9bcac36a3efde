"""Which instrumentors of other vendors must stay off, so that no library is instrumented twice.

Entry-point names of the group `opentelemetry_instrumentor` are shared by all vendors: OpenTelemetry, OpenInference and
OpenLLMetry all call theirs `openai`, AWS puts its own prefix before it. Ours are `genspan_<library>`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Final

PREFIX: Final = "genspan_"


def rivals(installed: Iterable[EntryPoint], disabled: Collection[str]) -> Mapping[str, tuple[EntryPoint, ...]]:
    """Entry points that would instrument what one of ours does, by the name of ours.

    `installed` is all of the group; `disabled` holds the names that the user turned off (`*` for all): an instrumentor
    that will not run has no rivals and is none.
    """
    if "*" in disabled:
        return {}
    running = [point for point in installed if point.name not in disabled]
    ours = {point.name for point in running if point.name.startswith(PREFIX)}
    found: dict[str, list[EntryPoint]] = defaultdict(list)
    for point in running:
        for name in ours:
            library = name.removeprefix(PREFIX)
            if not point.name.startswith(PREFIX) and (point.name == library or point.name.endswith(f"_{library}")):
                found[name].append(point)
    return {name: tuple(points) for name, points in found.items()}


def distribution(point: EntryPoint) -> str:
    """The name of the package that an entry point comes from, else the module it points to."""
    return point.dist.name if point.dist else point.module
