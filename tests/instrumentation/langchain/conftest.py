from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("support.langchain_scenario", "support.telemetry", "support.conventions")

from genspan.distro.demo.server import DemoServer, running  # noqa: E402


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoServer]:
    # Every scenario collects garbage to see what dropped streams do; what is there already need not be gone through.
    gc.collect()
    gc.freeze()
    with running() as server:
        yield server
    gc.unfreeze()
