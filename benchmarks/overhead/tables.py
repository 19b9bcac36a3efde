"""The result as tables in Markdown: pure functions of the result file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .contenders import CONTENDERS
from .figures import ratio
from .recordings import MODES
from .workloads import WORKLOADS

Json = Mapping[str, Any]
Row = Sequence[str]

NONE: Final = "-"
OURS: Final = ("hand-written", "genspan")


def table(head: Row, rows: Sequence[Row]) -> list[str]:
    """A table in Markdown, its columns as wide as what they hold: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Row) -> str:
        first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return (
            f"| {' | '.join([first, *(cell.strip().rjust(w) for cell, w in zip(others, widths[1:], strict=True))])} |"
        )

    rule = [f"{'-' * (width - 1)}:" for width in widths]
    return [line(head), line(["-" * widths[0], *rule[1:]]), *map(line, rows)]


def number(value: float) -> str:
    """Three digits that count, but no fewer than stand before the point."""
    if abs(value) >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 9.95 else f"{value:.2f}"


def spread(figure: Json) -> str:
    """The median, and half the distance between the quartiles."""
    return f"{number(figure['median'])} ±{number((figure['high'] - figure['low']) / 2)}"


def times(figure: Json | None, to: Json | None) -> str:
    """How many times the other a figure is."""
    found = None if figure is None or to is None else ratio(figure, to)  # type: ignore[arg-type]
    return NONE if found is None else f"{found:.2f}"


def _names(cells: Json) -> list[str]:
    return [name for name in CONTENDERS if name in cells]


def best_other(cells: Json, key: str = "added") -> Json | None:
    """The figure of the contender, beside our two, that adds the least and records anything."""
    figures = [cell[key] for name, cell in cells.items() if name not in OURS and records(name, cell)]
    return min(figures, key=lambda figure: figure["median"], default=None)


def records(name: str, cell: Json) -> bool:
    """Whether spans came of the work."""
    return bool(cell["spans"]) or not CONTENDERS[name].counts


def calls(result: Json) -> list[str]:
    """What recording adds to a call."""
    measured = result["calls"]
    names = [name for name in CONTENDERS if any(name in cells for cells in measured.values())]
    rows = []
    for work, cells in measured.items():
        bare = min((cell["bare"] for cell in cells.values()), key=lambda figure: figure["median"])
        by_hand, ours = (cells.get(name, {}).get("added") for name in OURS)
        rows.append(
            [
                WORKLOADS[work].title,
                number(bare["median"]),
                *(_added(name, cells, WORKLOADS[work].libraries) for name in names),
                times(ours, by_hand),
                times(ours, best_other(cells)),
            ]
        )
    titles = [CONTENDERS[name].title for name in names]
    return table(["µs of CPU", "bare call", *titles, "genspan ÷ by hand", "genspan ÷ best other"], rows)


def _added(name: str, cells: Json, libraries: Sequence[str]) -> str:
    if name not in cells:
        return next((why for library, why in CONTENDERS[name].missing.items() if library in libraries), NONE)
    return spread(cells[name]["added"]) if records(name, cells[name]) else "no span"


SUMMED_UP: Final = ("chat-10kB", "chat-1MB", "stream", "embeddings", "agent")


def summary(result: Json) -> list[str]:
    """What recording adds to some of the calls: medians."""
    measured = {work: cells for work, cells in result["calls"].items() if work in SUMMED_UP}
    rows = [
        [
            WORKLOADS[work].title,
            *(_summed_up(name, cells) for name in CONTENDERS),
        ]
        for work, cells in measured.items()
    ]
    return table(["µs of CPU", *(contender.title for contender in CONTENDERS.values())], rows)


def _summed_up(name: str, cells: Json) -> str:
    if name not in cells or not records(name, cells[name]):
        return NONE
    median = cells[name]["added"]["median"]
    return number(median) if median > 0 else "lost in noise"


