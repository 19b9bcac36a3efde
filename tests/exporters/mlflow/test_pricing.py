"""Prices come from the table of genai-prices, where it is installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import genai_prices
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.exporters.mlflow import pricing
from genspan.exporters.mlflow.model import Cost, TokenUsage
from genspan.exporters.mlflow.pricing import PROVIDERS, price
from genspan.exporters.mlflow.translate import translate

USAGE = TokenUsage(input_tokens=1000, output_tokens=100, cache_read_input_tokens=200)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    pricing._package.cache_clear()
    pricing._unknown.clear()
    yield
    pricing._package.cache_clear()


def span(operation: str, **attributes: Any) -> ReadableSpan:
    named = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "gen_ai.usage.cache_read.input_tokens": 200,
    }
    return ReadableSpan("s", SpanContext(1, 1, is_remote=False), attributes=named | attributes)


def test_is_what_the_package_says() -> None:
    said = genai_prices.calc_price(
        genai_prices.Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=200), "gpt-4o", provider_id="openai"
    )
    cost = price("gpt-4o", "openai", USAGE)
    assert cost == Cost(float(said.input_price), float(said.output_price), float(said.total_price))
    assert cost.input_cost > 0
    assert cost.output_cost > 0
    assert cost.total_cost == pytest.approx(cost.input_cost + cost.output_cost)


def test_knows_the_providers_of_the_conventions() -> None:
    known = {provider.id for provider in genai_prices.data_snapshot.get_snapshot().providers}
    assert set(PROVIDERS.values()) <= known
    assert price("gpt-4o", "azure.ai.openai", USAGE) is not None
    assert price("gemini-2.5-flash", "gcp.gemini", USAGE) is not None


@pytest.mark.parametrize(
    ("model", "provider", "usage"),
    [
        (None, "openai", USAGE),
        ("gpt-4o", "openai", None),
        ("no such model", "openai", USAGE),
        ("gpt-4o", "no such provider", USAGE),
        ("gpt-4o", "openai", TokenUsage(input_tokens=1, output_tokens=1, cache_read_input_tokens=5)),
    ],
)
def test_is_unknown_rather_than_wrong(model: str | None, provider: str, usage: TokenUsage | None) -> None:
    assert price(model, provider, usage) is None
    assert price(model, provider, usage) is None


def test_is_unknown_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert price("gpt-4o", "openai", USAGE) is None


def test_stands_on_spans_that_pay_for_tokens() -> None:
    for operation in ("chat", "generate_content", "text_completion", "embeddings"):
        paid = translate(span(operation))
        assert paid.cost is not None
        assert json.loads(paid.attributes["mlflow.llm.cost"])["total_cost"] == paid.cost.total_cost
    for operation in ("invoke_agent", "invoke_workflow", "execute_tool", "retrieval"):
        free = translate(span(operation))
        assert free.cost is None
        assert "mlflow.llm.cost" not in free.attributes


def test_gives_way_to_what_the_span_says() -> None:
    stated = {"input_cost": 1.0, "output_cost": 2.0, "total_cost": 3.0}
    translated = translate(span("chat", **{"mlflow.llm.cost": json.dumps(stated)}))
    assert translated.cost == Cost(1.0, 2.0, 3.0)
