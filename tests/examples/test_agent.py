"""The example app by itself: no tracing, the loopback server in place of OpenAI."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running

AGENT = Path(__file__).parents[2] / "examples" / "agent.py"


@pytest.mark.slow
def test_agent_answers() -> None:
    requests: list[tuple[str, Any]] = []
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "OPENAI_"))}
    with running(observe=lambda path, body: requests.append((path, json.loads(body)))) as server:
        done = subprocess.run(
            [sys.executable, str(AGENT)],
            env=environ | {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": server.base_url, "OPENAI_MODEL": "some-model"},
            capture_output=True,
            text=True,
            timeout=180,
            check=True,
        )
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


def test_agent_knows_nothing_of_tracing() -> None:
    source = AGENT.read_text()
    assert "genspan" not in source
    assert "opentelemetry" not in source.lower()
