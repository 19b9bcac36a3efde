"""Writes `docs/compared/openai.md`: what genspan and upstream's instrumentation of the OpenAI SDK record, side by side.

    PYTHONPATH=tests .venv/bin/python -m compared.openai_table

Both run every scenario in a process of their own, in one virtual environment, `.venv-openai-compared`, which is made
where it is missing. Nothing in the page is written by hand but the words around the tables.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from support.environments import ROOT, interpreter

PAGE: Final = ROOT / "docs" / "compared" / "openai.md"

UPSTREAM: Final = "opentelemetry-instrumentation-genai-openai"
PINNED: Final = {
    "openai": "3.51.0",
    UPSTREAM: "1.3b0",
    "opentelemetry-instrumentation-genai-langchain": "1.3b0",
    "langchain": "1.4.7",
    "langchain-openai": "1.7.3",
    "opentelemetry-sdk": "1.45.2",
    "websockets": "17.4",
}
_BESIDE: Final = ("orjson", "wrapt", "pytest", "jsonschema")
_SOURCES: Final = ("tests", "semconv", "instrumentation", "exporters", "distro")

Run = Mapping[str, Any]
"""An `Observation` as JSON, with the heading and scenario that it belongs to, and the way of calling."""

NONE: Final = "-"


def observe() -> dict[str, list[Run]]:
    """The runs of both, by name. Raises `support.environments.Unavailable`."""
    python = interpreter("openai-compared", [*(f"{name}=={version}" for name, version in PINNED.items()), *_BESIDE])
    return {contender: _observed(python, contender) for contender in ("genspan", "upstream")}


def _observed(python: Path, contender: str) -> list[Run]:
    path = os.pathsep.join(str(ROOT / source) for source in _SOURCES)
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GENSPAN_"))}
    done = subprocess.run(
        [python, "-m", "compared.observing", contender],
        check=True,
        env={**settings, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        timeout=240,
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


# Cells: what a run recorded, in a few words.


def _span(run: Run) -> str:
    ended = [f"`{span['name']}`{_failure(span)}" for span in run["spans"]]
    never = [f"{run['open']} never ended"] if run["open"] else []
    return ", ".join([*ended, *never]) or "no span"


def _failure(span: Mapping[str, Any]) -> str:
    return f" failed: {span['attributes'].get('error.type')}" if span["status"] == "ERROR" else ""


def _attribute(name: str) -> Callable[[Run], str]:
    def cell(run: Run) -> str:
        values = [span["attributes"][name] for span in run["spans"] if name in span["attributes"]]
        return ", ".join(map(_worded, values)) or NONE

    return cell


def _worded(value: Any) -> str:
    if value is True:
        return "yes"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_TOKENS: Final = (
    ("gen_ai.usage.input_tokens", "in"),
    ("gen_ai.usage.cache_read.input_tokens", "cached"),
    ("gen_ai.usage.output_tokens", "out"),
    ("gen_ai.usage.reasoning.output_tokens", "reasoning"),
)


def _tokens(run: Run) -> str:
    found = [
        f"{span['attributes'][name]!r} {word}"
        for span in run["spans"]
        for name, word in _TOKENS
        if name in span["attributes"]
    ]
    return ", ".join(found) or NONE


_CONTENT: Final = (
    ("gen_ai.system_instructions", "instructions"),
    ("gen_ai.tool.definitions", "tools"),
    ("gen_ai.input.messages", "in"),
    ("gen_ai.retrieval.query.text", "query"),
    ("gen_ai.output.messages", "out"),
    ("gen_ai.retrieval.documents", "documents"),
)


def _content(run: Run) -> str:
    found = [
        f"{word}: {_parts(span['attributes'][name])}"
        for span in run["spans"]
        for name, word in _CONTENT
        if name in span["attributes"]
    ]
    return "; ".join(found) or NONE


def _parts(text: str) -> str:
    """The types of a message's parts, or how many of something else there are."""
    try:
        content = json.loads(text)
    except ValueError:
        return "text"
    messages = [item for item in content if "parts" in item]
    if not messages:
        return str(len(content))
    return " / ".join(" + ".join(part["type"] for part in message["parts"]) or "empty" for message in messages)


