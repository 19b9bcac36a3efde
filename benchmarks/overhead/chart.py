"""The result as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from .contenders import CONTENDERS
from .tables import Json, records
from .workloads import WORKLOADS

LEAST: Final = 10.0
"""µs where the scale begins, at which is drawn what is less."""
SHOWN: Final = ("chat-10kB", "chat-1MB", "stream", "embeddings", "tools", "agent")
COLOURS: Final = {"hand-written": "#6e7781", "genspan": "#3f51b5"}
OTHER_COLOUR: Final = "#d9822b"
INK: Final = "#24292f"


def draw(result: Json, path: Path) -> None:
    """Writes a PNG: a panel for each kind of work, a point for each contender, all on one logarithmic scale."""
    panels = {name: _points(result["calls"][name]) for name in SHOWN if name in result["calls"]}
    most = max(point["high"] for points in panels.values() for point in points.values())
    style = {"font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    with mpl.rc_context(style):
        figure = Figure(figsize=(10, 6), dpi=150, facecolor="white")
        figure.subplots_adjust(left=0.115, right=0.975, top=0.87, bottom=0.09, wspace=0.14, hspace=0.34)
        grid = figure.subplots(2, 3, sharex=True)
        grid[0, 0].set_xlim(LEAST / 1.2, most * 7)
        for axes, (name, points) in zip(grid.flat, panels.items(), strict=True):
            _panel(axes, WORKLOADS[name].title, points)
            if axes not in grid[:, 0]:
                axes.set_yticklabels([])
        figure.suptitle("CPU time that recording adds to a call, prompts and answers included", fontweight="bold")
        figure.text(
            0.5, 0.925, "median and quartiles; less is better; every line is ten times the one before", ha="center"
        )
        figure.savefig(path, metadata={"Software": None})


def _points(cells: Json) -> dict[str, Json]:
    """What each adds, in µs, of those that record anything."""
    return {name: cells[name]["added"] for name in CONTENDERS if name in cells and records(name, cells[name])}


def _panel(axes: Any, title: str, points: dict[str, Json]) -> None:
    lines = list(CONTENDERS)
    for name, point in points.items():
        colour, line = COLOURS.get(name, OTHER_COLOUR), lines.index(name)
        low, median, high = (max(point[key], LEAST) for key in ("low", "median", "high"))
        axes.plot([low, high], [line, line], color=colour, linewidth=2)
        axes.plot(median, line, "o", color=colour, markersize=8 if name == "genspan" else 6)
        weight = "bold" if name == "genspan" else "normal"
        beside = (high, line)
        axes.annotate(_time(point["median"]), beside, (7, 0), textcoords="offset points", va="center", weight=weight)
    axes.set_yticks(range(len(lines)), [CONTENDERS[name].title for name in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: _time(value))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(length=0, labelbottom=True)
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(axis="x", color="#c9d1d9", linewidth=0.7)
    axes.grid(axis="y", color="#eef1f4", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _time(microseconds: float) -> str:
    milliseconds = microseconds / 1000
    if milliseconds < 0.9995:
        return f"{microseconds:.0f} µs"
    return f"{milliseconds:.0f} ms" if milliseconds >= 9.95 or milliseconds == 1 else f"{milliseconds:.1f} ms"
