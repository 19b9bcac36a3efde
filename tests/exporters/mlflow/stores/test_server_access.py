"""The real MLflow with users and passwords, by itself and behind TLS."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from opentelemetry.sdk.trace.export import SpanExportResult

from genspan.exporters.mlflow import MlflowSpanExporter
from support.mlflow_process import MlflowServer
from support.mlflow_traces import chat, new_id, span

pytestmark = pytest.mark.slow

ADMIN = ("admin", "a long password of the admin")
READER = ("rita", "a long password of a reader")


@pytest.fixture(scope="module")
def server(empty_mlflow_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("users")
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = READ\nadmin_username = admin\n"
        f"database_uri = sqlite:///{folder}/users.db\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    server = MlflowServer(
        Path(shutil.copy(empty_mlflow_database, folder / "server.db")),
        app=("--factory", "mlflow.server.auth:create_app"),
        environ={
            "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
            "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1],
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "a secret of the tests",
        },
    )
    server.start()
    try:
        answer = httpx.post(
            f"{server.url}/api/2.0/mlflow/users/create",
            json={"username": READER[0], "password": READER[1]},
            auth=ADMIN,
            trust_env=False,
            verify=False,
        )
        assert answer.status_code == 200, answer.text
        yield server
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("genspan.exporters.mlflow.delivery.FIRST_DELAY", 0.0)
    monkeypatch.setenv("HOME", str(tmp_path))


def sign_in(monkeypatch: pytest.MonkeyPatch, user: tuple[str, str]) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user[0])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", user[1])


def written(server: MlflowServer, trace: int) -> bool:
    """Whether the admin finds the trace."""
    answer = httpx.get(
        f"{server.url}/api/3.0/mlflow/traces/get",
        params={"trace_id": f"tr-{trace:032x}"},
        auth=ADMIN,
        trust_env=False,
        verify=False,
    )
    return answer.status_code == 200 and answer.json()["trace"]["trace_info"]["state"] == "OK"


def told(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


def test_credentials_of_the_environment(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch, ADMIN)
    trace = new_id()
    exporter = MlflowSpanExporter(server.url)

    assert exporter.export([span(trace, attributes=chat("a", "b"))]) is SpanExportResult.SUCCESS
    assert exporter.force_flush()
    exporter.shutdown()

    assert written(server, trace)


def test_credentials_of_the_address(server: MlflowServer) -> None:
    trace = new_id()
    password = ADMIN[1].replace(" ", "%20")
    exporter = MlflowSpanExporter(server.url.replace("://", f"://{ADMIN[0]}:{password}@"))

    exporter.export([span(trace)])
    assert exporter.force_flush()
    exporter.shutdown()

    assert written(server, trace)


@pytest.mark.parametrize("user", [None, ("admin", "wrong"), ("nobody", ADMIN[1])], ids=["none", "password", "user"])
def test_traces_wait_for_the_right_credentials(
    user: tuple[str, str] | None,
    server: MlflowServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if user:
        sign_in(monkeypatch, user)
    trace = new_id()
    exporter = MlflowSpanExporter(server.url)
    assert exporter.export([span(trace)]) is SpanExportResult.SUCCESS
    assert not exporter.force_flush()
    exporter.shutdown()
    assert "MLFLOW_TRACKING_PASSWORD" in told(caplog)
    assert not written(server, trace)

    sign_in(monkeypatch, ADMIN)
    later = MlflowSpanExporter(server.url)
    assert later.force_flush()
    later.shutdown()

    assert written(server, trace)


def test_an_experiment_that_one_may_only_read(
    server: MlflowServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(monkeypatch, READER)
    trace = new_id()
    exporter = MlflowSpanExporter(server.url)

    assert exporter.export([span(trace)]) is SpanExportResult.SUCCESS
    assert not exporter.force_flush()
    exporter.shutdown()

    assert "refuses these credentials (403)" in told(caplog)
    assert not written(server, trace)


def test_an_experiment_of_ones_own(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch, READER)
    trace = new_id()
    exporter = MlflowSpanExporter(server.url, experiment_name=f"of rita {trace}")

    exporter.export([span(trace)])
    assert exporter.force_flush()
    exporter.shutdown()

    assert written(server, trace)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    key = file.with_suffix(".key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", key, "-out", file, "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    with file.open("a") as both:
        both.write(key.read_text())
    return file


@contextmanager
def tls(url: str, certificate: Path) -> Iterator[str]:
    """The address of a proxy that speaks TLS, and plainly to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    port = urlsplit(url).port
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            try:
                client = context.wrap_socket(accepted, server_side=True)
            except (ssl.SSLError, OSError):
                continue  # A client that does not trust us.
            upstream = socket.create_connection(("127.0.0.1", port))
            for pair in ((client, upstream), (upstream, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


@pytest.mark.parametrize("is_trusted", [True, False])
def test_behind_tls(
    is_trusted: bool, server: MlflowServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    sign_in(monkeypatch, ADMIN)
    if is_trusted:
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
    trace = new_id()

    with tls(server.url, certificate) as address:
        exporter = MlflowSpanExporter(address)
        assert exporter.export([span(trace, attributes=chat("a", "b"))]) is SpanExportResult.SUCCESS
        assert exporter.force_flush() is is_trusted
        exporter.shutdown()

    assert written(server, trace) is is_trusted
    assert ("certificate verify failed" in told(caplog)) is not is_trusted
