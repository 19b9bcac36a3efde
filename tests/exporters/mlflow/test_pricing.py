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
    pricing._rates.clear()
    yield
    pricing._package.cache_clear()
    pricing._rates.clear()


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


COUNTS = (
    TokenUsage(input_tokens=1234, output_tokens=77),
    TokenUsage(input_tokens=1234, output_tokens=0, cache_read_input_tokens=200, cache_creation_input_tokens=1000),
    TokenUsage(input_tokens=1_000_000, output_tokens=9, cache_read_input_tokens=999),
    TokenUsage(input_tokens=300_000, cache_creation_input_tokens=300_000),
    TokenUsage(output_tokens=3),
    TokenUsage(input_tokens=1, output_tokens=1, cache_read_input_tokens=5),
    TokenUsage(),
)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google", "groq", "deepseek", "mistral", "cohere"])
def test_is_what_the_package_says_of_every_model_and_tier(provider: str) -> None:
    table = {provider.id: provider for provider in genai_prices.data_snapshot.get_snapshot().providers}
    for model in table[provider].models:
        for usage in COUNTS:
            said = pricing._asked_for_price(genai_prices, model.id, provider, usage)
            assert price(model.id, provider, usage) == said, (model.id, usage)


def test_asks_the_package_for_rates_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    calc_price = genai_prices.calc_price

    def counted(usage: Any, model_ref: str, **kwargs: Any) -> Any:
        asked.append(model_ref)
        return calc_price(usage, model_ref, **kwargs)

    monkeypatch.setattr(genai_prices, "calc_price", counted)
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    first = price("gpt-4o", "openai", USAGE)
    rates_for = len(asked)
    assert [price("gpt-4o", "openai", USAGE) for _ in range(100)] == [first] * 100
    assert len(asked) == rates_for
    now += pricing.RATES_HOLD
    price("gpt-4o", "openai", USAGE)
    assert len(asked) == 2 * rates_for


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
