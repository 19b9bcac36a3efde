"""Token counts. Each API has its own names for them; they mean the same."""

from __future__ import annotations

from typing import Final

from genspan.instrumentation.core.reading import Table, count, tokens
from genspan.semconv import attributes as names

_CACHED: Final[Table] = {
    "text_tokens": (names.GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS, count),
    "image_tokens": (names.GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS, count),
    "audio_tokens": (names.GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS, count),
}
_INPUT: Final[Table] = {
    "cached_tokens": (names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, tokens),
    "cache_write_tokens": (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, tokens),
    "cache_creation_input_tokens": (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, tokens),
    "text_tokens": (names.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    "image_tokens": (names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    "audio_tokens": (names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
    "cached_tokens_details": _CACHED,
}
_OUTPUT: Final[Table] = {
    "reasoning_tokens": (names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, tokens),
    "text_tokens": (names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    "image_tokens": (names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
    "audio_tokens": (names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
}
USAGE: Final[Table] = {
    "prompt_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
    "input_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
    "completion_tokens": (names.GEN_AI_USAGE_OUTPUT_TOKENS, tokens),
    "output_tokens": (names.GEN_AI_USAGE_OUTPUT_TOKENS, tokens),
    "prompt_tokens_details": _INPUT,
    "input_tokens_details": _INPUT,
    "input_token_details": _INPUT,
    "completion_tokens_details": _OUTPUT,
    "output_tokens_details": _OUTPUT,
    "output_token_details": _OUTPUT,
}
"""The counts of a response's `usage`, totals and by kind."""
