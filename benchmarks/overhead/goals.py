"""What the project wants to reach, against what was measured. Printed after a whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .tables import best_other, number, table

Json = Mapping[str, Any]


def _to_by_hand(cells: Json) -> float:
    return float(cells["genspan"]["added"]["median"] / cells["hand-written"]["added"]["median"])


def _call(work: str) -> Callable[[Json], float]:
    return lambda result: _to_by_hand(result["calls"][work])


def _agent(result: Json) -> float:
    cells = result["calls"]["agent"]
    best = best_other(cells)
    return float(cells["genspan"]["added"]["median"] / best["median"]) if best else 0.0


def _without(mode: str) -> Callable[[Json], float]:
    return lambda result: float(result["without"][mode]["genspan"]["added"]["median"])


def _exported(work: str, other: str, destination: str) -> Callable[[Json], float]:
    def found(result: Json) -> float:
        cells = result["exports"][work]
        return float(cells["mlflow"]["genspan"]["whole"]["median"] / cells[destination][other]["whole"]["median"])

    return found


def _start(result: Json) -> float:
    return float(result["start_up"]["openai"]["genspan"]["cpu"]["median"])


def _libraries(result: Json) -> float:
    return float(len({"openai", "langchain", "langchain_core", "mlflow"} & set(result["start_up"]["imported_first"])))


def _growth(work: str) -> Callable[[Json], float]:
    """In percent, from the first fifth of the calls to the last. What is cached makes it go up and down a little."""

    def found(result: Json) -> float:
        samples = result["endurance"][work]
        return float(samples[-1]["blocks"] / samples[len(samples) // 5 - 1]["blocks"] - 1) * 100

    return found


GOALS: Final[tuple[tuple[str, Callable[[Json], float], float], ...]] = (
    ("chat 1 kB ÷ by hand", _call("chat-1kB"), 1.5),
    ("chat 10 kB ÷ by hand", _call("chat-10kB"), 1.5),
    ("chat 1 MB ÷ by hand", _call("chat-1MB"), 1.15),
    ("chat 10 MB ÷ by hand", _call("chat-10MB"), 1.15),
    ("stream ÷ by hand", _call("stream"), 3.0),
    ("embeddings ÷ by hand", _call("embeddings"), 1.1),
    ("agent ÷ best other", _agent, 0.4),
    ("no content ÷ by hand", lambda result: _to_by_hand(result["without"]["no-content"]), 1.2),
    ("sampled out, µs", _without("sampled-out"), 5.0),
    ("suppressed, µs", _without("suppressed"), 5.0),
    ("no SDK, µs", _without("no-sdk"), 5.0),
    ("1 kB to SQLite ÷ MLflow's", _exported("chat-1kB", "mlflow", "mlflow"), 0.15),
    ("10 kB to SQLite ÷ MLflow's", _exported("chat-10kB", "mlflow", "mlflow"), 0.15),
    ("1 kB to SQLite ÷ upstream's to OTLP", _exported("chat-1kB", "upstream", "otlp"), 1.0),
    ("10 kB to SQLite ÷ upstream's to OTLP", _exported("chat-10kB", "upstream", "otlp"), 1.0),
    ("agent to SQLite ÷ upstream's to OTLP", _exported("agent", "upstream", "otlp"), 1.0),
    ("start-up, ms", _start, 60.0),
    ("libraries imported first", _libraries, 0.0),
    ("% more blocks after 100,000 calls", _growth("chat-1kB"), 5.0),
    ("% more blocks after 10,000 abandoned streams", _growth("abandoned"), 5.0),
    ("% more blocks after 10,000 abandoned async streams", _growth("abandoned-async"), 5.0),
)
"""What, how it is read from a result, and the most that it may be."""


def verdicts(result: Json) -> Iterator[str]:
    """A table of goals."""
    rows = []
    for title, read, most in GOALS:
        value = read(result)
        rows.append([title, number(most), number(value), "" if value <= most else "MISSED"])
    yield from table(["goal", "at most", "measured", ""], rows)
