"""What a model call cost, by the price table of the `genai-prices` package.

An extra (`pip install 'genspan[prices]'`): the table comes with the package, and nothing is fetched. Without it, for a
model that it does not know, and where no tokens were counted, there is no cost.
"""

from __future__ import annotations

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

_unknown: Final[set[tuple[str, str | None]]] = set()
"""Models that the table does not have, so that each is looked for once."""
_MOST_UNKNOWN: Final = 10_000


def price(model: str | None, provider: str | None, usage: TokenUsage | None) -> Cost | None:
    """US dollars for the tokens of one call; None where the price is not known. Never raises."""
    prices = _package()
    if prices is None or model is None or usage is None or (model, provider) in _unknown:
        return None
    try:
        paid = prices.calc_price(
            prices.Usage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cache_read_input_tokens,
                cache_write_tokens=usage.cache_creation_input_tokens,
            ),
            model_ref=model,
            provider_id=None if provider is None else PROVIDERS.get(provider, provider),
        )
    except LookupError:
        if len(_unknown) < _MOST_UNKNOWN:
            _unknown.add((model, provider))
        return None
    except Exception:  # noqa: BLE001 - counts that contradict each other, as more tokens cached than read
        return None
    return Cost(float(paid.input_price), float(paid.output_price), float(paid.total_price))


@cache
def _package() -> Any | None:
    try:
        import genai_prices
    except ImportError:
        return None
    return genai_prices
