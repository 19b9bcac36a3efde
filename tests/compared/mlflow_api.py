"""Writes `docs/compared/mlflow.md`: what the same programs leave with the real MLflow and with genspan.

    PYTHONPATH=tests .venv/bin/python -m compared.mlflow_api

Both run MLflow's documented programs (`tests/documented`), and MLflow's own reader reads both. Every difference falls
under one of `REASONS`; the page lists those with an example each.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from documented.recording import Traces, outline, recorded, walk
from support.environments import ROOT

PAGE: Final = ROOT / "docs" / "compared" / "mlflow.md"


@dataclass(frozen=True)
class Difference:
    """One field that is not the same."""

    program: str
    field: str
    """`info.state`, `tags.<key>`, `metadata.<key>`, `tree`, `<span type>.inputs`, `<span type>.attribute.<key>`, …"""
    mlflow: Any
    genspan: Any


@dataclass(frozen=True)
class Reason:
    """Why fields differ. `fields` is a regular expression for the whole of `Difference.field`."""

    title: str
    fields: str
    verdict: str
    """`better`, `other words` or `gap`."""
    why: str


REASONS: Final = (
    Reason(
        "Model calls are named as the conventions name them",
        r"(CHAT_MODEL|EMBEDDING)\.name|tags\.mlflow\.traceName",
        "better",
        "`chat gpt-4.1-mini` says more than `Completions`, and is what every OpenTelemetry backend groups by.",
    ),
    Reason(
        "One model call, one span",
        r"tree",
        "better",
        "MLflow shows LangChain's model and the OpenAI call below it as two calls; here one span has what both know. "
        "A prompt's and a parser's steps are spans where `GENSPAN_LANGCHAIN_STEPS=all` asks for them.",
    ),
    Reason(
        "Request parameters are attributes of the conventions",
        r"(CHAT_MODEL|EMBEDDING)\.attribute\.(model|temperature|max_tokens|stream|stream_options|tools|instructions)",
        "other words",
        "MLflow copies every argument to an attribute of its name, beside the inputs; here they are "
        "`gen_ai.request.*`, the tools `mlflow.chat.tools`, once.",
    ),
    Reason(
        "What OpenTelemetry knows besides",
        r"[A-Z_]+\.attribute\.(gen_ai\.|openai\.|server\.|error\.type|mlflow\.spanFunctionName|session\.id|user\.id|mlflow\.trace(Tag|Metadata|Request|"
        r"Client|Response|State)).*",
        "better",
        "Operation, provider, server, finish reasons, response id, time to first chunk, cached and reasoning tokens; "
        "and what was said of the trace, so that other backends have it as well.",
    ),
    Reason(
        "Model, provider, usage and cost also where MLflow has none",
        r"(CHAT_MODEL|EMBEDDING)\.attribute\.mlflow\.(llm\.provider|llm\.cost|chat\.tokenUsage)|"
        r"metadata\.mlflow\.trace\.(cost|tokenUsage)|info\.token_usage",
        "better",
        "Providers are named, embeddings have usage and cost, cache writes are counted; costs are not rounded the same "
        "in the last binary digit.",
    ),
    Reason(
        "Inputs are what was asked, outputs what was answered",
        r"CHAT_MODEL\.(inputs|outputs)|EMBEDDING\.outputs",
        "other words",
        "Messages, tools and parameters in the shape that MLflow's UI renders, for every API alike; not the raw "
        "request and response. Vectors of embeddings are not stored: their dimension is.",
    ),
    Reason(
        "Inputs of embeddings are missing",
        r"EMBEDDING\.inputs",
        "gap",
        "The conventions have no attribute for the texts that are embedded.",
    ),
    Reason(
        "Results of a stranger's type",
        r"UNKNOWN\.(inputs|outputs)",
        "other words",
        "Objects of the OpenAI SDK as function arguments are written without the fields that are not set, or in "
        "another of the forms that they offer.",
    ),
    Reason(
        "No event for each chunk of a stream",
        r"CHAT_MODEL\.events",
        "better",
        "MLflow keeps every chunk as an event beside the whole answer. Here there is the answer, and the time to the "
        "first chunk. Generators of your own keep an event for each item, as in MLflow.",
    ),
    Reason(
        "Success leaves the status of instrumented calls unset",
        r"(CHAT_MODEL|EMBEDDING|CHAIN)\.status",
        "other words",
        "As OpenTelemetry's specification has it; the trace's state is OK.",
    ),
    Reason(
        "The format of messages that are none",
        r"[A-Z_]+\.attribute\.mlflow\.message\.format",
        "other words",
        "MLflow names a format also where a span processor has put something else in the messages' place.",
    ),
    Reason(
        "Previews are the words, without MLflow's JSON around them",
        r"info\.(request|response)_preview|metadata\.mlflow\.trace(Inputs|Outputs)",
        "other words",
        "JSON without spaces after colons and commas; where inputs are a chat, the question, and where they are one "
        "text, the text.",
    ),
    Reason(
        "Resource attributes are tags",
        r"tags\.(service|telemetry)\..*",
        "better",
        "Service name and distribution, as MLflow itself does it with OTLP spans.",
    ),
    Reason(
        "Where artifacts are",
        r"tags\.mlflow\.artifactLocation",
        "other words",
        "The path has the trace's id in it.",
    ),
    Reason(
        "Git facts are left out where there is no repository",
        r"metadata\.mlflow\.source\..*",
        "other words",
        "MLflow writes empty texts.",
    ),
    Reason(
        "Sizes are of what is stored",
        r"metadata\.mlflow\.trace\.(sizeBytes|sizeStats)",
        "other words",
        "Both count spans and bytes in the same way; what they store is not the same.",
    ),
    Reason(
        "No mark that the facts of a trace are final",
        r"metadata\.mlflow\.trace\.infoFinalized",
        "other words",
        "MLflow marks a trace whose client has stated its facts, so that spans which come later do not change them. "
        "Here they are stated anew from all spans whenever some come.",
    ),
)


def differences(mlflow: Traces, genspan: Traces) -> Iterator[Difference]:
    """All of them, program by program."""
    for program in sorted({*mlflow, *genspan}):
        for theirs, ours in zip_longest(mlflow.get(program, ()), genspan.get(program, ())):
            if theirs is None or ours is None:
                yield Difference(program, "trace", theirs, ours)
            else:
                yield from (Difference(program, *one) for one in _of_trace(theirs, ours))


def _of_trace(theirs: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    for name in ("state", "request_preview", "response_preview", "client_request_id"):
        yield from _unequal(f"info.{name}", getattr(theirs.info, name), getattr(ours.info, name))
    yield from _pairs("tags.", theirs.info.tags, ours.info.tags)
    yield from _pairs("metadata.", theirs.info.trace_metadata, ours.info.trace_metadata)
    spans = list(walk(theirs)), list(walk(ours))
    if [depth for depth, _ in spans[0]] != [depth for depth, _ in spans[1]]:
        yield "tree", outline(theirs), outline(ours)
        return
    for (_, their_span), (_, our_span) in zip(*spans, strict=True):
        yield from _of_span(their_span, our_span)


_AS_CONTENT: Final = ("mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.spanType", "mlflow.traceRequestId")


def _of_span(theirs: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    kind = theirs.span_type
    for name in ("name", "span_type", "inputs", "outputs"):
        yield from _unequal(f"{kind}.{name}", getattr(theirs, name), getattr(ours, name))
    yield from _unequal(f"{kind}.status", _status(theirs), _status(ours))
    yield from _unequal(
        f"{kind}.events", [event.name for event in theirs.events], [event.name for event in ours.events]
    )
    given = (
        {key: value for key, value in span.attributes.items() if key not in _AS_CONTENT} for span in (theirs, ours)
    )
    yield from _pairs(f"{kind}.attribute.", *given)


def _status(span: Any) -> tuple[str, str]:
    return span.status.status_code.value, span.status.description


def _pairs(prefix: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*theirs, *ours}):
        yield from _unequal(f"{prefix}{key}", theirs.get(key), ours.get(key))


def _unequal(field: str, theirs: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    if theirs != ours:
        yield field, theirs, ours


def reason_of(difference: Difference) -> Reason | None:
    """The reason that a difference falls under; None is one that nobody has explained."""
    return next((reason for reason in REASONS if re.fullmatch(reason.fields, difference.field)), None)


def observe() -> list[Difference]:
    """Runs both and compares."""
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for api in ("mlflow", "genspan"):
            (Path(folder) / api).mkdir()
            found[api] = recorded(api, Path(folder) / api)
    return list(differences(**found))


def page(found: Sequence[Difference]) -> str:
    """The page."""
    rows = []
    for reason in REASONS:
        under = sorted({one.field for one in found if reason_of(one) == reason})
        rows.append(f"| {reason.title} | {reason.verdict} | {reason.why} | {_listed(under)} |")
    return _INTRODUCTION.format(version=version("mlflow")) + "\n".join(rows) + "\n"


_INTRODUCTION: Final = """\
# The same programs with MLflow and with genspan

Written by `make compared`; not to be edited. The programs of MLflow's documentation
([tests/documented/programs](../../tests/documented/programs)) run twice against one loopback model server: with
`import mlflow` ({version}), and with `from genspan import mlflow` in its place and nothing else changed. MLflow's own
client reads both, and every field of traces, spans, tags and metadata is compared, but for ids and times.

What is not in this table is equal: the traces and their trees, states, sessions, users, tags, inputs and outputs of
your own functions, statuses, exceptions.

| difference | verdict | why | fields |
|---|---|---|---|
"""


_MOST_LISTED: Final = 6


def _listed(fields: Sequence[str]) -> str:
    short = sorted({re.sub(r"^[A-Z_]+\.attribute\.", "", field) for field in fields})
    named = ", ".join(f"`{field}`" for field in short[:_MOST_LISTED])
    return f"{named}, and {len(short) - _MOST_LISTED} more" if len(short) > _MOST_LISTED else named


if __name__ == "__main__":
    PAGE.write_text(page(observe()))
