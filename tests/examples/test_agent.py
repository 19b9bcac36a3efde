"""The example app by itself: no tracing, the loopback server in place of OpenAI."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genspan.distro.demo.server import running

AGENT = Path(__file__).parents[2] / "examples" / "agent.py"


def run(*command: str, **environ: str) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, bytes]]]:
    """Runs the agent, and gives what it said and what the server was sent: path and body of each request."""
    requests: list[tuple[str, bytes]] = []
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "OPENAI_", "MLFLOW_"))}
    with running(observe=lambda path, body: requests.append((path, body))) as server:
        openai = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": server.base_url, "OPENAI_MODEL": "some-model"}
        done = subprocess.run(
            command, env=clean | openai | environ, capture_output=True, text=True, timeout=180, check=True
        )
    return done, requests


@pytest.mark.slow
def test_agent_answers() -> None:
    done, sent = run(sys.executable, str(AGENT))
    requests = [(path, json.loads(body)) for path, body in sent]
    assert done.stderr == ""
    summary, answer = (done.stdout.partition(label)[2] for label in ("Summary:", "Answer:"))
    assert "cracked" in summary
    assert "total 193.90 EUR" in answer
    assert "We pay the return postage" in answer

    assert [path for path, _ in requests] == [
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/chat/completions",
    ]
    chats = [body for path, body in requests if path == "/v1/chat/completions"]
    assert [body.get("stream", False) for body in chats] == [True, False, False]
    assert {body["model"] for body in chats} == {"some-model"}
    results = {message["tool_call_id"] for message in chats[-1]["messages"] if message["role"] == "tool"}
    calls = [call for message in chats[-1]["messages"] for call in message.get("tool_calls") or ()]
    assert {call["id"] for call in calls} == results
    assert {call["function"]["name"]: json.loads(call["function"]["arguments"]).keys() for call in calls} == {
        "look_up_order": {"order_id"},
        "search_policies": {"query"},
    }


@pytest.mark.slow
def test_traced_agent_says_and_sends_the_same(tmp_path: Path) -> None:
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    file = tmp_path / "mlflow.db"
    bare, sent_bare = run(sys.executable, str(AGENT))
    traced, sent_traced = run(str(instrument), sys.executable, str(AGENT), MLFLOW_TRACKING_URI=f"sqlite:///{file}")
    assert file.exists()
    assert (traced.stdout, traced.stderr) == (bare.stdout, bare.stderr)
    assert unnumbered(sent_traced) == unnumbered(sent_bare)


def unnumbered(requests: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The requests without the ids that the server makes anew in each run."""
    return [(path, re.sub(rb"call_\w+", b"call", body)) for path, body in requests]


def test_agent_knows_nothing_of_tracing() -> None:
    source = AGENT.read_text()
    assert "genspan" not in source
    assert "opentelemetry" not in source.lower()
