"""The tree as it is seen, from traces made by hand."""

import io
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from genspan.distro.cli.messages import rendered as said
from genspan.distro.cli.tree import branches, rendered
from genspan.mlflow.entities import Span, Trace, TraceData, TraceInfo, TraceLocation, TraceState

MS = 1_000_000


def id_of(text: str, octets: int = 8) -> str:
    return b64encode(text.encode().rjust(octets, b"\0")).decode()


def span(
    span_id: str,
    parent: str | None,
    name: str,
    begin: int,
    end: int | None,
    *,
    status: str = "OK",
    events: list[Any] | None = None,
    **attributes: Any,
) -> Span:
    """A span whose attributes are MLflow's; two underscores in a name are a dot."""
    given = {"traceRequestId": "tr-" + "0" * 32, "spanType": "UNKNOWN", **attributes}
    return Span(
        {
            "trace_id": id_of("", 16),
            "span_id": id_of(span_id),
            "parent_span_id": id_of(parent) if parent else None,
            "name": name,
            "start_time_unix_nano": begin * MS,
            "end_time_unix_nano": None if end is None else end * MS,
            "status": {"code": f"STATUS_CODE_{status}", "message": ""},
            "events": events or [],
            "attributes": {f"mlflow.{key.replace('__', '.')}": json.dumps(value) for key, value in given.items()},
        }
    )


TRACE = Trace(
    TraceInfo(
        trace_id="tr-" + "0" * 32,
        trace_location=TraceLocation.from_experiment_id("0"),
        request_time=1_790_000_000_000,
        execution_duration=2400,
        state=TraceState.ERROR,
        request_preview="Can I return\nthe grinder? " * 8,
        trace_metadata={
            "mlflow.trace.tokenUsage": '{"input_tokens": 1500, "output_tokens": 20}',
            "mlflow.trace.cost": '{"total_cost": 0.3}',
        },
    ),
    TraceData(
        [
            span("a", None, "support_desk", 0, 2400, spanType="AGENT", status="ERROR"),
            span(
                "b",
                "a",
                "chat",
                0,
                1200,
                spanType="CHAT_MODEL",
                chat__tokenUsage={"input_tokens": 1500},
                llm__model="gpt-5.4-mini",
            ),
            span("c", "a", "tools", 1200, 2400, spanType="CHAIN"),
            span("d", "c", "search_policies", 1200, 1800, spanType="TOOL"),
            span("e", "d", "retrieve", 1201, 1202, spanType="RETRIEVER"),
            span(
                "f",
                "c",
                "look_up_order",
                1800,
                None,
                spanType="TOOL",
                status="ERROR",
                events=[
                    {
                        "name": "exception",
                        "time_unix_nano": 0,
                        "attributes": {"exception.type": "KeyError", "exception.message": "7"},
                    }
                ],
            ),
            span("g", "z", "orphan", 2399, 2400),
        ]
    ),
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


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("", "openai.RateLimitError: slow down"),
        ("slow down", "openai.RateLimitError: slow down"),
        ("RateLimitError: slow down", "RateLimitError: slow down"),
        ("openai.RateLimitError: slow down", "openai.RateLimitError: slow down"),
    ],
)
def test_what_failed_is_told_with_its_type(description: str, told: str) -> None:
    attributes = {"exception.type": "openai.RateLimitError", "exception.message": "slow down"}
    failed = span(
        "a", None, "chat", 0, 1, events=[{"name": "exception", "time_unix_nano": 0, "attributes": attributes}]
    )
    spans = [Span.from_dict({**failed.to_dict(), "status": {"code": "STATUS_CODE_ERROR", "message": description}})]
    console = Console(width=80)
    with console.capture() as captured:
        console.print(rendered(Trace(TRACE.info, TraceData(spans)), console.options))
    assert f"chat: {told}\n" in captured.get()


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
    assert sorted(branch.span.name for branch in branches(spans)) == sorted(span_id for span_id, _ in pairs)


def test_depth() -> None:
    spans = [span(str(depth), str(depth - 1), "step", 0, 1) for depth in range(3000)]
    assert [len(branch.levels) for branch in branches(spans)] == list(range(1, 3001))


MESSAGES = [{"role": "user", "content": "Where is order 7?"}]
CALL = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "look_up", "arguments": '{"id": 7}'}}]}


def test_messages_come_once_each_below_the_span_that_said_them_first() -> None:
    answer = {"role": "assistant", "content": "On its way. " + "x" * 5_000}
    spans = [
        span("a", None, "desk", 0, 9, spanType="AGENT", spanInputs={"messages": MESSAGES}),
        span("b", "a", "chat", 1, 2, spanType="CHAT_MODEL", spanInputs={"messages": MESSAGES}, spanOutputs=CALL),
        span(
            "c",
            "a",
            "chat",
            3,
            4,
            spanInputs={"messages": [*MESSAGES, CALL]},
            spanOutputs={"choices": [{"message": answer}]},
        ),
        span("d", "a", "no chat", 5, 6, spanInputs={"x": 1}),
    ]
    console = Console(file=io.StringIO(), width=80, record=True)
    for part in said(Trace(TRACE.info, TraceData(spans))):
        console.print(part)
    text = console.export_text()
    assert text.count("Where is order 7?") == text.count('look_up({"id":7})') == 1
    assert [line.split()[0] for line in text.splitlines() if line[:1].strip()] == ["desk", "chat", "chat"]
    assert "(1,012 characters more)" in text
