"""Writes the tables of metrics.md: which metrics there are, and which operation has which.

`python docs/metric_tables.py` writes them into the page, `--check` fails where they are not up to date. Units, buckets
and attributes come from the conventions' table; that each operation has what MEASURED says, and nothing else, is for
tests/e2e/test_metrics.py to see.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genspan.instrumentation.core.operations import MODERATION
from genspan.semconv import metrics
from genspan.semconv.metrics import METRICS, Metric
from genspan.semconv.values import OperationName

PAGE: Final = Path(__file__).with_name("metrics.md")

_INFERENCE: Final = (
    metrics.GEN_AI_CLIENT_INFERENCE_DURATION,
    metrics.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK,
    metrics.GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK,
    metrics.GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS,
    metrics.GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS,
    metrics.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
    metrics.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
    metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
    metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
    metrics.GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
)
_OLDER: Final = (
    metrics.GEN_AI_CLIENT_OPERATION_DURATION,
    metrics.GEN_AI_CLIENT_TOKEN_USAGE,
    metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
    metrics.GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
)


@dataclass(frozen=True)
class Measured:
    """An operation and what is measured of it, by the value of `GENSPAN_SEMCONV`."""

    operation: str
    calls: str
    """Of the libraries, in Markdown."""
    latest: tuple[Metric, ...]
    older: tuple[Metric, ...]
    """For `1.37`. Where the variable is not set, both are recorded."""


def _always(operation: str, calls: str, *measured: Metric) -> Measured:
    """An operation whose metrics have not been renamed."""
    return Measured(operation, calls, measured, measured)


MEASURED: Final = (
    Measured(
        OperationName.CHAT,
        "chat completions, Responses, Realtime; LangChain's chat models",
        _INFERENCE,
        _OLDER,
    ),
    Measured(OperationName.TEXT_COMPLETION, "completions; LangChain's other models", _INFERENCE, _OLDER),
    Measured(
        OperationName.GENERATE_CONTENT, "images, speech, transcriptions, translations, decisions", _INFERENCE, _OLDER
    ),
    Measured(
        OperationName.EMBEDDINGS,
        "embeddings; LangChain's embeddings",
        (metrics.GEN_AI_CLIENT_OPERATION_DURATION,),
        (metrics.GEN_AI_CLIENT_OPERATION_DURATION, metrics.GEN_AI_CLIENT_TOKEN_USAGE),
    ),
    _always(
        OperationName.RETRIEVAL,
        "searches of vector stores; LangChain's retrievers",
        metrics.GEN_AI_CLIENT_OPERATION_DURATION,
    ),
    _always(OperationName.FETCH_RESPONSE, "`responses.retrieve`", metrics.GEN_AI_CLIENT_OPERATION_DURATION),
    _always(MODERATION, "moderations", metrics.GEN_AI_CLIENT_OPERATION_DURATION),
    _always(
        OperationName.INVOKE_AGENT,
        "LangChain's and LangGraph's agents",
        metrics.GEN_AI_INVOKE_AGENT_DURATION,
        metrics.GEN_AI_INVOKE_AGENT_INFERENCE_CALLS,
        metrics.GEN_AI_INVOKE_AGENT_TOOL_CALLS,
    ),
    _always(OperationName.EXECUTE_TOOL, "LangChain's tools", metrics.GEN_AI_EXECUTE_TOOL_DURATION),
    _always(OperationName.INVOKE_WORKFLOW, "chains and graphs", metrics.GEN_AI_INVOKE_WORKFLOW_DURATION),
)

RECORDED: Final = tuple(metric for metric in METRICS if any(metric in (*row.latest, *row.older) for row in MEASURED))
"""In the conventions' order. What they have beside these is of model servers and of MCP, which nothing here records."""


def _operations() -> Iterator[str]:
    yield "| operation | calls | metrics |"
    yield "|---|---|---|"
    for row in MEASURED:
        yield f"| `{row.operation}` | {row.calls} | {_metrics_of(row)} |"


def _metrics_of(row: Measured) -> str:
    if row.latest is _INFERENCE:
        return "all `gen_ai.client.inference.*`; by their older names all other `gen_ai.client.*`"
    older = [metric for metric in row.older if metric not in row.latest]
    names = ", ".join(f"`{metric.name}`" for metric in row.latest)
    return names + "".join(f"; with the older names also `{metric.name}`" for metric in older)


def _metrics() -> Iterator[str]:
    yield "| metric | | buckets | attributes |"
    yield "|---|---|---|---|"
    for metric in RECORDED:
        common = _COMMON if set(metric.attributes) >= _COMMON else set()
        attributes = [f"`{name}`" for name in metric.attributes if name not in common]
        yield (
            f"| `{metric.name}` | {metric.instrument}, {_unit(metric)} | {_buckets(metric)} "
            f"| {', '.join((['common'] if common else []) + attributes)} |"
        )


_COMMON: Final = set.intersection(
    *(set(metric.attributes) for metric in RECORDED if "gen_ai.operation.name" in metric.attributes)
)


def _unit(metric: Metric) -> str:
    return f"`{metric.unit}`" + ("" if metric.generation == "main" else ", older name")


def _buckets(metric: Metric) -> str:
    if metric.buckets is None:
        return ""
    first, second, *_, last = (f"{bound:g}" if bound < 1e4 else f"{bound:,}" for bound in metric.buckets)
    return f"{first}, {second} … {last}"


def _common() -> Iterator[str]:
    yield ", ".join(f"`{name}`" for name in metrics.GEN_AI_CLIENT_OPERATION_DURATION.attributes if name in _COMMON)


TABLES: Final = {"operations": _operations, "metrics": _metrics, "common attributes": _common}


def filled(page: str) -> str:
    """The page with every table in it written anew, each between two comments that name it.

    Raises ValueError where the page has no place for a table.
    """
    for name, lines in TABLES.items():
        begin, end = f"<!-- {name}: written by docs/metric_tables.py -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{PAGE.name} has no place for the table of {name}")
        page = before + "\n".join((begin, "", *lines(), "", end)) + after
    return page


def main() -> None:
    """Writes the tables, or says whether they are up to date."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(filled(page), encoding="utf-8")
    elif page != filled(page):
        sys.exit(f"{PAGE} is not up to date: run python docs/metric_tables.py")


if __name__ == "__main__":
    main()
