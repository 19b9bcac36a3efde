"""A backend that takes whatever telemetry it is sent, and keeps the bytes: OTLP over HTTP and gRPC, MLflow's REST API.

For tests of what leaves a process, whatever its form.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

_EXPERIMENT = {"experiment": {"experiment_id": "0", "name": "Default", "lifecycle_stage": "active"}}


@dataclass
class Tap:
    """What came in."""

    http: str = ""
    """For `OTEL_EXPORTER_OTLP_ENDPOINT` and `MLFLOW_TRACKING_URI`."""
    grpc: str = ""
    """For `OTEL_EXPORTER_OTLP_ENDPOINT` with the protocol `grpc`."""
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    """Path or method, and the uncompressed body behind the request's head."""

    def bytes(self, *within: str) -> bytes:
        """All that came to paths with one of these texts in them; all of it without any."""
        return b"\n".join(body for path, body in self.taken if not within or any(part in path for part in within))


@contextmanager
def tapped() -> Iterator[Tap]:
    """Listens on two free ports of 127.0.0.1 while the block lasts."""
    tap = Tap()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            tap.taken.append((self.path, f"{self.path}\n{self.headers}".encode() + body))
            is_otlp = self.path.startswith("/v1/")
            answer = b"" if is_otlp else json.dumps(_EXPERIMENT if "experiments" in self.path else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf" if is_otlp else "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PATCH = do_PUT = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    class Any_(grpc.GenericRpcHandler):
        def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            def take(request: bytes, _: grpc.ServicerContext) -> bytes:
                tap.taken.append((call.method, request))
                return b""

            return grpc.unary_unary_rpc_method_handler(take)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    rpc = grpc.server(ThreadPoolExecutor(4), handlers=(Any_(),), options=[("grpc.max_receive_message_length", -1)])
    tap.http = f"http://127.0.0.1:{http.server_port}"
    tap.grpc = f"http://127.0.0.1:{rpc.add_insecure_port('127.0.0.1:0')}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    rpc.start()
    try:
        yield tap
    finally:
        rpc.stop(None).wait()
        http.shutdown()
        thread.join()
        http.server_close()
