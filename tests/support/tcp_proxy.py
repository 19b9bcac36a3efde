"""A network that fails: a TCP proxy on 127.0.0.1 whose connections can be refused, cut, stalled and deafened.

It runs in a process of its own, which is told what to do on its standard input.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

from support.ports import free_port

Mode = Literal["pass", "reset", "stall", "deaf"]
"""`reset`: every connection ends with a reset, old and new. `stall`: nothing goes through any more, and nothing ends.
`deaf`: what the client says goes through, what the server answers does not, and the connection is reset instead."""

_RESET = struct.pack("ii", 1, 0)


class TcpProxy:
    """The proxy before a port of 127.0.0.1, while the `with` block lasts."""

    def __init__(self, port: int) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._command = [sys.executable, "-m", "support.tcp_proxy", str(self._port), str(port)]

    def set(self, mode: Mode) -> None:
        """From now on, for all connections."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{mode}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == f"{mode}\n"

    def __enter__(self) -> TcpProxy:
        folder = Path(__file__).parent.parent
        self._process = subprocess.Popen(
            self._command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.set("pass")
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.communicate()


class _Proxy:
    def __init__(self, port: int, target: int) -> None:
        self._target = ("127.0.0.1", target)
        self._listener = socket.create_server(("127.0.0.1", port))
        self._mode: Mode = "pass"
        self._open: set[socket.socket] = set()
        self._passing = threading.Event()

    def run(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        for line in sys.stdin:
            self._set(line.strip())  # type: ignore[arg-type]
            print(line, end="", flush=True)

    def _set(self, mode: Mode) -> None:
        self._mode = mode
        self._passing.clear()
        if mode in ("pass", "deaf"):
            self._passing.set()
        if mode == "reset":
            for connection in tuple(self._open):
                _reset(connection)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._open.add(client)
        if self._mode == "reset":
            _reset(client)
            return
        try:
            server = socket.create_connection(self._target, timeout=5)
            server.settimeout(None)
        except OSError:
            _reset(client)
            return
        self._open.add(server)
        answers = threading.Thread(target=self._pump, args=(server, client, True), daemon=True)
        answers.start()
        self._pump(client, server, False)
        answers.join()
        for connection in (client, server):
            self._open.discard(connection)
            connection.close()

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        try:
            while data := source.recv(65536):
                self._passing.wait()
                if is_answer and self._mode == "deaf":
                    _reset(sink)
                    break
                sink.sendall(data)
        except OSError:
            pass
        for connection in (source, sink):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RD)
        connection.close()


if __name__ == "__main__":
    _Proxy(*map(int, sys.argv[1:])).run()
