"""The end of a process is held up for a stated time at most."""

from __future__ import annotations

import threading
import time

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genspan.distro.settings import FLUSH_TIME
from genspan.distro.workers import flush


class Hanging(SimpleSpanProcessor):
    """Whose flush ends when it is let go."""

    def __init__(self) -> None:
        super().__init__(InMemorySpanExporter())
        self.begun, self.let_go = threading.Event(), threading.Event()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.begun.set()
        return self.let_go.wait(30)


def test_a_destination_that_hangs_does_not_hold_up_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_EXIT_TIMEOUT", "0.2")
    provider, hanging = TracerProvider(), Hanging()
    provider.add_span_processor(hanging)
    began = time.monotonic()
    flush(provider)
    assert 0.2 <= time.monotonic() - began < 5
    assert hanging.begun.is_set()
    hanging.let_go.set()


def test_a_destination_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_EXIT_TIMEOUT", "0.5")
    provider, hangings = TracerProvider(), [Hanging(), Hanging()]
    for hanging in hangings:
        provider.add_span_processor(hanging)
    began = time.monotonic()
    flush(provider)
    assert time.monotonic() - began < 5
    assert all(hanging.begun.is_set() for hanging in hangings)
    for hanging in hangings:
        hanging.let_go.set()


def test_nothing_is_waited_for_where_all_is_sent() -> None:
    began = time.monotonic()
    flush(TracerProvider())
    assert time.monotonic() - began < FLUSH_TIME
