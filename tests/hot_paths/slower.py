"""Regressions, one of each kind that the budgets are there for. Each must be seen, or the budgets guard nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

import orjson

from genspan.instrumentation.core import LibraryInstrumentor, Method, Target
from genspan.instrumentation.openai import TARGETS, OpenAIInstrumentor
from hot_paths.paths import Path, chat, each_chunk, recording

Change = Callable[[Method], Method]
LOOPS: Final = 200
"""Of some 50 ns each."""


def _ten_microseconds(method: Method) -> Method:
    def request(call: Any) -> Any:
        for number in range(LOOPS):
            _ = number + 1
        return method.request(call)

    return replace(method, request=request)


def _round_trip(method: Method) -> Method:
    return replace(method, request_content=lambda call: orjson.loads(orjson.dumps(method.request_content(call))))


def _copy(method: Method) -> Method:
    def request(call: Any) -> Any:
        for message in call.get("messages") or ():
            _ = message["content"].encode()
        return method.request(call)

    return replace(method, request=request)


def _checks_per_chunk(method: Method) -> Method:
    if method.fold is None:
        return method
    folding = method.fold

    class Checking:
        def __init__(self) -> None:
            self._fold = folding()

        def add(self, chunk: object) -> None:
            for kind in (str, bytes, Mapping):
                if isinstance(chunk, kind):
                    return
            self._fold.add(chunk)

        def response(self) -> Any:
            return self._fold.response()

    return replace(method, fold=Checking)


def _slower(change: Change) -> type[LibraryInstrumentor]:
    def changed(target: Target) -> Target:
        return replace(target, does=change(target.does)) if isinstance(target.does, Method) else target

    class Slower(OpenAIInstrumentor):
        _instance: ClassVar[Any] = None  # OpenTelemetry makes one object of each class, and finds it by this name.
        targets = tuple(map(changed, TARGETS))

    return Slower


SLOWER: Final[Mapping[str, Path]] = {
    "10 µs of Python": Path(chat, recording(_slower(_ten_microseconds))),
    "a JSON round trip in C": Path(chat, recording(_slower(_round_trip))),
    "a copy of the prompt": Path(chat, recording(_slower(_copy))),
    "a copy of the prompt, content off": Path(chat, recording(_slower(_copy), capture="NO_CONTENT")),
    "three isinstance a chunk": each_chunk(recording(_slower(_checks_per_chunk))),
}
