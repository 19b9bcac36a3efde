"""Token counts. Each API has its own names for them; they mean the same."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Attributes
from genspan.instrumentation.core.reading import Table, attributes_of, count, field, fields, tokens
from genspan.semconv import attributes as names

_TOTALS: Final[Table] = (
    ("prompt_tokens", names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
    ("input_tokens", names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
    ("completion_tokens", names.GEN_AI_USAGE_OUTPUT_TOKENS, tokens),
    ("output_tokens", names.GEN_AI_USAGE_OUTPUT_TOKENS, tokens),
)
_INPUT: Final[Table] = (
    ("cached_tokens", names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, tokens),
    ("cache_write_tokens", names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, tokens),
    ("cache_creation_input_tokens", names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, tokens),
    ("text_tokens", names.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    ("image_tokens", names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    ("audio_tokens", names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
)
_CACHED: Final[Table] = (
    ("text_tokens", names.GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS, count),
    ("image_tokens", names.GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS, count),
    ("audio_tokens", names.GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS, count),
)
_OUTPUT: Final[Table] = (
    ("reasoning_tokens", names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, tokens),
    ("text_tokens", names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    ("image_tokens", names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
    ("audio_tokens", names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
)
_DETAILS: Final = (
    ("prompt_tokens_details", _INPUT),
    ("input_tokens_details", _INPUT),
    ("input_token_details", _INPUT),
    ("completion_tokens_details", _OUTPUT),
    ("output_tokens_details", _OUTPUT),
    ("output_token_details", _OUTPUT),
)


def token_usage(usage: Any) -> Attributes:
    """The counts of a response's `usage`, totals and by kind."""
    if usage is None:
        return {}
    attributes = attributes_of(usage, _TOTALS)
    get = fields(usage)
    for name, table in _DETAILS:
        details = get(name)
        if details is not None:
            attributes.update(attributes_of(details, table))
            cached = field(details, "cached_tokens_details")
            if cached is not None:
                attributes.update(attributes_of(cached, _CACHED))
    return attributes
