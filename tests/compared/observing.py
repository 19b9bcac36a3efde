"""Runs every scenario under one instrumentation, and prints what it recorded, as JSON.

    PYTHONPATH=tests:semconv:instrumentation python -m compared.observing genspan | upstream

Each scenario runs bare first, then instrumented, so that what the app saw and what the server received can be compared.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final

from compared.openai_scenarios import SCENARIOS, Scenario
from support.openai_scenario import Server, run
from support.scripted_server import Request, ScriptedServer
from support.scripted_socket import ScriptedSocket
from support.sight import Sight
from support.telemetry import InMemoryTelemetry, instrumented
from support.ways import WAYS, Way

CONTENDERS: Final = {
    "genspan": ("genspan.instrumentation.openai", "genspan.instrumentation.langchain"),
    "upstream": ("opentelemetry.instrumentation.genai.openai", "opentelemetry.instrumentation.genai.langchain"),
}
"""Name to the packages of its instrumentors for OpenAI and LangChain."""

CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_TIMES: Final = ("gen_ai.response.time_to_first_chunk",)


@dataclass(frozen=True)
class Span:
    """A span that ended. Times are given as True, the port of the loopback server as "loopback"."""

    name: str
    kind: str
    status: str
    attributes: dict[str, Any]
    events: list[str]


@dataclass(frozen=True)
class Observation:
    """What one run of a scenario showed."""

    spans: list[Span]
    open: int
    """Spans that started and never ended."""
    metrics: list[str]
    events: list[str]
    app: str | None
    """What the app saw that it would not have seen bare."""
    request: str | None
    """What the server received that it would not have received."""


def observe(scenario: Scenario, way: Way, server: Server, contender: str) -> Observation:
    """Runs it bare and instrumented."""
    answers = scenario.answers
    bare, sent = run(scenario.body, way, server, answers)
    telemetry = InMemoryTelemetry()
    with _instrumented(scenario, contender, telemetry):
        seen, received = run(scenario.body, way, server, answers)
    return Observation(
        spans=[_span(span, server) for span in telemetry.spans],
        open=telemetry.open_spans,
        metrics=sorted(telemetry.metrics),
        events=sorted(str(event.log_record.event_name) for event in telemetry.events),
        app=_app_difference(bare, seen),
        request=_request_difference(sent, received),
    )


@contextmanager
def _instrumented(scenario: Scenario, contender: str, telemetry: InMemoryTelemetry) -> Iterator[None]:
    openai, own_langchain = CONTENDERS[contender]
    others = [langchain for name, (_, langchain) in CONTENDERS.items() if name != contender]
    langchains = {"own": [own_langchain], "other": others, None: []}[scenario.langchain]
    instrumentors = [
        import_module(openai).OpenAIInstrumentor(),
        *(import_module(package).LangChainInstrumentor() for package in langchains),
    ]
    os.environ[CAPTURE] = scenario.capture
    with ExitStack() as stack:
        for instrumentor in instrumentors:
            stack.enter_context(instrumented(instrumentor, telemetry))
            # It declines where it finds no version of the library that it knows, which would be no comparison.
            assert instrumentor.is_instrumented_by_opentelemetry
        yield


def _span(span: Any, server: Server) -> Span:
    attributes = dict(span.attributes or {})
    attributes.update({name: True for name in _TIMES if name in attributes})
    if attributes.get("server.port") == server.port:
        attributes["server.port"] = "loopback"
    return Span(
        name=span.name,
        kind=span.kind.name,
        status=span.status.status_code.name,
        attributes=attributes,
        events=[event.name for event in span.events],
    )


def _app_difference(bare: Sight, seen: Sight) -> str | None:
    if seen.values != bare.values:
        return _values_difference(bare.values, seen.values)
    for what in ("warnings", "logs", "unraisable"):
        fresh = [entry for entry in getattr(seen, what) if entry not in getattr(bare, what)]
        if fresh:
            return f"{what}: {_worded(sorted(fresh)[0])}"
    return None


def _values_difference(bare: Sequence[Any], seen: Sequence[Any]) -> str:
    was, now = next(((was, now) for was, now in zip(bare, seen, strict=False) if was != now), (bare[-1:], seen[-1:]))
    raised = _raised(now)
    if raised is not None:
        return f"raises {raised}, bare {_raised(was) or 'does not'}"
    names = [value[0] if isinstance(value, tuple) else type(value).__name__ for value in (was, now)]
    if names[0] != names[1]:
        return f"sees {names[1]}, bare {names[0]}"
    return f"sees another {names[0]}"


def _raised(value: Any) -> str | None:
    if isinstance(value, tuple) and isinstance(value[-1], dict) and "suppressed" in value[-1]:
        return f"{value[0].rpartition('.')[2]}: {', '.join(map(str, value[-1]['args'][1:]))}"
    return None


def _worded(entry: Any) -> str:
    return " ".join(entry) if isinstance(entry, tuple) else str(entry)


def _request_difference(sent: Sequence[Request], received: Sequence[Request]) -> str | None:
    if len(sent) != len(received):
        return f"{len(received)} requests, bare {len(sent)}"
    for was, now in zip(sent, received, strict=True):
        for part in ("body", "method", "path", "headers"):
            if getattr(was, part) != getattr(now, part):
                return f"another {part}"
    return None


def observations(contender: str) -> Iterator[dict[str, Any]]:
    """Every scenario in every way, in the order of the table."""
    with ScriptedServer() as http, ScriptedSocket() as socket:
        for heading, scenarios in SCENARIOS.items():
            for scenario in scenarios:
                for way in WAYS:
                    if scenario.only in (None, way.name):
                        found = observe(scenario, way, socket if scenario.over_socket else http, contender)
                        yield {
                            "heading": heading,
                            "scenario": scenario.name,
                            "way": way.name,
                            "langchain": scenario.langchain,
                            **asdict(found),
                        }


if __name__ == "__main__":
    json.dump(list(observations(sys.argv[1])), sys.stdout, default=list)
