"""A loopback HTTP server that gives the answers a test scripts, well-formed or not, and keeps every request's bytes.

    with ScriptedServer() as server:
        server.script(Json({"error": …}, status=429), Sse(chunks))
        …  # base_url=server.url
        server.requests[0].body

Answers are given in the order scripted, the last one again and again. A test of its own kind of brokenness combines
`pause`, `cut` and `stall`.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Headers
    """Names and values as sent, in the order sent."""
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Body:
    """A whole answer at once."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def write(self, handler: _Handler) -> None:
        """Sends it, without the headers `Date` and `Server`: two runs are to see the same."""
        handler.send_response_only(self.status)
        for name, value in {"Content-Type": self.content_type, **self.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)


def Json(value: Any, status: int = 200, **headers: str) -> Body:
    """A JSON answer; underscores in the names of headers are hyphens."""
    return Body(
        json.dumps(value).encode(), status, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def Failure(status: int, message: str = "no", code: str | None = None, **headers: str) -> Body:
    """An error as OpenAI words it. A client that retries does so at once."""
    error = {"message": message, "type": "some_error", "param": None, "code": code}
    return Json({"error": error}, status, **{"retry_after_ms": "1", "Retry_After": "0", **headers})


@dataclass(frozen=True)
class Sse:
    """A stream of server-sent events, one for each chunk, each in an HTTP chunk of its own."""

    chunks: Sequence[Any]
    """What JSON has a form for is written as such; bytes are written as they are, as a whole event."""
    done: bool = True
    """Whether `[DONE]` ends the stream."""
    pause: float = 0.0
    """Seconds before each chunk."""
    cut: bool = False
    """Closes the connection after the last chunk, in the middle of the body."""
    stall: bool = False
    """Says nothing more after the last chunk, until the client is gone."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def write(self, handler: _Handler) -> None:
        """Sends it."""
        handler.send_response_only(200)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in self.chunks:
            if self.pause:
                time.sleep(self.pause)
            text = chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()
            self._event(handler, text)
        if self.stall:
            handler.wait_for_client_to_leave()
        if self.stall or self.cut:
            handler.close_connection = True
            return
        if self.done:
            self._event(handler, b"[DONE]")
        handler.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def _event(handler: _Handler, text: bytes) -> None:
        event = b"data: " + text + b"\n\n"
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))


@dataclass(frozen=True)
class Stall:
    """No answer at all, until the client gives up."""

    def write(self, handler: _Handler) -> None:
        """Waits."""
        handler.wait_for_client_to_leave()
        handler.close_connection = True


@dataclass(frozen=True)
class Disconnect:
    """Closes the connection in place of an answer."""

    def write(self, handler: _Handler) -> None:
        """Closes."""
        handler.close_connection = True


Answer = Body | Sse | Stall | Disconnect


class ScriptedServer:
    """Listens on a free port of 127.0.0.1 while its `with` block lasts."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """What came since the last `script`."""
        self._answers: tuple[Answer, ...] = (Disconnect(),)
        self._given = 0
        self._lock = threading.Lock()
        self._http = _Server(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="scripted-server", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The `base_url` for a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *answers: Answer) -> None:
        """Gives these answers from now on, and forgets the requests so far."""
        with self._lock:
            self._answers, self._given, self.requests = answers, 0, []

    def _next_answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            answer = self._answers[min(self._given, len(self._answers) - 1)]
            self._given += 1
            return answer

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, script: ScriptedServer) -> None:
        self.script = script
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients leave in the middle: that is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, tuple(self.headers.items()), body)
        self.server.script._next_answer(request).write(self)

    do_GET = do_DELETE = do_POST

    def wait_for_client_to_leave(self) -> None:
        while True:
            readable, _, _ = select.select([self.connection], [], [], 10)
            if not readable or not self.connection.recv(1, socket.MSG_PEEK):
                return

    def log_message(self, *args: Any) -> None:
        pass
