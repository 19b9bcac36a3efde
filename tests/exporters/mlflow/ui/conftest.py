"""A conversation recorded by hand with the OpenTelemetry SDK, exported to a file, and MLflow's own page of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from genspan.exporters.mlflow import MlflowSpanExporter
from support.browser import chromium_path
from support.conversation import record
from support.mlflow_ui import mlflow_server, traces_address, visitor

Open = Callable[[str], Any]
"""Opens the span of that name and gives the page."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The server's address and the trace's id."""
    if chromium_path() is None:
        pytest.skip("no Chromium or Chrome to look at MLflow's pages with")
    file: Path = tmp_path_factory.mktemp("mlflow-ui") / "mlflow.db"
    provider = TracerProvider(resource=Resource.create({"service.name": "travel"}))
    provider.add_span_processor(BatchSpanProcessor(MlflowSpanExporter(tracking_uri=f"sqlite:///{file}")))
    trace_id = record(provider.get_tracer("recorded by hand"))
    provider.shutdown()
    with mlflow_server(file) as url:
        yield url, trace_id


@pytest.fixture(scope="module")
def page(address: tuple[str, str]) -> Iterator[Any]:
    """A page of the browser, with the trace open. While it is there, no test can run an event loop of its own."""
    with visitor() as page:
        page.goto(traces_address(*address))
        yield page


@pytest.fixture
def open_span(page: Any) -> Open:
    """Opens the span of that name: the page then shows it beside the tree."""

    def open_span(name: str) -> Any:
        page.get_by_text(name, exact=True).first.click()
        page.get_by_role("heading", name=name, exact=True).or_(page.get_by_text(name, exact=True).nth(1)).wait_for()
        page.get_by_role("tab", name="Inputs / Outputs").click()
        return page

    return open_span
