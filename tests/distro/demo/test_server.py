"""The server as an HTTP server and as a command."""

import http.client
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai import AuthenticationError, NotFoundError, OpenAI

from genspan.distro.demo.server import DemoServer, running

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer x"}


def test_models(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert "gpt-5.4-mini" in names
    assert client.models.retrieve(names[0]).id == names[0]
    with pytest.raises(NotFoundError):
        client.models.retrieve("no-such-model")


def test_unknown_path(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as refused:
        client.moderations.create(input="hello")
    assert refused.value.code == "unknown_url"


def test_no_key(server: DemoServer) -> None:
    client = OpenAI(base_url=server.base_url, api_key="x", default_headers={"Authorization": ""})
    with pytest.raises(AuthenticationError) as refused:
        client.chat.completions.create(**CHAT)
    assert refused.value.code == "invalid_api_key"


def test_one_connection_serves_whole_streamed_and_refused_requests(server: DemoServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.connect()
    socket = connection.sock
    for body in (CHAT, CHAT | {"stream": True}, CHAT | {"messages": []}, [], CHAT):
        connection.request("POST", "/v1/chat/completions", json.dumps(body), HEADERS)
        response = connection.getresponse()
        raw = response.read()
        if response.headers["Transfer-Encoding"] == "chunked":
            assert raw.endswith(b"data: [DONE]\n\n")
        else:
            assert int(response.headers["Content-Length"]) == len(raw)
        assert connection.sock is socket
    connection.close()


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b'{"model": "m", "messages": [{"role": "user", "tool_calls": 3}]}'])
def test_malformed_bodies_are_refused(server: DemoServer, raw: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.request("POST", "/v1/chat/completions", raw, HEADERS)
    response = connection.getresponse()
    assert response.status == 400
    assert json.loads(response.read())["error"]["type"] == "invalid_request_error"
    connection.close()


def test_latency() -> None:
    with running(latency=0.2) as server, OpenAI(base_url=server.base_url, api_key="x") as client:
        started = time.perf_counter()
        client.chat.completions.create(**CHAT)
        assert time.perf_counter() - started > 0.2


@pytest.mark.slow
def test_command_serves_until_it_is_ended(tmp_path: Path) -> None:
    ready = tmp_path / "url"
    command = [sys.executable, "-m", "genspan.distro.demo.server", "--ready-file", str(ready)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The tests may have been started in the background, where this signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        deadline = time.monotonic() + 20
        while not (ready.exists() and ready.read_text()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with OpenAI(base_url=ready.read_text(), api_key="x") as client:
            assert client.chat.completions.create(**CHAT).choices
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out.strip(), err) == (0, ready.read_text(), "")
