"""A small server that takes traces as MLflow's does (3.17.2), so fast that tests can send thousands.

It takes OTLP whole or not at all, refuses what MLflow refuses of it (another content type, no experiment, ids that are
none), keeps spans and facts by their ids, and knows of a trace as soon as it has a span of it. What it has answered it
keeps, in a journal that outlives a SIGKILL.

    python -m support.mlflow_loopback PORT JOURNAL

It does not keep attributes, and has one experiment. `GET /stored` tells what is there. `POST /fault` has it answer
everything else with a status or late, until told otherwise.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.ports import free_port

ID_KEYS = ("trace_id", "span_id", "parent_span_id")
STATES = {0: "OK", 1: "OK", 2: "ERROR"}


class Refusal(Exception):
    """A request that MLflow answers with 400 or 422."""


@dataclass
class Stored:
    """Spans by trace and id, and facts by trace."""

    journal: Path
    spans: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.journal.exists():
            for line in self.journal.read_text().splitlines():
                with suppress(ValueError):  # Killed in the midst of it, and so never answered.
                    self._apply(json.loads(line))
        self._file = os.open(self.journal, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(self._file, b"\n")

    def keep(self, entry: dict[str, Any]) -> None:
        """Writes an entry down, whole, before it is answered."""
        os.write(self._file, json.dumps(entry).encode() + b"\n")
        self._apply(entry)

    def _apply(self, entry: dict[str, Any]) -> None:
        for span in entry.get("spans", ()):
            trace_id = f"tr-{span['trace_id']}"
            self.spans.setdefault(trace_id, {})[span["span_id"]] = span
            self.states.setdefault(trace_id, "IN_PROGRESS")
            if not span["parent_span_id"]:
                self.states[trace_id] = span["state"]
        if "trace_id" in entry:
            self.states[entry["trace_id"]] = entry["state"]


def spans_of(headers: dict[str, str], body: bytes) -> list[dict[str, Any]]:
    """The spans of an OTLP request. Raises Refusal."""
    if headers.get("content-type") != "application/x-protobuf":
        raise Refusal(f"Invalid Content-Type: {headers.get('content-type')}")
    if headers.get("x-mlflow-experiment-id") != "0":
        raise Refusal("no such experiment")
    try:
        message = ExportTraceServiceRequest.FromString(gzip.decompress(body))
    except (OSError, DecodeError) as error:
        raise Refusal("Invalid OpenTelemetry protobuf format") from error
    spans = [
        {
            "trace_id": span.trace_id.hex(),
            "span_id": span.span_id.hex(),
            "parent_span_id": span.parent_span_id.hex() or None,
            "name": span.name,
            "start_time_unix_nano": span.start_time_unix_nano,
            "end_time_unix_nano": span.end_time_unix_nano,
            "state": STATES[span.status.code],
        }
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    if not spans:
        raise Refusal("Invalid OpenTelemetry protobuf format - no spans found")
    if any(len(span["trace_id"]) != 32 or len(span["span_id"]) != 16 for span in spans):
        raise Refusal("Cannot convert OpenTelemetry span to MLflow span")
    return spans


def in_json(span: dict[str, Any]) -> dict[str, Any]:
    """A span as protobuf's JSON has it, where ids are base64."""
    ids = {key: base64.b64encode(bytes.fromhex(span[key] or "")).decode() for key in ID_KEYS}
    return {**span, **ids, "status": {"code": f"STATUS_CODE_{span['state']}"}}


class Server:
    """Answers requests."""

    def __init__(self, journal: Path) -> None:
        self.stored = Stored(journal)
        self.fault: dict[str, Any] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.splitlines()
                headers = {
                    name.strip().lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split()
                status, answer, extra = await self.answer(method, urlsplit(target), headers, body)
                content = json.dumps(answer).encode()
                lines = [f"HTTP/1.1 {status} .", f"Content-Length: {len(content)}", "Content-Type: application/json"]
                writer.write("\r\n".join([*lines, *extra, "", ""]).encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, method: str, url: Any, headers: dict[str, str], body: bytes) -> tuple[int, Any, list[str]]:
        """Status, JSON, and more headers."""
        if url.path == "/fault":
            self.fault = json.loads(body)
            return 200, {}, []
        if url.path == "/stored":
            spans = self.stored.spans
            return 200, {id: [state, len(spans.get(id, ()))] for id, state in self.stored.states.items()}, []
        if self.fault.get("seconds"):
            await asyncio.sleep(self.fault["seconds"])
        if self.fault.get("status"):
            return self.fault["status"], {"message": "a fault"}, self.fault.get("headers", [])
        try:
            return 200, self.take(method, url, headers, body), []
        except Refusal as refusal:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": str(refusal)}, []

    def take(self, method: str, url: Any, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """What MLflow's server does."""
        match method, url.path.rpartition("/mlflow/")[2] or url.path:
            case "POST", "/v1/traces":
                self.stored.keep({"spans": spans_of(headers, body)})
                return {}
            case "POST", "traces/batchGetInfos":
                known = (id for id in json.loads(body)["trace_ids"] if id in self.stored.states)
                return {"trace_infos": [self.info(id) for id in known]}
            case "POST", "traces":
                info = json.loads(body)["trace"]["trace_info"]
                if info["trace_location"]["mlflow_experiment"]["experiment_id"] != "0":
                    raise Refusal("no such experiment")
                self.stored.keep({"trace_id": info["trace_id"], "state": info["state"]})
                return {"trace": {"trace_info": info}}
            case "GET", "traces/get":
                (id,) = parse_qs(url.query)["trace_id"]
                spans = [in_json(span) for span in self.stored.spans.get(id, {}).values()]
                return {"trace": {"trace_info": self.info(id), "spans": spans}}
            case "GET", "experiments/get":
                return {"experiment": {"experiment_id": "0", "name": "Default", "lifecycle_stage": "active"}}
        raise Refusal(f"{method} {url.path} is not spoken here")

    def info(self, id: str) -> dict[str, Any]:
        location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
        return {"trace_id": id, "trace_location": location, "state": self.stored.states[id]}


class LoopbackMlflow:
    """The process of such a server, always at the same port of 127.0.0.1 however often it is started."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.mlflow_loopback", str(self.port), str(self._journal)],
            cwd=Path(__file__).parent.parent,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None
            try:
                self.stored()
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError

    def kill(self) -> None:
        """As a machine that fails."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def stored(self) -> dict[str, tuple[str, int]]:
        """State and number of spans by trace id."""
        answer = httpx.get(f"{self.url}/stored", trust_env=False, verify=False, timeout=30).json()
        return {id: tuple(facts) for id, facts in answer.items()}

    def fault(self, status: int | None = None, seconds: float = 0.0, *headers: str) -> None:
        """Answers with a status, or after so many seconds, from now on; with neither, as usual."""
        fault = {"status": status, "seconds": seconds, "headers": headers}
        httpx.post(f"{self.url}/fault", json=fault, trust_env=False, verify=False, timeout=30)


async def main(port: int, journal: Path) -> None:
    """Serves until killed."""
    server = await asyncio.start_server(Server(journal).serve, "127.0.0.1", port, limit=1 << 26)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
