"""What goes to a server, and what becomes of its answers, whatever they are."""

from __future__ import annotations

import base64
import gzip
import logging
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import MlflowSpanExporter
from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.store import ServerStore
from genspan.exporters.mlflow.translate import translate
from support.ports import free_port
from support.scripted_server import Answer, Body, Disconnect, Json, Request, ScriptedServer, Stall

FOUND = Json({"experiment": {"experiment_id": "7", "name": "shop", "lifecycle_stage": "active"}})
UNKNOWN = Json({})
TAKEN = Body(b"", content_type="application/x-protobuf")
STATED = Json({"trace": {}})
ALL_WELL = (FOUND, UNKNOWN, STATED, TAKEN)

SETTINGS = (
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
    "MLFLOW_WORKSPACE",
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither of the user's settings nor of the user's files."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.script(*ALL_WELL)
        yield server


def address(server: ScriptedServer, credentials: str = "") -> str:
    return f"http://{credentials}127.0.0.1:{server.port}"


def span(trace: int = 1) -> ReadableSpan:
    return ReadableSpan(
        name="root",
        context=SpanContext(trace, 1, is_remote=False),
        resource=Resource({"service.name": "shop"}),
        start_time=1_790_000_000_123_456_789,
        end_time=1_790_000_001_000_000_000,
    )


def traces(*ids: int) -> list[MlflowTrace]:
    return assemble([translate(span(id)) for id in ids or (1,)], {"service.name": "shop"})


def header(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers if key.lower() == name.lower()), None)


def test_a_batch_is_four_requests_and_three_from_then_on(server: ScriptedServer) -> None:
    store = ServerStore(address(server))

    assert store.write(traces(), Experiment(name="shop")) == []

    experiment, known, facts, spans = server.requests
    assert (experiment.method, experiment.path) == (
        "GET",
        "/api/2.0/mlflow/experiments/get-by-name?experiment_name=shop",
    )
    assert known.path == "/api/3.0/mlflow/traces/batchGetInfos"
    assert known.json() == {"trace_ids": [f"tr-{1:032x}"]}
    assert spans.path == "/v1/traces"
    assert header(spans, "x-mlflow-experiment-id") == "7"
    assert (header(spans, "Content-Type"), header(spans, "Content-Encoding")) == ("application/x-protobuf", "gzip")
    message = ExportTraceServiceRequest.FromString(gzip.decompress(spans.body))
    assert message.resource_spans[0].scope_spans[0].spans[0].name == "root"
    assert facts.path == "/api/3.0/mlflow/traces"
    info = facts.json()["trace"]["trace_info"]
    assert info["trace_location"]["mlflow_experiment"]["experiment_id"] == "7"
    assert (info["request_time"], info["execution_duration"]) == ("2026-09-21T14:13:20.123Z", "0.877s")
    assert info["tags"] == {"service.name": "shop", "mlflow.traceName": "root"}
    assert info["state"] == "IN_PROGRESS"  # MLflow ends it, once it has the root.

    server.script(*ALL_WELL[1:])
    store.write(traces(), Experiment(name="shop"))

    assert len(server.requests) == 3


def test_a_trace_that_mlflow_would_not_end_is_ended_after_its_spans(server: ScriptedServer) -> None:
    """Its root has a parent, who is in another program."""
    server.script(FOUND, UNKNOWN, TAKEN, STATED)
    of_a_caller = ReadableSpan(
        name="root",
        context=SpanContext(1, 2, is_remote=False),
        parent=SpanContext(1, 1, is_remote=True),
        start_time=1_790_000_000_000_000_000,
        end_time=1_790_000_001_000_000_000,
    )

    ServerStore(address(server)).write(assemble([translate(of_a_caller)], {}), Experiment())

    *_, spans, facts = server.requests
    assert spans.path == "/v1/traces"
    assert facts.json()["trace"]["trace_info"]["state"] == "OK"


BASIC = f"Basic {base64.b64encode('mía:se:cret'.encode()).decode()}"


