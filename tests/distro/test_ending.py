"""The end of a process in one bound; programs that end so are in tests/e2e/test_short_programs.py."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genspan.distro import ending


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Callable[..., Any]]]:
    """What is registered to be called at the end, and what no more."""
    done: list[tuple[str, Callable[..., Any]]] = []
    monkeypatch.setattr(atexit, "register", lambda function, *_: done.append(("register", function)))
    monkeypatch.setattr(atexit, "unregister", lambda function: done.append(("unregister", function)))
    return done


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Any:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield provider
    provider.shutdown()


def test_the_sdk_installed_is_known(at_exit: list[tuple[str, Any]], provider: TracerProvider) -> None:
    ending.end_within(5)
    assert at_exit == [("unregister", provider.shutdown), ("register", ending._end)]


def test_an_sdk_that_is_made_otherwise_ends_in_its_own_way(
    at_exit: list[tuple[str, Any]], provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_BATCH_PARTS", ("_exporter", "_a_part_that_is_gone"))
    ending.end_within(5)
    assert at_exit == []
