"""Two hundred secrets and pieces of personal data in an app, and everything that leaves its process."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support import app, mlflow_file
from support.openai_wire import completion
from support.planted import Plant, plants
from support.wire_tap import Tap, tapped

pytestmark = pytest.mark.slow

PLACES = ("prompt", "streamed", "langchain", "tool", "tool_call", "exception", "refused", "url", "header", "log")
"""Each gets twenty of the two hundred, of most kinds."""

APP = """
import json, logging

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import BadRequestError, OpenAI
from opentelemetry import trace

said = json.load(open("said.json"))
client = OpenAI(max_retries=0)

def ask(text, **more):
    return client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": text}], **more)

@tool
def note(text: str) -> str:
    "Writes it down."
    if text.startswith("FAIL "):
        raise ValueError(text)
    return "noted: " + text

for text in said["prompt"]:
    ask(text)
for text in said["streamed"]:
    assert "".join(chunk.choices[0].delta.content or "" for chunk in ask(text, stream=True)) == text
for text in said["langchain"]:
    ChatOpenAI(model="gpt-5").invoke(text)
for text in said["tool"]:
    note.invoke({"text": text})
for text in said["tool_call"]:
    tools = [{"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}]
    assert ask(text, tools=tools).choices[0].message.tool_calls
for text in said["exception"]:
    try:
        note.invoke({"text": "FAIL " + text})
    except ValueError:
        pass
for text in said["refused"]:
    try:
        ask("FAIL " + text)
    except BadRequestError:
        pass
# As instrumentations of HTTP clients record them, where they are told to capture headers.
tracer = trace.get_tracer("http")
for text in said["url"]:
    with tracer.start_as_current_span("GET", attributes={"url.full": text, "http.request.method": "GET"}):
        pass
for name, text in said["header"]:
    with tracer.start_as_current_span("GET", attributes={"http.request.header." + name: [text]}):
        pass
for text in said["log"]:
    logging.getLogger("shop").warning(text)
"""


class Echo(BaseHTTPRequestHandler):
    """A model that says what it is told: whole, in pieces, as a tool's arguments, or in refusal."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = asked["messages"][-1]["content"]
        if text.startswith("FAIL "):
            return self._send(400, json.dumps({"error": {"message": f"I refuse: {text}", "type": "bad"}}).encode())
        if asked.get("stream"):
            pieces = [{"content": text[n : n + 5]} for n in range(0, len(text), 5)]
            events = [_chunk({"role": "assistant"}), *map(_chunk, pieces), _chunk({}, "stop"), "[DONE]"]
            return self._send(200, "".join(f"data: {event}\n\n" for event in events).encode(), "text/event-stream")
        message: dict[str, Any] = {"role": "assistant", "content": f"You said: {text}"}
        if asked.get("tools"):
            call = {"name": "note", "arguments": json.dumps({"text": text})}
            message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
        answer = completion({"index": 0, "message": message, "finish_reason": "stop", "logprobs": None})
        return self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5", "choices": [choice]}
    )


@contextmanager
def echoing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PLANTED = dict(zip(PLACES, (plants(200)[n : n + 20] for n in range(0, 200, 20)), strict=True))
SPANS = [plant for place, planted in PLANTED.items() if place != "log" for plant in planted]
EVERYTHING = SPANS + PLANTED["log"]


def _header(plant: Plant) -> tuple[str, str]:
    named = {
        "bearer": ("authorization", "Bearer {}"),
        "basic": ("authorization", "Basic {}"),
        "password": ("cookie", "s={}"),
    }
    name, text = named.get(plant.kind, ("x_note", ""))
    return name, text.format(plant.needle) if text else plant.text


def run(folder: Path, **given: str) -> bytes:
    """Runs the app; gives what it wrote to the terminal."""
    folder.mkdir()
    said: dict[str, Any] = {place: [plant.text for plant in planted] for place, planted in PLANTED.items()}
    said["url"] = [f"https://api.example.org/v1?q=1 {plant.text}" for plant in PLANTED["url"]]
    said["header"] = [_header(plant) for plant in PLANTED["header"]]
    (folder / "said.json").write_text(json.dumps(said))
    with echoing() as model:
        environment = {
            "OPENAI_BASE_URL": model,
            "OPENAI_API_KEY": "none",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
            "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
            "PYTHONWARNINGS": "ignore",
            "GENSPAN_OUTBOX_DIR": str(folder / "outbox"),
        }
        done = app.run(APP, folder, environment | given)
    (folder / "said.json").unlink()
    (folder / "app.py").unlink()
    return done.stderr.encode()


def left(folder: Path) -> bytes:
    """Every byte of every file that the app left in a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def found(planted: list[Plant], where: bytes) -> list[Plant]:
    return [plant for plant in planted if plant.needle.encode() in where]


def missing(planted: list[Plant], where: bytes) -> list[Plant]:
    return [plant for plant in planted if plant.needle.encode() not in where]


Out = dict[str, tuple[list[Plant], bytes]]
"""By destination: what could be in it, and its bytes."""


def to_file_and_otlp(tap: Tap, folder: Path, protocol: str, **given: str) -> Out:
    endpoint = tap.grpc if protocol == "grpc" else tap.http
    terminal = run(folder, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, **given)
    assert mlflow_file.traces(folder / "mlflow.db")
    return {f"OTLP over {protocol}": (EVERYTHING, tap.bytes()), "MLflow's file": (SPANS, terminal + left(folder))}


def to_mlflow_server(tap: Tap, folder: Path, **given: str) -> Out:
    terminal = run(folder, MLFLOW_TRACKING_URI=tap.http, **given)
    return {"MLflow's server": (SPANS, terminal + tap.bytes() + left(folder))}


CONFIG = """
file_format: "1.1"
tracer_provider:
  processors:
    - batch: {exporter: MLFLOW}
    - batch: {exporter: SPANS}
logger_provider:
  processors:
    - batch: {exporter: RECORDS}
meter_provider:
  readers:
    - periodic: {exporter: {otlp_http: {endpoint: "HTTP/v1/metrics"}}}
"""


def to_the_files_destinations(tap: Tap, folder: Path, policy: str | None, **given: str) -> Out:
    """MLflow's file, OTLP over gRPC for spans and over HTTP for events: under a policy in the file, or by variables."""
    exporters = {
        "MLFLOW": "{mlflow: {tracking_uri: 'sqlite:///mlflow.db'}}",
        "SPANS": f"{{otlp_grpc: {{endpoint: '{tap.grpc}', tls: {{insecure: true}}}}}}",
        "RECORDS": f"{{otlp_http: {{endpoint: '{tap.http}/v1/logs'}}}}",
    }
    config = CONFIG.replace("HTTP", tap.http)
    for name, exporter in exporters.items():
        under = exporter if policy is None else f"{{genspan_content: {{{policy}, exporter: {exporter}}}}}"
        config = config.replace(name, under)
    path = folder.with_suffix(".yaml")
    path.write_text(config)
    terminal = run(folder, OTEL_CONFIG_FILE=str(path), **given)
    assert mlflow_file.traces(folder / "mlflow.db")
    assert tap.bytes("/v1/logs")
    # The app's own logs are not among them: with a file, nothing is added to Python's logging.
    return {"OTLP": (SPANS, tap.bytes()), "MLflow's file": (SPANS, terminal + left(folder))}


def to_outbox(tap: Tap, folder: Path, **given: str) -> Out:
    down = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "mlflow"}
    terminal = run(folder, **down, **given)
    return {"the outbox": (SPANS, terminal + left(folder))}


