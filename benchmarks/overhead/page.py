"""Writes `docs/performance.md` and its chart from the result file.

python -m benchmarks.overhead.page            writes both
python -m benchmarks.overhead.page --check    fails where the page is not what the result file says
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .answers import CHUNKS, TEXTS
from .calls import CALLS_OF_A_THREAD, TASKS, THREADS
from .contenders import CONTENDERS
from .driver import ROOT
from .sections import CALLS_HELD, CHUNKS_READ, OPEN_STREAMS
from .tables import TABLES, Json, spread, summary

RESULT: Final = ROOT / "benchmarks" / "results" / "overhead.json"
PAGE: Final = ROOT / "docs" / "performance.md"
CHART: Final = ROOT / "docs" / "performance.png"
README: Final = ROOT / "README.md"
BEGIN: Final = "<!-- written by make bench -->"
END: Final = "<!-- until here -->"

HEAD: Final = """\
# What recording costs

Written by `make bench` from `benchmarks/results/overhead.json`, and not edited by hand. Times differ between machines:
compare the columns, which are of one run.

![CPU time that recording adds to a call](performance.png)
"""

CALLS: Final = f"""
## A call

CPU time that recording a call adds to the app, prompts and answers included: the median of the rounds, ± half the
distance between the quartiles. *bare call* is what the call takes without.

- **by hand** is a span with the attributes that genspan gives it ([compared in a
  test](../tests/benchmarks/test_by_hand.py)), written into the app around the call: no wrapping, no care for odd
  answers. No instrumentation can cost less.
- The others run as their manuals say, in environments of their own with the same versions of everything they share,
  and record prompts and answers too. Spans go to OpenTelemetry's batch processor, and are thrown away there. MLflow
  has no such processor: its autologging writes to a SQLite file from threads of its own, which are not counted here.
- OpenAI's SDK is answered from memory, so nothing waits for a network. A stream has {CHUNKS} chunks; embeddings are
  of {TEXTS} texts; {TASKS} tasks make a call each; {THREADS} threads make {CALLS_OF_A_THREAD} calls each. LangChain's
  agent asks a model, runs a tool and asks the model again, with LangChain alone instrumented where no row says more.
- Each contender has a process, and in every round each does the work bare, then recorded, one after the other. What
  OpenLLMetry has instrumented stays so: its bare calls are in a process beside it. MLflow makes one
  call where the others make {CONTENDERS["mlflow"].fewer}.
- The order in sets, and when glibc gives memory back to the system, are set to the same for all: by chance, they change
  what a call with a large prompt takes by half.
"""

WITHOUT: Final = """
## Recording less

What recording adds to a call without its content, and what is left of it where nothing is recorded. The first line is a
chat completion with a prompt of 10 kB, as above. The others are of the SDK's method alone, which returns a ready-made
completion: beside HTTP and parsing, so little could not be seen.

*Sampled out* is by a sampler that drops every span, which genspan knows and does not ask; nor does it inside a span
that is not sampled, as in a request that the web framework's span was sampled out for. A span that begins a trace and
is dropped by a ratio takes what OpenTelemetry's SDK takes to say so, which is most of *by hand*, and some µs more.
"""

EXPORTS: Final = """
## Until it is exported

CPU time of the whole process with all its threads, from the call until its spans have arrived, less what the bare call
takes: into a SQLite file as an MLflow trace, or by OTLP over HTTP to a server on loopback, in another process, that
answers and keeps nothing. Some hundred calls are flushed at once; one by one, each costs more.
"""

START_UP: Final = """
## Starting

What importing the instrumentation of OpenAI's SDK and switching it on adds to the start of a program, measured in fresh
processes: after the program has imported `openai`; and after it has imported OpenTelemetry's SDK as well, which whoever
exports spans needs anyway. *packages* are those imported that were not yet there.
"""

MEMORY: Final = f"""
## Memory

