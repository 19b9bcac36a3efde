"""`make demo`'s script as a stranger runs it: no key, no network, nothing set."""

import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from urllib.error import URLError

import pytest

from support.app import environment

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.slow


def environ(**given: str) -> dict[str, str]:
    return {name: value for name, value in environment(given).items() if name != "COLUMNS"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(EXAMPLES, folder / "examples")
    return folder


@pytest.fixture(scope="module")
def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    # A proxy that is not there: calls on loopback must not go through it.
    given = environ(http_proxy="http://127.0.0.1:9", no_proxy="elsewhere", NO_PROXY="elsewhere")
    script = folder / "examples" / "demo.sh"
    return subprocess.run([script], cwd="/", env=given, capture_output=True, text=True, timeout=180, check=False)


def test_runs_and_is_tidy(demo: subprocess.CompletedProcess[str]) -> None:
    assert (demo.returncode, demo.stderr) == (0, "")
    assert all(len(line) <= 80 for line in trees(demo.stdout))


def test_shows_what_ran(demo: subprocess.CompletedProcess[str]) -> None:
    rows = [re.sub(r" +[\d.]+ m?s\b.*", "", line) for line in trees(demo.stdout) if re.search("[A-Z]{4}", line)]
    shown = [tuple(row.strip("├─│└ ").rsplit(maxsplit=1)) for row in rows]
    expected = [
        ("chat gpt-5.4-mini", "CHAT_MODEL"),
        ("embeddings text-embedding-3-small", "EMBEDDING"),
        ("invoke_agent support_desk", "AGENT"),
        # The agent runs its two tools side by side: either may begin first.
        ("chat gpt-5.4-mini", "CHAT_MODEL"),
        ("chat gpt-5.4-mini", "CHAT_MODEL"),
        ("embeddings text-embedding-3-small", "EMBEDDING"),
        ("execute_tool look_up_order", "TOOL"),
        ("execute_tool search_policies", "TOOL"),
        ("retrieval", "RETRIEVER"),
    ]
    assert len(shown) == len(expected)
    for (name, kind), (whole, expected_kind) in zip(shown[:3] + sorted(shown[3:]), expected, strict=True):
        # In 80 columns, long names deep in a tree are cut.
        assert kind == expected_kind
        assert name == whole or (name.endswith("…") and whole.startswith(name[:-1]))
    assert demo.stdout.count("Request   My order 1042 has arrived.") == 2
    assert "Response  Order 1042: 1 x coffee grinder" in demo.stdout


def test_traces_can_be_shown_again(demo: subprocess.CompletedProcess[str], folder: Path) -> None:
    uri = f"sqlite:///{folder}/.demo/mlflow.db"
    command = ["genspan", "show", "--last", "9", "--json", "--tracking-uri", uri]
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    chat, embeddings, agent = (json.loads(line) for line in done.stdout.splitlines())
    for trace in (chat, embeddings, agent):
        assert trace["info"]["state"] == "OK"
        assert trace["info"]["trace_id"] in demo.stdout
        assert json.loads(trace["info"]["trace_metadata"]["mlflow.trace.tokenUsage"])["total_tokens"] > 0
    spans = agent["data"]["spans"]
    names = {span["span_id"]: span["name"] for span in spans}
    assert sorted((names.get(span["parent_span_id"], ""), span["name"]) for span in spans) == [
        ("", "invoke_agent support_desk"),
        ("execute_tool search_policies", "retrieval"),
        ("invoke_agent support_desk", "chat gpt-5.4-mini"),
        ("invoke_agent support_desk", "chat gpt-5.4-mini"),
        ("invoke_agent support_desk", "execute_tool look_up_order"),
        ("invoke_agent support_desk", "execute_tool search_policies"),
        ("retrieval", "embeddings text-embedding-3-small"),
    ]


def test_says_how_to_open_the_ui(demo: subprocess.CompletedProcess[str], folder: Path) -> None:
    command, address = (line.strip() for line in demo.stdout.splitlines()[-2:])
    assert command.split()[1:4] == ["ui", "--backend-store-uri", f"sqlite:///{folder}/.demo/mlflow.db"]
    assert address.startswith("http://127.0.0.1:5000/#/experiments/0/traces?selectedEvaluationId=tr-")
    assert os.access(command.split()[0], os.X_OK)


def test_stops_its_server(demo: subprocess.CompletedProcess[str], folder: Path) -> None:
    url = (folder / ".demo" / "server.url").read_text()
    with pytest.raises(URLError):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/models", timeout=5)


def trees(output: str) -> list[str]:
    """The lines between the command that shows the traces and how to open the UI."""
    return output.partition("$ genspan show")[2].partition("In MLflow's UI")[0].splitlines()[1:]
