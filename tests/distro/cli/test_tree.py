"""The tree as it is seen, from traces made by hand."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from genspan.distro.cli.tree import branches, cost, duration, rendered, tokens
from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage

MS = 1_000_000


def span(span_id: str, parent: str | None, name: str, begin: int, end: int | None, **facts: object) -> MlflowSpan:
    return MlflowSpan(
        trace_id="0" * 32,
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        kind="SPAN_KIND_INTERNAL",
        start_time_unix_nano=begin * MS,
        end_time_unix_nano=None if end is None else end * MS,
        status_code=str(facts.pop("status_code", "STATUS_CODE_OK")),
        status_message=str(facts.pop("status_message", "")),
        type=str(facts.pop("type", "UNKNOWN")),
        attributes={},
        **facts,  # type: ignore[arg-type]
    )


TRACE = MlflowTrace(
    trace_id="tr-" + "0" * 32,
    request_time=1_790_000_000_000,
    execution_duration=2400,
    state="ERROR",
    name="support_desk",
    request_preview="Can I return\nthe grinder? " * 8,
    usage=TokenUsage(1500, 20),
    cost=Cost(0.1, 0.2, 0.3),
    spans=[
        span("a", None, "support_desk", 0, 2400, type="AGENT", status_code="STATUS_CODE_ERROR"),
        span("b", "a", "chat", 0, 1200, type="CHAT_MODEL", usage=TokenUsage(1500, None), model_name="gpt-5.4-mini"),
        span("c", "a", "tools", 1200, 2400, type="CHAIN"),
        span("d", "c", "search_policies", 1200, 1800, type="TOOL"),
        span("e", "d", "retrieve", 1201, 1202, type="RETRIEVER"),
        span(
            "f",
            "c",
            "look_up_order",
            1800,
            None,
            type="TOOL",
            status_code="STATUS_CODE_ERROR",
            events=[{"name": "exception", "attributes": {"exception.type": "KeyError", "exception.message": "7"}}],
        ),
        span("g", "elsewhere", "orphan", 2399, 2400),
    ],
)


def printed(width: int, encoding: str = "utf-8", colour: bool = False) -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=file, width=width, force_terminal=colour, legacy_windows=False)
    console.print(rendered(TRACE, console.options))
    file.flush()
    file.seek(0)
    return [line.rstrip() for line in file.read().splitlines()]


def test_eighty_columns() -> None:
    assert printed(80)[2:] == [
        "Request   Can I return the grinder? Can I return the grinder? Can I return the …",
        "",
        "support_desk           AGENT           2.40 s                       ERROR",
        "├─ chat                CHAT_MODEL      1.20 s  1,500  gpt-5.4-mini",
        "└─ tools               CHAIN           1.20 s",
        "   ├─ search_policies  TOOL            600 ms",
        "   │  └─ retrieve      RETRIEVER       1.0 ms",
        "   └─ look_up_order    TOOL        unfinished                       ERROR",
        "orphan                 UNKNOWN         1.0 ms",
        "",
        "support_desk: failed",
        "look_up_order: KeyError: 7",
        "",
    ]


def test_names_give_way_first() -> None:
    lines = printed(64)
    assert lines[7] == "   ├─ searc…  TOOL            600 ms"
    assert lines[5].endswith("CHAT_MODEL      1.20 s  1,500  gpt-5.4-mini")


def test_a_wide_terminal_shows_when_each_span_ran() -> None:
    bars = ["".join(mark for mark in line if mark in "━ ") for line in printed(120)[4:11]]
    assert [bar.count("━") for bar in bars] == [24, 12, 12, 6, 1, 6, 1]


@pytest.mark.parametrize("width", [40, 80, 110, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_fits(width: int, encoding: str) -> None:
    assert all(len(line) <= width for line in printed(width, encoding))


def test_colour_only_on_terminals() -> None:
    assert "\x1b" in "".join(printed(80, colour=True))
    assert "\x1b" not in "".join(printed(80))


_IDS = st.sampled_from("abcdef")


@given(st.lists(st.tuples(_IDS, st.none() | _IDS), unique_by=lambda pair: pair[0]))
def test_every_span_comes_once_whatever_the_parents_say(pairs: list[tuple[str, str | None]]) -> None:
    spans = [span(span_id, parent, span_id, 0, 1) for span_id, parent in pairs]
    assert sorted(branch.span.span_id for branch in branches(spans)) == sorted(span_id for span_id, _ in pairs)


def test_depth() -> None:
    spans = [span(str(depth), str(depth - 1), "step", 0, 1) for depth in range(3000)]
    assert [len(branch.levels) for branch in branches(spans)] == list(range(1, 3001))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.0499, "50 ms"),
        (0.9994, "999 ms"),
        (0.9999, "1.00 s"),
        (61, "1 min 1 s"),
        (3599.9, "60 min 0 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(round(seconds * 1e9), 1e-9) == text


def test_numbers_that_are_not_known() -> None:
    assert (duration(None, 1), tokens(None), cost(None)) == ("", "", "")
    assert cost(Cost(0, 0, 0.0000076)) == "$0.000008"
