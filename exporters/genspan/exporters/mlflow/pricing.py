"""What a model call cost, by the price table of the `genai-prices` package.

An extra (`pip install 'genspan[prices]'`): the table comes with the package, and nothing is fetched. Without it, for a
model that it does not know, and where no tokens were counted, there is no cost.

The package takes longer over one call than all else that is done for its span. But a price is a sum of counts times
rates, so it is asked for the rates of a model now and then, and for a call itself only where those do not hold.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from genspan.exporters.mlflow.keys import SpanType
from genspan.exporters.mlflow.model import Cost, TokenUsage
from genspan.semconv.values import ProviderName

PRICED: Final = frozenset({SpanType.CHAT_MODEL, SpanType.LLM, SpanType.EMBEDDING})
"""Types of spans that pay for tokens. What an agent states are the tokens of the calls inside it."""

PROVIDERS: Final = {
    ProviderName.AZURE_AI_OPENAI: "azure",
    ProviderName.AZURE_AI_INFERENCE: "azure",
    ProviderName.AWS_BEDROCK: "aws",
    ProviderName.GCP_GEMINI: "google",
    ProviderName.GCP_GEN_AI: "google",
    ProviderName.GCP_VERTEX_AI: "google",
    ProviderName.MISTRAL_AI: "mistral",
    ProviderName.MOONSHOT_AI: "moonshotai",
    ProviderName.X_AI: "x-ai",
}
"""`gen_ai.provider.name` to the package's word for it, where they differ."""

RATES_HOLD: Final = 60.0
"""Seconds that rates are kept: prices may change by the time of day, and with `genai_prices.UpdatePrices`."""
MOST_RATES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a token, and a request."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal
    request: Decimal
    most_input: float
    """Tokens of input up to which these are the rates; with more, a call may be in another tier."""

    def price(self, usage: TokenUsage) -> Cost | None:
        """The price of a call; None where these are not its rates, or its counts contradict each other."""
        tokens, read = usage.input_tokens or 0, usage.cache_read_input_tokens or 0
        written = usage.cache_creation_input_tokens or 0
        if tokens > self.most_input or read + written > tokens:
            return None
        paid = self.input * (tokens - read - written)
        if read or written:
            paid += self.cache_read * read + self.cache_write * written
        answered = self.output * (usage.output_tokens or 0)
        return Cost(float(paid), float(answered), float(paid + answered + self.request))


_rates: Final[dict[tuple[str, str | None], tuple[Rates | None, float]]] = {}
"""By model and provider, with the time until which they hold; None for a model that the table does not have."""


def price(model: str | None, provider: str | None, usage: TokenUsage | None) -> Cost | None:
    """US dollars for the tokens of one call; None where the price is not known. Never raises."""
    if model is None or usage is None or (prices := _package()) is None:
        return None
    now, key = time.monotonic(), (model, provider)
    rates, until = _rates.get(key, (None, now))
    if until <= now:
        if len(_rates) >= MOST_RATES:
            _rates.clear()
        rates = _asked_for_rates(prices, model, provider)
        _rates[key] = rates, now + RATES_HOLD
    if rates is None:
        return None
    return rates.price(usage) or _asked_for_price(prices, model, provider, usage)


def _asked_for_rates(prices: Any, model: str, provider: str | None) -> Rates | None:
    def paid(**usage: int) -> Any:
        return _asked(prices, model, provider, usage)

    try:
        request, plain, output = paid(), paid(input_tokens=1), paid(output_tokens=1)
        return Rates(
            input=plain.input_price,
            cache_read=paid(input_tokens=1, cache_read_tokens=1).input_price,
            cache_write=paid(input_tokens=1, cache_write_tokens=1).input_price,
            output=output.output_price,
            request=request.total_price,
            most_input=_first_tier(plain.model_price),
        )
    except Exception:  # noqa: BLE001 - LookupError for a model that is not known, and whatever else a table may do
        return None


def _asked_for_price(prices: Any, model: str, provider: str | None, usage: TokenUsage) -> Cost | None:
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_input_tokens,
        "cache_write_tokens": usage.cache_creation_input_tokens,
    }
    try:
        paid = _asked(prices, model, provider, counts)
    except Exception:  # noqa: BLE001 - counts that contradict each other, as more tokens cached than read
        return None
    return Cost(float(paid.input_price), float(paid.output_price), float(paid.total_price))


def _asked(prices: Any, model: str, provider: str | None, usage: dict[str, Any]) -> Any:
    provider_id = None if provider is None else PROVIDERS.get(provider, provider)
    return prices.calc_price(prices.Usage(**usage), model_ref=model, provider_id=provider_id)


def _first_tier(model_price: Any) -> float:
    """Tokens of input beyond which some rate is another."""
    tiers = [tier for rate in vars(model_price).values() for tier in getattr(rate, "tiers", ())]
    return min((tier.start for tier in tiers), default=float("inf"))


@cache
def _package() -> Any | None:
    try:
        import genai_prices
    except ImportError:
        return None
    return genai_prices