_REQUEST: Final = ("gen_ai.request.", "openai.request.", "gen_ai.output.type", "gen_ai.conversation.")
_RESPONSE: Final = ("gen_ai.response.model", "gen_ai.response.status", "openai.response.", "openai.api.")


def _facts(prefixes: tuple[str, ...]) -> Callable[[Run], str]:
    def cell(run: Run) -> str:
        found = [
            f"`{name}` {_worded(value)}"
            for span in run["spans"]
            for name, value in sorted(span["attributes"].items())
            if name.startswith(prefixes)
        ]
        return "<br>".join(found) or NONE

    return cell


def _app(run: Run) -> str:
    return run["app"] or "the same"


def _server(run: Run) -> str:
    return run["request"] or "the same"


def _events(run: Run) -> str:
    return ", ".join(f"`{name}`" for name in run["events"]) or NONE


Column = tuple[str, Callable[[Run], str]]

_RECORDED: Final[tuple[Column, ...]] = (
    ("span", _span),
    ("finish reasons", _attribute("gen_ai.response.finish_reasons")),
    ("tokens", _tokens),
    ("content", _content),
    ("time to first chunk", _attribute("gen_ai.response.time_to_first_chunk")),
    ("app sees", _app),
    ("server gets", _server),
)
_ADDRESSED: Final[tuple[Column, ...]] = (
    ("span", _span),
    ("`gen_ai.provider.name`", _attribute("gen_ai.provider.name")),
    ("`server.address`", _attribute("server.address")),
    ("`server.port`", _attribute("server.port")),
    ("app sees", _app),
    ("server gets", _server),
)
_AROUND: Final[tuple[Column, ...]] = (
    ("span", _span),
    ("content on the span", _content),
    ("events", _events),
    ("tokens", _tokens),
    ("app sees", _app),
    ("server gets", _server),
)
_SETTINGS: Final[tuple[Column, ...]] = (
    ("span", _span),
    ("of the request", _facts(_REQUEST)),
    ("of the answer", _facts(_RESPONSE)),
    ("app sees", _app),
    ("server gets", _server),
)
_COLUMNS: Final = {
    "Settings, and facts of the answer": _SETTINGS,
    "Whose server": _ADDRESSED,
    "Content modes, and LangChain around the SDK": _AROUND,
}
"""By heading; `_RECORDED` for the others."""


# The page.


def page(runs: Mapping[str, Sequence[Run]]) -> str:
    """The whole document."""
    return "\n".join([*_head(runs), *_sums(runs), *_sections(runs), *_attributes(runs), *_metrics(runs)]) + "\n"


def _head(runs: Mapping[str, Sequence[Run]]) -> Iterator[str]:
    scenarios = {(run["heading"], run["scenario"]) for run in runs["genspan"]}
    versions = ", ".join(f"{name} {version}" for name, version in PINNED.items() if name != UPSTREAM)
    source = "../../tests/compared/openai_scenarios.py"
    yield f"""\
# genspan and upstream's instrumentation of OpenAI's SDK, side by side

Written by `make compared`; a test checks that it is what the script writes. Not edited by hand.

- **genspan** is this repository; **upstream** is OpenTelemetry's own `{UPSTREAM}` {PINNED[UPSTREAM]}.
- {len(scenarios)} [scenarios]({source}), each with the blocking and with the asynchronous client where both can:
  {len(runs["genspan"])} runs. Each runs bare, then instrumented, against a server on this machine, which answers alike.
  *app sees* and *server gets* compare the two: values, exceptions, warnings, log records and context on one side,
  requests byte for byte on the other.
- The content mode is `SPAN_ONLY` but where a line says otherwise.
- A line holds for both kinds of client, but where one is named.
- *content* gives the types of the parts, message by message (`/` between messages), or how many there are.
- Versions: {versions}.
"""


