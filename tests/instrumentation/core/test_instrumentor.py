"""An instrumentor turned on and off many times: nothing of it piles up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from genspan.instrumentation.core.bystanders import Bystander
from genspan.instrumentation.core.instrumentor import LibraryInstrumentor

PAIRS = """
import gc, sys
import wrapt
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from genspan.instrumentation.{library} import {name}

instrumentor = {name}()
providers = {{"tracer_provider": TracerProvider(), "meter_provider": MeterProvider()}}

def pairs(count):
    for _ in range(count):
        instrumentor.instrument(**providers)
        instrumentor.uninstrument()
    gc.collect()
    return sys.getallocatedblocks()

assert {module!r} not in sys.modules
before = pairs(20)
print((pairs(200) - before) / 200)

instrumentor.instrument(**providers)
import {module} as module
method = vars(module.{owner})[{method!r}]
print(isinstance(method, wrapt.FunctionWrapper), isinstance(method.__wrapped__, wrapt.FunctionWrapper))
"""


@pytest.mark.parametrize(
    ("library", "name", "module", "method"),
    [
        ("openai", "OpenAIInstrumentor", "openai.resources.chat.completions", "Completions.create"),
        ("langchain", "LangChainInstrumentor", "langchain_core.retrievers", "BaseRetriever.invoke"),
    ],
)
def test_hooks_for_imports_to_come_are_left_once(library: str, name: str, module: str, method: str) -> None:
    owner, _, method = method.rpartition(".")
    program = PAIRS.format(library=library, name=name, module=module, owner=owner, method=method)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    blocks, wrapped = done.stdout.splitlines()
    assert float(blocks) < 4  # A hook is six; Python's own caches take up to one (3.13).
    assert wrapped == "True False"


class Instrumentor(LibraryInstrumentor):
    requirement = "pytest"
    bystanders = (Bystander("acme.on()", "take it out", "acme_bystander", "on", lambda module: False),)

    seen: Any = None

    def _instrument(self, **kwargs: Any) -> None:
        super()._instrument(**kwargs)
        self._when_imported("acme_library", self._see)

    def _see(self, module: ModuleType) -> None:
        self.seen = [*(self.seen or ()), module]


@pytest.fixture
def instrumentor() -> Iterator[Instrumentor]:
    made = Instrumentor()
    yield made
    if made.is_instrumented_by_opentelemetry:
        made.uninstrument()
    Instrumentor._instance = None


def test_a_bystander_is_looked_out_for_once(instrumentor: Instrumentor, monkeypatch: pytest.MonkeyPatch) -> None:
    def on() -> str:
        return "on"

    module = ModuleType("acme_bystander")
    module.on = on  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "acme_bystander", module)
    for _ in range(3):
        instrumentor.instrument()
        instrumentor.uninstrument()
    assert module.on() == "on"
    assert module.on.__wrapped__ is on


def test_a_module_that_is_imported_anew_is_seen_anew(
    instrumentor: Instrumentor, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "acme_library.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for _ in range(2):
        for _ in range(3):
            instrumentor.instrument()
            instrumentor.uninstrument()
        instrumentor.instrument()
        __import__("acme_library")
        del sys.modules["acme_library"]
        instrumentor.uninstrument()
    first, second = instrumentor.seen
    assert first is not second
