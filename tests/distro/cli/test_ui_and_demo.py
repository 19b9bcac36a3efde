"""`genspan ui` and `genspan demo`, with what they need and without it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from genspan.exporters.mlflow import MlflowSpanExporter
from support import app
from support.command import COMMAND, run
from support.few_spans import span
from support.ports import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file of one trace."""
    exporter = MlflowSpanExporter(f"sqlite:///{tmp_path}/mlflow.db")
    exporter.export([span(1)])
    exporter.shutdown()
    return tmp_path


def test_address_and_command(folder: Path) -> None:
    told = json.loads(run(folder, "ui", "--port", "5017", "--json").stdout)
    assert told["address"] == "http://127.0.0.1:5017"
    assert told["command"][1:4] == ["ui", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]


def test_a_server_has_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, "ui", "--tracking-uri", "https://ada:secret@mlflow.example/")
    assert (done.returncode, done.stdout) == (0, "https://mlflow.example/ has MLflow's UI.\n")


def test_a_port_in_use_and_a_file_that_is_not_there(folder: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        done = run(folder, "ui", "--port", str(server.getsockname()[1]))
    assert (done.returncode, "is in use" in done.stderr) == (2, True)
    assert run(folder, "ui", "--tracking-uri", "sqlite:///none.db").returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_the_ui_serves_the_file_until_it_is_ended(number: signal.Signals, code: int, folder: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "ui", "--port", str(port)],
        cwd=folder,
        env=app.environment({"MLFLOW_MODEL_CATALOG_URI": "", "MLFLOW_DISABLE_TELEMETRY": "true"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None
            try:
                body = {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]}
                url = f"http://127.0.0.1:{port}/api/3.0/mlflow/traces/search"
                answer = httpx.post(url, json=body, trust_env=False, verify=False, timeout=60)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.3)
        assert len(answer.json()["traces"]) == 1
        process.send_signal(number)  # To it alone, as a supervisor does; MLflow leaves its worker behind then.
        assert process.wait(60) == code
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
def test_the_demo_runs_anywhere_and_shows_its_traces(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", "--json")
    assert done.returncode == 0, done.stderr
    names = [json.loads(line)["data"]["spans"][0]["name"] for line in done.stdout.splitlines()]
    assert names == ["chat gpt-5.4-mini", "embeddings text-embedding-3-small", "invoke_agent support_desk"]
    assert "The lid of the coffee grinder is cracked" in done.stderr
    assert (tmp_path / "genspan-demo.db").exists()


def test_the_demo_says_what_it_lacks(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['langchain_openai'] = None\nfrom genspan.distro.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "langchain-openai: pip install 'genspan[demo]'" in done.stderr