ALL = "secrets,personal"


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("rules", [ALL, "none"])
def test_otlp_and_mlflows_file(protocol: str, rules: str, tmp_path: Path) -> None:
    with tapped() as tap:
        _judge(to_file_and_otlp(tap, tmp_path / "app", protocol, GENSPAN_REDACT=rules), rules)


@pytest.mark.parametrize("rules", [ALL, "none"])
def test_mlflows_server(rules: str, tmp_path: Path) -> None:
    with tapped() as tap:
        _judge(to_mlflow_server(tap, tmp_path / "app", GENSPAN_REDACT=rules), rules)


@pytest.mark.parametrize("rules", [ALL, "none"])
def test_the_outbox(rules: str, tmp_path: Path) -> None:
    with tapped() as tap:
        _judge(to_outbox(tap, tmp_path / "app", GENSPAN_REDACT=rules), rules)


@pytest.mark.parametrize(
    ("policy", "variable"), [("redact: [secrets, personal]", None), (None, ALL), ("content: true", None)]
)
def test_destinations_of_a_configuration_file(policy: str | None, variable: str | None, tmp_path: Path) -> None:
    given = {"GENSPAN_REDACT": variable} if variable else {}
    with tapped() as tap:
        out = to_the_files_destinations(tap, tmp_path / "app", policy, **given)
    _judge(out, "none" if policy == "content: true" else ALL)


def test_prompts_to_mlflow_only_and_metadata_alone_to_the_rest(tmp_path: Path) -> None:
    with tapped() as tap:
        out = to_file_and_otlp(tap, tmp_path / "app", "http/protobuf", GENSPAN_OTLP_CONTENT="false")
    (_, sent), (_, written) = out.values()
    assert missing(SPANS, written) == []
    # The app's own logs are its own words; of spans and events there is no content.
    logged = {plant.needle for plant in PLANTED["log"]}
    assert [plant for plant in found(EVERYTHING, sent) if plant.needle not in logged] == []
    assert b"gen_ai.request.model" in sent
    assert b"gen_ai.usage.input_tokens" in sent


def _judge(out: Out, rules: str) -> None:
    for destination, (planted, where) in out.items():
        if rules == ALL:
            assert found(planted, where) == [], f"{destination} has some"
            assert where.count(b"[REDACTED:") >= len(planted)
            assert b"gpt-5" in where
        else:
            absent = Counter(plant.kind for plant in missing(planted, where))
            assert not absent, f"{destination} has not all of them, and so the test could not fail"
