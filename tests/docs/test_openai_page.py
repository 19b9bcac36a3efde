"""`docs/openai.md` says what is so: its example gives the span it shows, and it names all that is covered."""

from __future__ import annotations

import functools
import json
import re
from itertools import groupby
from pathlib import Path

import pytest
from openai import OpenAI

from genspan.instrumentation.core import Method
from genspan.instrumentation.openai import TARGETS, OpenAIInstrumentor
from genspan.instrumentation.openai.endpoint import HOSTS
from support.openai_wire import text_chunks
from support.scripted_server import ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry, instrumented

PAGE = (Path(__file__).parents[2] / "docs" / "openai.md").read_text()
ELSEWHERE = {"server.address", "server.port", "gen_ai.response.time_to_first_chunk"}
"""What is another here than at OpenAI's."""


def _block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[-1]


def test_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(_block("json"))
    telemetry = InMemoryTelemetry()
    with ScriptedServer() as server, instrumented(OpenAIInstrumentor(), telemetry, capture="SPAN_ONLY"):
        server.script(Sse(text_chunks()))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        exec(_block("python"), {})
    span = telemetry.span
    recorded = {name: list(value) if isinstance(value, tuple) else value for name, value in span.attributes.items()}
    assert capsys.readouterr().out == "Paris.\n"
    assert (span.name, span.kind.name, span.status.status_code.name) == (shown["name"], shown["kind"], shown["status"])
    assert recorded.keys() == shown["attributes"].keys()
    assert {name: value for name, value in recorded.items() if name not in ELSEWHERE} == {
        name: value for name, value in shown["attributes"].items() if name not in ELSEWHERE
    }


def _calls() -> set[str]:
    """Every method that is an operation, as an app writes it: `chat.completions.create`."""
    calls = set()
    for target in TARGETS:
        path = target.module.removeprefix("openai.resources.").split(".")
        if isinstance(target.does, Method) and path[0] != "beta":
            # `responses` is defined in `responses.responses`.
            calls.add(".".join([*(name for name, _ in groupby(path)), target.name.partition(".")[2]]))
    return calls


def _named() -> set[str]:
    """The calls of the table, where `.parse` after `chat.completions.create` is `chat.completions.parse`."""
    named = set()
    for line in re.findall(r"^\| (`.*?) \| `", PAGE, re.MULTILINE):
        resource = ""
        for call in re.findall(r"`([\w.]+)`", line):
            resource = resource if call.startswith(".") else call.rpartition(".")[0]
            named.add(f"{resource}.{call.rpartition('.')[2]}")
    return named


def test_every_call_is_named() -> None:
    # `.stream()` calls `create` or `parse`, and is nothing that is wrapped.
    helpers = {"chat.completions.stream", "responses.stream"}
    assert _named() - helpers - _connections() == _calls()


def _connections() -> set[str]:
    return {call for call in _named() if call.endswith(".connect")}


def test_every_connection_is_one_of_the_sdks() -> None:
    assert len(_connections()) >= 3
    client = OpenAI(api_key="none")
    for call in _connections():
        assert callable(functools.reduce(getattr, call.split("."), client))


def test_every_provider_is_named() -> None:
    assert {provider for _, provider in HOSTS if str(provider) not in PAGE} == set()