@pytest.mark.parametrize(
    ("credentials", "environ", "sent"),
    [
        ("", {}, None),
        ("", {"MLFLOW_TRACKING_USERNAME": "mía", "MLFLOW_TRACKING_PASSWORD": "se:cret"}, BASIC),
        ("", {"MLFLOW_TRACKING_TOKEN": "to-ken"}, "Bearer to-ken"),
        (
            "",
            {
                "MLFLOW_TRACKING_USERNAME": "mía",
                "MLFLOW_TRACKING_PASSWORD": "se:cret",
                "MLFLOW_TRACKING_TOKEN": "to-ken",
            },
            BASIC,
        ),
        ("", {"MLFLOW_TRACKING_USERNAME": "mía", "MLFLOW_TRACKING_TOKEN": "to-ken"}, "Bearer to-ken"),
        ("m%C3%ADa:se%3Acret@", {"MLFLOW_TRACKING_TOKEN": "to-ken"}, BASIC),
    ],
)
def test_credentials_go_with_every_request(
    credentials: str,
    environ: dict[str, str],
    sent: str | None,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other" if sent else "")

    ServerStore(address(server, credentials)).write(traces(), Experiment())

    assert [header(request, "Authorization") for request in server.requests] == [sent] * 4


def test_credentials_are_read_from_mlflows_file(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = mía\nmlflow_tracking_password = se:cret\n", encoding="utf-8"
    )

    ServerStore(address(server)).write(traces(), Experiment())

    assert header(server.requests[0], "Authorization") == BASIC


def test_the_workspace_goes_with_every_request(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team")

    ServerStore(address(server)).write(traces(), Experiment())

    assert {header(request, "X-MLFLOW-WORKSPACE") for request in server.requests} == {"team"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Json({}, status=401), "refuses these credentials"),
        (Json({}, status=403), "refuses these credentials"),
        (Json({"error_code": "RESOURCE_EXHAUSTED", "message": "slow down"}, status=429), "429: slow down"),
        (Json({"error_code": "INTERNAL_ERROR", "message": "oh"}, status=500), "failed: oh"),
        (Json({"detail": "not supported by FileStore"}, status=501), "plain files"),
        (Body(b"<html>busy</html>", status=503), "503: <html>busy"),
        (Body(b"<html>not here</html>", status=404), "does not seem to be an MLflow server"),
        (Body(b"", status=302, headers={"Location": "/login"}), "does not seem to be an MLflow server"),
        (Disconnect(), "cannot be reached"),
        (Stall(), "does not answer in time"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stage", range(4), ids=["experiment", "known", "facts", "spans"])
def test_what_may_pass_is_waited_for(
    stage: int, answer: Answer, told: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "0.2")
    server.script(*ALL_WELL[:stage], answer)

    with pytest.raises(StoreUnavailable, match=told):
        ServerStore(address(server)).write(traces(), Experiment())


def test_an_answer_that_is_not_json_is_waited_for(server: ScriptedServer) -> None:
    server.script(Body(b"<html>Sign in</html>"))

    with pytest.raises(StoreUnavailable, match="not as MLflow does"):
        ServerStore(address(server)).write(traces(), Experiment())


@pytest.mark.parametrize("answer", [[], {}, {"experiment": {}}, {"experiment": None}, "?", None], ids=str)
def test_json_that_is_not_mlflows_is_waited_for(answer: Any, server: ScriptedServer) -> None:
    server.script(Json(answer))

    with pytest.raises(StoreUnavailable, match="not as MLflow does"):
        ServerStore(address(server)).write(traces(), Experiment())


def test_a_connection_closed_while_idle_is_opened_anew(server: ScriptedServer) -> None:
    server.script(FOUND, UNKNOWN, Disconnect(), STATED, TAKEN)

    assert ServerStore(address(server)).write(traces(), Experiment()) == []


def test_a_refused_batch_is_tried_trace_by_trace(server: ScriptedServer) -> None:
    refused = Json({"error_code": "INVALID_STATE", "message": "archived"}, status=400)
    server.script(
        FOUND, UNKNOWN, STATED, STATED, STATED, refused,  # All three.
        FOUND, UNKNOWN, STATED, TAKEN,
        UNKNOWN, STATED, refused,
        FOUND, UNKNOWN, STATED, TAKEN,
    )  # fmt: skip

    (rejection,) = ServerStore(address(server)).write(traces(1, 2, 3), Experiment())

    assert (rejection.trace_id, rejection.reason) == (f"tr-{2:032x}", "archived")
    assert len(server.requests) == 17


def test_a_server_that_fails_while_traces_are_tried_alone_is_waited_for(server: ScriptedServer) -> None:
    """Had it taken the first again, the second would be rejected."""
    failed = Json({"message": "oh"}, status=500)
    server.script(
        FOUND, UNKNOWN, STATED, STATED, failed,
        UNKNOWN, STATED, TAKEN,
        UNKNOWN, STATED, failed,
        failed,
    )  # fmt: skip

    with pytest.raises(StoreUnavailable):
        ServerStore(address(server)).write(traces(1, 2), Experiment())


def test_a_trace_that_the_server_fails_at_while_it_takes_others_is_rejected(server: ScriptedServer) -> None:
    failed = Json({"message": "oh"}, status=500)
    server.script(
        FOUND, UNKNOWN, STATED, STATED, failed,
        UNKNOWN, STATED, TAKEN,
        UNKNOWN, STATED, failed,
        UNKNOWN, STATED, failed,
        UNKNOWN, STATED, TAKEN,
    )  # fmt: skip

    (rejection,) = ServerStore(address(server)).write(traces(1, 2), Experiment())

    assert rejection.trace_id == f"tr-{2:032x}"
    assert "oh" in rejection.reason


def test_secrets_are_told_to_nobody(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "se-cret")
    uri = address(server, "mia:se-cret@")
    access = Access.read(uri, {"MLFLOW_TRACKING_TOKEN": "se-cret"})
    answers: list[Answer] = [Json({}, status=401), Disconnect(), Json({}, status=500), Body(b"?")]

    for answer in answers:
        server.script(answer)
        exporter = MlflowSpanExporter(uri)
        assert exporter.export([span()]) is SpanExportResult.SUCCESS
        exporter.shutdown()

    assert "127.0.0.1" in caplog.text
    assert "se-cret" not in caplog.text + repr(access) + ServerStore(uri).uri
    assert ServerStore(uri).uri == address(server)
    assert all(b"se-cret" not in file.read_bytes() for file in (tmp_path / "outbox").iterdir())


def test_an_outage_is_told_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genspan.exporters.mlflow.delivery.FIRST_DELAY", 0.0)
    exporter = MlflowSpanExporter(f"http://127.0.0.1:{free_port()}")

    for number in range(1, 5):
        exporter.export([span(number)])
    exporter.shutdown()

    (told,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "Connection refused" in told


def test_requests_to_the_server_are_not_traced(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every batch would make spans for the next."""
    suppressed = []

    def seen(*arguments: Any, **keywords: Any) -> Any:
        suppressed.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
        return request(*arguments, **keywords)

    request = requests.Session.request
    monkeypatch.setattr(requests.Session, "request", seen)

    MlflowSpanExporter(address(server)).export([span()])

    assert suppressed == [True] * 4


class _Well(BaseHTTPRequestHandler):
    """Gives the answers of a server that takes everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = FOUND.body if self.command == "GET" else b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", file.with_suffix(".key"), "-out", file, "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    with file.open("a") as both:
        both.write(file.with_suffix(".key").read_text())
    return file


@pytest.fixture
def tls_server(request: pytest.FixtureRequest, certificate: Path) -> Iterator[str]:
    """The address of a server that speaks TLS, and asks for the client's certificate where parametrised so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if getattr(request, "param", False):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate)
    http = HTTPServer(("127.0.0.1", 0), _Well)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()
    thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: str) -> None:
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        ServerStore(tls_server).write(traces(), Experiment())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["", "with another bundle in REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("is_checked", [True, False])
def test_settings_say_which_certificates_are_trusted(
    is_checked: bool, elsewhere: bool, tls_server: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if elsewhere:
        import certifi

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    if is_checked:
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")

    assert ServerStore(tls_server).write(traces(), Experiment()) == []


@pytest.mark.parametrize("tls_server", [True], indirect=True)
def test_a_certificate_of_our_own(tls_server: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
    with pytest.raises(StoreUnavailable):
        ServerStore(tls_server).write(traces(), Experiment())
    monkeypatch.setenv("MLFLOW_TRACKING_CLIENT_CERT_PATH", str(certificate))

    assert ServerStore(tls_server).write(traces(), Experiment()) == []
