"""A loopback WebSocket server that plays a script to each who connects, and keeps every frame it receives.

    with ScriptedSocket() as server:
        server.script(Heard("response.create"), Say(created), Say(done), Heard("response.create"), Break())

Every connection plays on where the one before it left the script, so that a client may connect anew.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.scripted_server import Request


@dataclass(frozen=True)
class Heard:
    """Waits until the client has sent an event of this type."""

    kind: str


@dataclass(frozen=True)
class Say:
    """Sends events, as JSON; text as it is."""

    events: tuple[Any, ...]

    def __init__(self, *events: Any) -> None:
        object.__setattr__(self, "events", events)


@dataclass(frozen=True)
class Bye:
    """Closes in order."""

    code: int = 1000


@dataclass(frozen=True)
class Break:
    """Closes the connection beneath, without a word."""


Act = Heard | Say | Bye | Break


class ScriptedSocket:
    """Listens on a free port of 127.0.0.1 while its `with` block lasts. When the script is over it only listens."""

    def __init__(self) -> None:
        from websockets.sync.server import serve

        self.frames: list[tuple[str, Any]] = []
        self._acts: list[Act] = []
        self._playing: list[threading.Thread] = []
        self._server = serve(self._play, "127.0.0.1", 0, compression=None, process_request=self._greet)
        self._thread = threading.Thread(target=self._server.serve_forever, name="scripted-socket", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The `base_url` for a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> list[Request]:
        """What came since the last `script`, once all clients are gone: paths, and frames as they were."""
        for thread in self._playing:
            thread.join(5)
        return [
            Request("FRAME", path, (), frame if isinstance(frame, bytes) else frame.encode())
            for path, frame in self.frames
        ]

    def script(self, *acts: Act) -> None:
        """Plays this from now on, and forgets the frames so far."""
        self._acts, self.frames, self._playing = list(acts), [], []

    def _greet(self, connection: Any, request: Any) -> None:
        # Before the client knows that it is connected: it may be gone again before `_play` begins.
        self._playing.append(threading.current_thread())
        self.frames.append((request.path, _headers(request.headers)))

    def _play(self, connection: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while self._acts:
                act = self._acts.pop(0)
                self._act(connection, act)
                if isinstance(act, (Bye, Break)):
                    return
            while True:
                self._receive(connection)
        except ConnectionClosed:
            return

    def _act(self, connection: Any, act: Act) -> None:
        if isinstance(act, Heard):
            while self._receive(connection) != act.kind:
                pass
        elif isinstance(act, Say):
            for event in act.events:
                connection.send(event if isinstance(event, str) else json.dumps(event))
        elif isinstance(act, Bye):
            connection.close(act.code)
        else:
            connection.socket.shutdown(2)

    def _receive(self, connection: Any) -> Any:
        frame = connection.recv()
        self.frames.append((connection.request.path, frame))
        try:
            return json.loads(frame).get("type")
        except (ValueError, AttributeError):
            return None

    def __enter__(self) -> ScriptedSocket:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._thread.join()


def _headers(headers: Any) -> str:
    """The headers that are the app's and the SDK's: not the key that is drawn for each connection."""
    drawn: Callable[[str], bool] = lambda name: name.lower() == "sec-websocket-key"  # noqa: E731
    return json.dumps([(name, value) for name, value in headers.raw_items() if not drawn(name)])
