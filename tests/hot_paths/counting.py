"""Counts what a call executes and allocates: the same figures in every run, on every machine, within half a percent.

Counted are bytecode instructions, whosever they are, of the calling thread and of threads that it starts; and bytes
that an instruction allocates in one large piece, which is how copies of prompts and answers are seen, those too that C
makes and frees again.

Not seen is work in C that allocates little: to search a text, to hash it, to write to a file; several large pieces that
one call into C takes and frees by turns count as the largest. Nor are waiting, and instructions that take longer than
others. `make bench` measures time.
"""

from __future__ import annotations

import gc
import random
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Final

Run = Callable[[], object]

LARGE: Final = 4096
"""Bytes. Less than that in one instruction is an object of the interpreter's, or of the counting itself."""

_TOOL: Final = 4
"""A number that `sys.monitoring` leaves to no known tool."""


def instructions(run: Run) -> Counter[CodeType]:
    """Bytecode instructions that `run` executes, by function."""
    counted: Counter[CodeType] = Counter()

    def count(code: CodeType) -> None:
        counted[code] += 1

    with _at_each_instruction(count):
        run()
    return counted


def large_bytes(run: Run) -> Counter[CodeType]:
    """Bytes that `run` allocates in instructions that take `LARGE` or more at a time, freed or not, by function."""
    taken: Counter[CodeType] = Counter()
    before, last = 0, large_bytes.__code__

    def look(code: CodeType) -> None:
        nonlocal before, last
        peak = tracemalloc.get_traced_memory()[1]
        if peak - before >= LARGE:
            taken[last] += peak - before
        tracemalloc.reset_peak()
        before, last = tracemalloc.get_traced_memory()[0], code

    tracemalloc.start()
    try:
        with _at_each_instruction(look):
            run()
    finally:
        tracemalloc.stop()
    return taken


def calls(run: Run, folders: tuple[str, ...]) -> Counter[CodeType]:
    """Calls of Python functions that are defined in these folders, by function."""
    counted: Counter[CodeType] = Counter()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(folders):
            counted[frame.f_code] += 1

    with _undisturbed():
        sys.setprofile(profile)
        try:
            run()
        finally:
            sys.setprofile(None)
    return counted


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without what comes at any step: finalizers that the collector calls. And with the same chances each time."""
    gc.collect()
    gc.freeze()  # To go through the same objects time and again takes longer than to count.
    gc.disable()
    random.seed(0)
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _at_each_instruction(look: Callable[[CodeType], None]) -> Iterator[None]:
    """Calls `look` before each instruction, with the function that it belongs to."""
    with _undisturbed():
        # `sys.settrace` loses instructions in 3.12.0 to 3.13.0.
        yield from _monitored(look) if sys.version_info >= (3, 12) else _traced(look)


def _traced(look: Callable[[CodeType], None]) -> Iterator[None]:
    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "opcode":
            look(frame.f_code)
        elif event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]  # what typeshed does not know


def _monitored(look: Callable[[CodeType], None]) -> Iterator[None]:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]  # since 3.12
    event = monitoring.events.INSTRUCTION
    monitoring.use_tool_id(_TOOL, "hot_paths")
    monitoring.register_callback(_TOOL, event, lambda code, _: look(code))
    monitoring.set_events(_TOOL, event)
    try:
        yield
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.free_tool_id(_TOOL)
