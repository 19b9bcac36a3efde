"""An OpenAI-compatible server on loopback: `python -m genspan.distro.demo.server`.

Speaks chat completions and responses (whole and streamed), embeddings and the list of models, over HTTP/1.1 with
keep-alive, on the standard library alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from genspan.distro.demo import chat, embeddings, responses
from genspan.distro.demo.protocol import Json, Refused

_MODELS = ("gpt-5.4-mini", "gpt-4.1-mini", "text-embedding-3-small", "text-embedding-3-large")
_WHOLE: dict[str, Callable[[Json], Json]] = {
    "/v1/chat/completions": chat.completion,
    "/v1/responses": responses.response,
    "/v1/embeddings": embeddings.embeddings,
}
_STREAMED: dict[str, Callable[[Json], Iterator[Json]]] = {
    "/v1/chat/completions": chat.chunks,
    "/v1/responses": responses.events,
}


class DemoServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 from its creation on; `serve_forever` answers."""

    daemon_threads = True

    def __init__(
        self, port: int = 0, latency: float = 0.005, observe: Callable[[str, bytes], None] | None = None
    ) -> None:
        """Port 0 is any free one. `latency`: seconds before the first byte; a stream's chunks take a tenth each.

        `observe` gets the path and the body of each POST, in the thread that answers it.
        """
        super().__init__(("127.0.0.1", port), _Handler)
        self.latency = latency
        self.observe = observe

    @property
    def base_url(self) -> str:
        """What `OPENAI_BASE_URL` has to be."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up in the middle of an answer is nothing to print; all else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def running(
    port: int = 0, latency: float = 0.0, observe: Callable[[str, bytes], None] | None = None
) -> Iterator[DemoServer]:
    """A server that answers in a thread of this process while the `with` block runs."""
    with DemoServer(port, latency, observe) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: DemoServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "genspan"} for name in _MODELS]
        if path == "/v1/models":
            return self._send(200, {"object": "list", "data": models})
        for model in models:
            if path == f"/v1/models/{model['id']}":
                return self._send(200, model)
        return self._refuse(_unknown("GET", path))

    def do_POST(self) -> None:
        started = time.perf_counter()
        path = _as_openais(urlsplit(self.path).path)
        try:
            body = self._body()
            if path not in _WHOLE:
                raise _unknown("POST", path)
            self._authorize()
            time.sleep(self.server.latency)
            if body.get("stream") and path in _STREAMED:
                self._stream(_STREAMED[path](body))
            else:
                answer = _WHOLE[path](body)
                took = {"openai-processing-ms": str(round((time.perf_counter() - started) * 1000))}
                self._send(200, answer, took)
        except Refused as refusal:
            self._refuse(refusal)
        except (AttributeError, KeyError, TypeError) as fault:
            # Deep in a message or a tool: the request is not of the documented shape.
            self._refuse(Refused(f"Malformed request: {type(fault).__name__}: {fault}"))

    def _body(self) -> Json:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.observe:
            self.server.observe(self.path, raw)
        try:
            body = json.loads(raw)
        except ValueError:
            raise Refused("We could not parse the JSON body of your request.") from None
        if not isinstance(body, dict):
            raise Refused("Invalid type: expected an object, but got something else instead.")
        return body

    def _authorize(self) -> None:
        if not (self.headers.get("Authorization") or "").removeprefix("Bearer").strip():
            raise Refused("You didn't provide an API key.", code="invalid_api_key", status=401)

    def _send(self, status: int, answer: Json, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(answer).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})})
        self.wfile.write(raw)

    def _refuse(self, refusal: Refused) -> None:
        self._send(refusal.status, refusal.body)

    def _stream(self, events: Iterator[Json]) -> None:
        self._head(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})
        for event in events:
            # The Responses API names its events; a chat completion's chunks are bare.
            name = f"event: {event['type']}\n" if "type" in event else ""
            self._chunk(f"{name}data: {json.dumps(event)}\n\n")
            time.sleep(self.server.latency / 10)
        if "/chat/" in self.path:
            self._chunk("data: [DONE]\n\n")
        self._chunk("")

    def _chunk(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(raw), raw))

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("x-request-id", f"req_{uuid.uuid4().hex}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the app that asks has its own output."""


def _as_openais(path: str) -> str:
    """The path of OpenAI's API, also where a client takes us for a Databricks workspace."""
    prefix = "/serving-endpoints/"
    return f"/v1/{path.removeprefix(prefix)}" if path.startswith(prefix) else path


def _unknown(method: str, path: str) -> Refused:
    return Refused(f"Invalid URL ({method} {path})", code="unknown_url", status=404)


def main() -> None:
    """Serve until interrupted. The base URL goes to standard output, and to `--ready-file` once it can be used."""
    parser = argparse.ArgumentParser(prog="python -m genspan.distro.demo.server", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--latency", type=float, default=0.005, help="seconds before an answer begins")
    parser.add_argument("--ready-file", type=Path, help="gets the base URL as soon as the server listens")
    given = parser.parse_args()
    with DemoServer(given.port, given.latency) as server:
        if given.ready_file:
            given.ready_file.write_text(server.base_url)
        print(server.base_url, flush=True)  # noqa: T201 - this is the command's output
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
