"""The result as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from .contenders import CONTENDERS
from .tables import Json, number, records
from .workloads import WORKLOADS

SHOWN: Final = ("chat-10kB", "chat-1MB", "stream", "embeddings", "tools", "agent")
COLOURS: Final = {"hand-written": "#9aa0a6", "genspan": "#3f51b5"}
OTHER_COLOUR: Final = "#e8a33d"
INK: Final = "#24292f"


def draw(result: Json, path: Path) -> None:
    """Writes a PNG: a panel for each kind of work, a bar for each contender, on a logarithmic scale."""
    shown = [name for name in SHOWN if name in result["calls"]]
    style = {"font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    with mpl.rc_context(style):
        figure = Figure(figsize=(10, 6.4), dpi=150, facecolor="white", layout="constrained")
        for axes, name in zip(figure.subplots(2, 3).flat, shown, strict=True):
            _panel(axes, WORKLOADS[name].title, result["calls"][name])
        figure.suptitle("µs of CPU that recording adds to a call, prompts and answers included", fontweight="bold")
        figure.supxlabel("µs, logarithmic: each line is ten times the one before; the lines on the bars are quartiles")
        figure.savefig(path, metadata={"Software": None})


def _panel(axes, title: str, cells: Json) -> None:  # type: ignore[no-untyped-def]
    names = [name for name in CONTENDERS if name in cells and records(name, cells[name])]
    figures = [cells[name]["added"] for name in names]
    medians = [max(figure["median"], 1.0) for figure in figures]
    low = [max(median - max(figure["low"], 1.0), 0) for median, figure in zip(medians, figures, strict=True)]
    high = [max(figure["high"] - median, 0) for median, figure in zip(medians, figures, strict=True)]
    bars = axes.barh(
        [CONTENDERS[name].title for name in names],
        medians,
        xerr=[low, high],
        error_kw={"ecolor": INK, "elinewidth": 1},
        color=[COLOURS.get(name, OTHER_COLOUR) for name in names],
        height=0.72,
    )
    axes.bar_label(bars, [number(median) for median in medians], padding=6, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(min(medians) / 2, max(medians) * 4)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    axes.grid(axis="x", color="#d8dee4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