def without(result: Json) -> list[str]:
    """What a call costs of which less is recorded, or nothing."""
    rows = []
    for mode, cells in result["without"].items():
        by_hand, ours = (cells.get(name, {}).get("added") for name in OURS)
        rows.append(
            [MODES[mode], *(NONE if each is None else spread(each) for each in (by_hand, ours)), times(ours, by_hand)]
        )
    return table(["µs of CPU", "by hand", "genspan", "genspan ÷ by hand"], rows)


EXPORTS: Final = (("genspan", "mlflow"), ("mlflow", "mlflow"), ("genspan", "otlp"), ("upstream", "otlp"))
DESTINATIONS: Final = {"mlflow": "SQLite file", "otlp": "OTLP"}


def exports(result: Json) -> list[str]:
    """What a call costs until it is exported."""
    rows = []
    for work, destinations in result["exports"].items():
        figures = {(who, where): destinations.get(where, {}).get(who, {}).get("whole") for who, where in EXPORTS}
        rows.append(
            [
                WORKLOADS[work].title,
                *(NONE if figure is None else spread(figure) for figure in figures.values()),
                times(figures["genspan", "mlflow"], figures["mlflow", "mlflow"]),
                times(figures["genspan", "mlflow"], figures["upstream", "otlp"]),
            ]
        )
    titles = [f"{CONTENDERS[who].title} → {DESTINATIONS[where]}" for who, where in EXPORTS]
    return table(["µs of CPU", *titles, "1st ÷ 2nd", "1st ÷ 4th"], rows)


def start_up(result: Json) -> list[str]:
    """What instrumenting adds to the start."""
    measured = {before: cells for before, cells in result["start_up"].items() if before != "imported_first"}
    names = _names(next(iter(measured.values())))
    rows = [
        [
            CONTENDERS[name].title,
            *(spread(cells[name]["cpu"]) for cells in measured.values()),
            *(str(len(cells[name]["packages"])) for cells in measured.values()),
        ]
        for name in names
    ]
    return table(
        [
            "",
            *(f"ms of CPU, after {before}" for before in measured),
            *(f"packages, after {before}" for before in measured),
        ],
        rows,
    )


def memory(result: Json) -> list[str]:
    """What calls and streams hold."""
    rows = []
    for name in _names(result["memory"]):
        cell = result["memory"][name]
        call, large, stream = cell["call"], cell["peak of 1 MB"], cell.get("stream")
        # What exports all the time allocates all the time as well.
        waits = CONTENDERS[name].counts
        rows.append(
            [
                CONTENDERS[name].title,
                number(call["bytes"]) if waits else NONE,
                number(call["blocks"]) if waits else NONE,
                number(call["left"] / 1000),
                number(call["peak"] / 1000) if waits else NONE,
                number(large / 1e6) if waits else NONE,
                NONE if stream is None else number(stream / 1000),
            ]
        )
    head = ["", "kB, 1,000 calls", "blocks, a call", "kB left, 1,000 calls", "kB at most, 1 kB", "MB at most, 1 MB"]
    return table([*head, "kB, an open stream"], rows)


def endurance(result: Json) -> list[str]:
    """What is held in the course of very many calls."""
    works = list(result["endurance"])
    rows = [
        [
            cell
            for sample in step
            for cell in (f"{sample['calls']:,}", f"{sample['megabytes']:.1f}", f"{sample['blocks']:,}")
        ]
        for step in zip(*(result["endurance"][work] for work in works), strict=True)
    ]
    head = [cell for work in works for cell in (WORKLOADS[work].title, "MB", "blocks")]
    return table(head, rows)


TABLES: Final = {
    "calls": calls,
    "without": without,
    "exports": exports,
    "start_up": start_up,
    "memory": memory,
    "endurance": endurance,
}


def tables(result: Json, sections: Sequence[str]) -> Iterator[str]:
    """The lines of these sections' tables."""
    for name in sections:
        yield ""
        yield from TABLES[name](result)