As `tracemalloc` counts it, beyond what bare calls hold.

- *kB, 1,000 calls*: what a thousand calls with a prompt of 1 kB hold until they are exported; *left*, after that. Both
  from {CALLS_HELD} calls.
- *blocks*: of Python's own allocator, as `sys.getallocatedblocks` counts them, that a call holds until it is exported.
  What is allocated and freed again during a call is in none of these figures, but in *at most*: the bytes that are held
  in the course of one call with such a prompt, where there are most. `orjson`, by which genspan and the spans by hand
  encode, reserves eight times the length of a text, most of which it never touches.
- *an open stream*: one of {OPEN_STREAMS} that are read to the {CHUNKS_READ}th chunk.
- MLflow exports from threads of its own meanwhile, so that what a call holds cannot be told apart.
"""

ENDURANCE: Final = """
## In the long run

What a process holds after so many calls recorded by genspan: resident memory, and blocks of Python's own allocator. The
chat completions are written to a SQLite file; of the streams three chunks are read, and then they are dropped, neither
read to the end nor closed.
"""

WORDS: Final = {
    "calls": CALLS,
    "without": WITHOUT,
    "exports": EXPORTS,
    "start_up": START_UP,
    "memory": MEMORY,
    "endurance": ENDURANCE,
}


def page(result: Json) -> str:
    """The whole document."""
    lines = [HEAD.rstrip()]
    for name, words in WORDS.items():
        lines += [words.rstrip(), "", *TABLES[name](result)]
        lines += _after(name, result)
    return "\n".join([*lines, *_circumstances(result["circumstances"])]) + "\n"


def _after(section: str, result: Json) -> Iterator[str]:
    if section == "calls" and "genspan" in result["calls"].get("stream", {}):
        streamed = result["calls"]["stream"]["genspan"]["added"]
        per_chunk = {key: value / CHUNKS for key, value in streamed.items()}
        yield f"\nA chunk of a stream costs genspan {spread(per_chunk)} µs."
    if section == "start_up":
        packages = ", ".join(f"`{name}`" for name in result["start_up"]["imported_first"])
        yield (
            "\ngenspan imports no library that the app has not imported. Switched on for everything at the start of a\n"
            f"program, before any other import, it brings these packages: {packages}."
        )


def _circumstances(facts: Json) -> Iterator[str]:
    modified = ", with changes" if facts["modified"] else ""
    versions = ", ".join(f"{name} {at}" for name, at in facts["packages"].items())
    yield f"""
## Where and when

- {facts["date"]}, commit `{facts["commit"]}`{modified}; {facts["rounds"]} rounds.
- {facts["processor"]}, {facts["cores"]} cores, load {facts["load"]} at the start.
- {facts["system"]}, Python {facts["python"]}.
- {versions}."""
    for name, packages in facts["contenders"].items():
        if packages:
            pinned = ", ".join(f"{package} {at}" for package, at in packages.items())
            yield f"- {CONTENDERS[name].title}: {pinned}."


def in_readme(readme: str, result: Json) -> str:
    """The README with the table of `tables.summary` between its two marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    return "\n".join([before + begin, "", *summary(result), "", end + after])


def texts(result: Json) -> dict[Path, str]:
    """What the files say that are written from the result."""
    return {PAGE: page(result), README: in_readme(README.read_text(), result)}


def write() -> None:
    """Writes the page, its chart, and the README's table."""
    from .chart import draw

    result = json.loads(RESULT.read_text())
    for path, text in texts(result).items():
        path.write_text(text)
    draw(result, CHART)


def main() -> None:
    if sys.argv[1:] != ["--check"]:
        write()
        return
    for path, text in texts(json.loads(RESULT.read_text())).items():
        if path.read_text() != text:
            sys.exit(f"{path.name} is not what the result file says: run python -m benchmarks.overhead.page")


if __name__ == "__main__":
    main()