def _sums(runs: Mapping[str, Sequence[Run]]) -> Iterator[str]:
    counts: tuple[tuple[str, Callable[[Run], bool]], ...] = (
        ("runs", lambda run: True),
        ("a span was recorded", lambda run: bool(run["spans"])),
        ("a span never ended", lambda run: bool(run["open"])),
        ("the app saw a difference", lambda run: bool(run["app"])),
        ("the server got another request", lambda run: bool(run["request"])),
    )
    yield from _table(
        ("of the runs", *runs), [(what, *(str(sum(map(is_so, of))) for of in runs.values())) for what, is_so in counts]
    )


def _sections(runs: Mapping[str, Sequence[Run]]) -> Iterator[str]:
    for heading in dict.fromkeys(run["heading"] for run in runs["genspan"]):
        columns = _COLUMNS.get(heading, _RECORDED)
        scenarios = dict.fromkeys(run["scenario"] for run in runs["genspan"] if run["heading"] == heading)
        yield f"\n## {heading}\n"
        rows: list[tuple[str, ...]] = []
        for scenario in scenarios:
            of_scenario = {
                contender: [run for run in of if (run["heading"], run["scenario"]) == (heading, scenario)]
                for contender, of in runs.items()
            }
            rows.extend(_rows(scenario, of_scenario, columns))
        yield from _table(("scenario", "", *(name for name, _ in columns)), rows)


def _rows(scenario: str, runs: Mapping[str, Sequence[Run]], columns: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    """A line for all that recorded the same: of both, or of one, or of one with one kind of client."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for contender, of in runs.items():
        cells = {run["way"]: tuple(cell(run) for _, cell in columns) for run in of}
        alike = len(set(cells.values())) == 1
        for way, line in cells.items():
            who = contender if alike else f"{contender}, {way}"
            if who not in lines.setdefault(line, []):
                lines[line].append(who)
    for number, (line, who) in enumerate(lines.items()):
        yield (scenario if number == 0 else "", "both" if who == list(runs) else "; ".join(who), *line)


def _attributes(runs: Mapping[str, Sequence[Run]]) -> Iterator[str]:
    yield """
## Attributes

In how many runs a span has the attribute, of those without LangChain in which both recorded one span. Attributes that
both have equally often are left out.
"""
    paired = [pair for pair in zip(*map(_alone, runs.values()), strict=True) if all(run["spans"] for run in pair)]
    counts = [Counter(name for run in of for name in run["spans"][0]["attributes"]) for of in zip(*paired, strict=True)]
    yield from _table(("attribute", *runs), _unequal(counts))


def _metrics(runs: Mapping[str, Sequence[Run]]) -> Iterator[str]:
    yield """
## Metrics

In how many runs the metric was recorded, of those without LangChain. genspan records both generations of names, unless
`GENSPAN_SEMCONV` picks one.
"""
    counts = [Counter(name for run in _alone(of) for name in run["metrics"]) for of in runs.values()]
    rows = [(f"`{name}`", *(str(count[name]) for count in counts)) for name in sorted(set().union(*counts))]
    yield from _table(("metric", *runs), rows)


def _alone(runs: Sequence[Run]) -> list[Run]:
    """Those in which nothing but OpenAI's SDK is instrumented."""
    return [run for run in runs if run["langchain"] is None]


def _unequal(counts: Sequence[Counter[str]]) -> list[tuple[str, ...]]:
    names = sorted(set().union(*counts))
    return [
        (f"`{name}`", *(str(count[name]) for count in counts))
        for name in names
        if len({count[name] for count in counts}) > 1
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    for row in rows:
        yield _line([cell.replace("|", "\\|").replace("\n", " ") for cell in row])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Writes the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(observe()))


if __name__ == "__main__":
    main()
