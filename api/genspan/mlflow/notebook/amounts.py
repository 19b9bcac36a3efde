"""Times, tokens and money for people to read."""

from __future__ import annotations

from typing import Any, Final

_LEAST: Final = 0.000001
"""The smallest cost in US dollars that is told to the digit."""


def duration(nanoseconds: int | None) -> str:
    """`0.4 ms`, `120 ms`, `3.14 s`, `2 min 5 s`; `unfinished` where there is no end."""
    if nanoseconds is None:
        return "unfinished"
    seconds = nanoseconds / 1e9
    if seconds < 0.00995:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s"


def tokens(usage: Any) -> str:
    """Tokens in and out of MLflow's token usage: `412 → 31 tokens`, with those read from a cache. Empty if unknown."""
    if not isinstance(usage, dict):
        return ""
    counts = [usage.get("input_tokens"), usage.get("output_tokens")]
    if not any(isinstance(count, int) for count in counts):
        return ""
    # Embeddings have no tokens out.
    told = [f"{count:,}" if isinstance(count, int) else "?" for count in counts if count or count == counts[0]]
    cached = usage.get("cache_read_input_tokens")
    return " → ".join(told) + " tokens" + (f" ({cached:,} cached)" if isinstance(cached, int) and cached else "")


def cost(amounts: Any) -> str:
    """The total of MLflow's cost in US dollars: `$0.0012`, with more digits where it takes them. Empty if unknown."""
    total = amounts.get("total_cost") if isinstance(amounts, dict) else None
    if not isinstance(total, (int, float)):
        return ""
    if total >= 0.001 or total == 0:
        return f"${total:.4f}"
    return f"${f'{total:.6f}'.rstrip('0')}" if total >= _LEAST else f"<${_LEAST:f}"
