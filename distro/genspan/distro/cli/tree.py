"""A trace as a tree in the terminal: what ran, as what, how long, with how many tokens, on which model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import ConsoleOptions, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from genspan.exporters.mlflow.model import Cost, MlflowSpan, MlflowTrace, TokenUsage

_WIDE = 110
"""Columns from which on there is room for the timeline."""
_TIMELINE = 24
_GUIDES = ("   ", "│  ", "├─ ", "└─ ")
_ASCII_GUIDES = ("   ", "|  ", "|- ", "`- ")
_JUSTIFIED: tuple[JustifyMethod, ...] = ("left", "left", "right", "right", "left", "left", "left")
_STATES = {"OK": "green", "ERROR": "bold red", "IN_PROGRESS": "yellow"}
_TYPES = {"AGENT": "magenta", "CHAT_MODEL": "cyan", "LLM": "cyan", "TOOL": "yellow", "RETRIEVER": "blue"}


@dataclass(frozen=True, slots=True)
class Branch:
    """A span in its place: for each level above it whether more follows there, and whether more follows beside it."""

    span: MlflowSpan
    levels: tuple[bool, ...]


def rendered(trace: MlflowTrace, options: ConsoleOptions) -> RenderableType:
    """The trace: facts, previews, the tree, and the errors. `options` are those of the console to print on."""
    return Group(*_head(trace), Text(), _tree(trace, options), *_errors(trace.spans), Text())


def branches(spans: Sequence[MlflowSpan]) -> list[Branch]:
    """The spans as they are printed, children below their parent, in the order they are given in.

    A span whose parent is not among them is a root. Each span comes once, whatever the parents say.
    """
    ids = {span.span_id for span in spans}
    children: dict[str | None, list[MlflowSpan]] = {}
    for span in spans:
        children.setdefault(span.parent_span_id if span.parent_span_id in ids else None, []).append(span)
    found: list[Branch] = []
    pending = _beside(children.pop(None, []), ())
    while pending:
        branch = pending.pop()
        found.append(branch)
        pending += _beside(children.pop(branch.span.span_id, []), branch.levels)
    # What is left goes round in circles.
    return found + [Branch(span, (False,)) for beside in children.values() for span in beside]


def _beside(spans: Sequence[MlflowSpan], above: tuple[bool, ...]) -> list[Branch]:
    """Branches of the same parent, the last one first: as a stack takes them."""
    return [Branch(span, (*above, span is not spans[-1])) for span in reversed(spans)]


def _head(trace: MlflowTrace) -> Iterator[RenderableType]:
    started = datetime.fromtimestamp(trace.request_time / 1000).astimezone()
    facts = [
        (trace.state, _STATES.get(trace.state, "")),
        (duration(trace.execution_duration, 1e-3), ""),
        (f"{tokens(trace.usage)} tokens" if trace.usage else "", ""),
        (cost(trace.cost), ""),
    ]
    told = [Text(text, style) for text, style in facts if text]
    yield Text("  ").join([Text(trace.name or "trace", "bold"), *told])
    yield Text(f"{trace.trace_id}  {started:%Y-%m-%d %H:%M:%S}", "dim")
    for label, preview in (("Request ", trace.request_preview), ("Response", trace.response_preview)):
        if preview:
            line = Text.assemble((f"{label}  ", "dim"), " ".join(preview.split()))
            line.no_wrap, line.overflow = True, "ellipsis"
            yield line


def _tree(trace: MlflowTrace, options: ConsoleOptions) -> RenderableType:
    if not trace.spans:
        return Text("The file holds no spans of this trace.", "dim")
    rows = [_row(branch, trace.spans, options) for branch in branches(trace.spans)]
    columns = [column for column in zip(_JUSTIFIED, *rows, strict=True) if any(column[1:])]
    table = Table.grid(padding=(0, 2, 0, 0))
    for index, (justify, *_) in enumerate(columns):
        # rich narrows columns that may wrap before the others: names give way first, cut off since their text may not.
        table.add_column(no_wrap=index > 0, justify=justify, overflow="ellipsis")
    for row in zip(*(cells for _, *cells in columns), strict=True):
        table.add_row(*row)
    return table


def _row(branch: Branch, spans: Sequence[MlflowSpan], options: ConsoleOptions) -> tuple[Text, ...]:
    """Name, type, duration, tokens, model, timeline, failure."""
    span = branch.span
    failed = span.status_code == "STATUS_CODE_ERROR"
    guides, mark = (_ASCII_GUIDES, "=") if options.ascii_only else (_GUIDES, "━")
    return (
        Text.assemble((_guide(branch.levels, guides), "dim"), (span.name, "red" if failed else ""), no_wrap=True),
        Text(span.type or "", _TYPES.get(span.type or "", "dim")),
        Text(duration(_nanoseconds(span), 1e-9) or "unfinished"),
        Text(tokens(span.usage)),
        Text(span.model_name or ""),
        Text(_timeline(span, spans, mark) if options.max_width >= _WIDE else "", "dim"),
        Text("ERROR" if failed else "", "red"),
    )


def _guide(levels: tuple[bool, ...], guides: tuple[str, str, str, str]) -> str:
    blank, line, fork, end = guides
    *above, more = levels[1:] or (None,)
    if more is None:
        return ""
    return "".join(line if continues else blank for continues in above) + (fork if more else end)


def _timeline(span: MlflowSpan, spans: Sequence[MlflowSpan], mark: str) -> str:
    """When the span ran within the trace: a bar, at least one mark long."""
    begin = min(each.start_time_unix_nano for each in spans)
    end = max(each.end_time_unix_nano or each.start_time_unix_nano for each in spans)
    scale = _TIMELINE / max(end - begin, 1)
    first = min(int((span.start_time_unix_nano - begin) * scale), _TIMELINE - 1)
    last = round(((span.end_time_unix_nano or end) - begin) * scale)
    return " " * first + mark * max(last - first, 1)


def _errors(spans: Sequence[MlflowSpan]) -> Iterator[RenderableType]:
    failed = [span for span in spans if span.status_code == "STATUS_CODE_ERROR"]
    if failed:
        yield Text()
    for span in failed:
        yield Text.assemble((f"{span.name}: ", "red"), " ".join((span.status_message or _raised(span)).split()))


def _raised(span: MlflowSpan) -> str:
    """What an exception event says of a failure that has no message."""
    for event in reversed(span.events):
        told = event.get("attributes", {})
        if "exception.type" in told:
            return f"{told['exception.type']}: {told.get('exception.message', '')}"
    return "failed"


def _nanoseconds(span: MlflowSpan) -> int | None:
    return None if span.end_time_unix_nano is None else span.end_time_unix_nano - span.start_time_unix_nano


def duration(amount: int | None, unit: float) -> str:
    """A time for people to read; `unit` is what one of `amount` is in seconds. Empty where it is not known."""
    if amount is None:
        return ""
    seconds = amount * unit
    if seconds < 0.00995:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def tokens(usage: TokenUsage | None) -> str:
    """Tokens in and out: `412 → 31`; only those in for what has no answer, as embeddings. Empty where not known."""
    if usage is None:
        return ""
    if usage.output_tokens is None and usage.input_tokens is not None:
        return f"{usage.input_tokens:,}"
    counts = ("?" if count is None else f"{count:,}" for count in (usage.input_tokens, usage.output_tokens))
    return " → ".join(counts)


def cost(amount: Cost | None) -> str:
    """US dollars: `$0.0012`, with more digits where it takes them. Empty where they are not known."""
    if amount is None:
        return ""
    return f"${amount.total_cost:.4f}" if amount.total_cost >= 0.001 else f"${amount.total_cost:.6f}"
