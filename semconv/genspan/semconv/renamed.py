"""Older attribute names and what they are called now.

Written by semconv/generate.py from semconv/registry.json (main @ 6fd0d76 (2026-10-09)): edit those.
"""

from __future__ import annotations

from typing import Final

RENAMED_ATTRIBUTES: Final[dict[str, str | None]] = {
    "gen_ai.system": "gen_ai.provider.name",
    "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
    "gen_ai.prompt": None,
    "gen_ai.completion": None,
    "gen_ai.openai.request.seed": "gen_ai.request.seed",
    "gen_ai.openai.request.response_format": "gen_ai.output.type",
    "gen_ai.openai.request.service_tier": "openai.request.service_tier",
    "gen_ai.openai.response.service_tier": "openai.response.service_tier",
    "gen_ai.openai.response.system_fingerprint": "openai.response.system_fingerprint",
    "gen_ai.usage.cache_creation.input_tokens": "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.token.type": "gen_ai.token.modality",
    "gen_ai.request.choice_count": "gen_ai.request.choice.count",
}
"""Older name to today's; None where nothing takes its place."""
