from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.scripted_server import ScriptedServer
from support.scripted_socket import ScriptedSocket


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="session")
def socket() -> Iterator[ScriptedSocket]:
    """What a module of tests over WebSocket takes for its `server`."""
    pytest.importorskip("websockets")
    with ScriptedSocket() as socket:
        yield socket
