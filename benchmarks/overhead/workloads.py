"""The work that is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .answers import CHUNKS
from .calls import CALLS_OF_A_THREAD, CHUNKS_LEFT_AT, TASKS, THREADS


@dataclass(frozen=True)
class Workload:
    """One kind of work."""

    title: str
    call: str
    """The method of `Calls`."""
    size: int
    """Bytes of the prompt."""
    times: int
    """How often it runs in one measurement."""
    each: int = 1
    """How many calls one run is."""
    libraries: tuple[str, ...] = ("openai",)
    """Those that are instrumented."""


WORKLOADS: Final[dict[str, Workload]] = {
    "chat-1kB": Workload("chat, 1 kB prompt", "chat", 1_000, 100),
    "chat-10kB": Workload("chat, 10 kB prompt", "chat", 10_000, 100),
    "chat-1MB": Workload("chat, 1 MB prompt", "chat", 1_000_000, 10),
    "chat-10MB": Workload("chat, 10 MB prompt", "chat", 10_000_000, 2),
    "stream": Workload(f"stream of {CHUNKS} chunks", "stream", 1_000, 5),
    "embeddings": Workload("embeddings", "embeddings", 1_000, 60),
    "responses": Workload("Responses API", "responses", 1_000, 60),
    "tools": Workload("chat with a tool call", "tools", 1_000, 60),
    "tasks": Workload(f"{TASKS} concurrent async calls", "tasks", 1_000, 1, TASKS),
    "threads": Workload(f"{THREADS} threads", "threads", 1_000, 1, THREADS * CALLS_OF_A_THREAD),
    "agent": Workload("LangChain agent of two steps", "agent", 1_000, 6, libraries=("langchain",)),
    "agent-openai": Workload("the same, OpenAI instrumented too", "agent", 1_000, 6, libraries=("langchain", "openai")),
    "ready": Workload("chat, without HTTP and parsing", "ready", 10_000, 2_000),
    "abandoned": Workload(f"stream left after {CHUNKS_LEFT_AT} chunks", "abandoned", 1_000, 10),
    "abandoned-async": Workload(
        f"async stream left after {CHUNKS_LEFT_AT} chunks", "abandoned_asynchronously", 1_000, 10
    ),
}
"""All that `Calls` can do; COMPARED is what all contenders do."""

COMPARED: Final = tuple(name for name in WORKLOADS if name not in ("ready", "abandoned", "abandoned-async"))
