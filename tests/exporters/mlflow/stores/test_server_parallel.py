"""Several at a time, each once, in the caller's context."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextvars import ContextVar

import pytest

from genspan.exporters.mlflow.stores.server.parallel import REQUESTS, each

setting: ContextVar[str] = ContextVar("setting", default="unset")


def test_every_item_is_done_once_in_the_callers_context() -> None:
    token = setting.set("the caller's")
    done: list[tuple[int, str]] = []

    each(lambda item: done.append((item, setting.get())), range(50))

    setting.reset(token)
    assert sorted(done) == [(item, "the caller's") for item in range(50)]


def test_several_are_under_way_at_once() -> None:
    together = threading.Barrier(REQUESTS, timeout=10)

    def meet(_: int) -> None:
        together.wait()

    each(meet, range(REQUESTS))


@pytest.mark.parametrize("count", [1, 2, 100])
def test_an_error_is_raised_once_nothing_is_under_way(count: int) -> None:
    begun, ended = [], []

    def fail(item: int) -> None:
        begun.append(item)
        time.sleep(0.01)
        ended.append(item)
        raise LookupError(item)

    with pytest.raises(LookupError, match=r"^0$"):
        each(fail, range(count))

    assert sorted(begun) == sorted(ended)
    assert len(begun) <= max(1, count // 2 + REQUESTS)


def test_it_works_while_the_program_ends() -> None:
    program = (
        "import atexit, os\n"
        "from genspan.exporters.mlflow.stores.server.parallel import each\n"
        "atexit.register(lambda: each(lambda word: os.write(1, word), [b'a ', b'b ', b'c ']))\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert sorted(ended.stdout.split()) == ["a", "b", "c"]
    assert ended.stderr == ""
