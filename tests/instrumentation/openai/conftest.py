from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("support.openai_scenario", "support.telemetry", "support.conventions")

from support.scripted_server import ScriptedServer  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server
