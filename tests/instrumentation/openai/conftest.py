from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("support.openai_scenario", "support.telemetry", "support.conventions")

from support.scripted_server import ScriptedServer  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedServer]:
    # Every scenario collects garbage to see what dropped streams do; what is there already need not be gone through.
    gc.collect()
    gc.freeze()
    with ScriptedServer() as server:
        yield server
    gc.unfreeze()
