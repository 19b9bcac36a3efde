"""Token counts."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Attributes
from genspan.instrumentation.core.reading import Table, attributes_of, count, field, tokens
from genspan.semconv import attributes as names

_CHAT: Final[Table] = (
    ("prompt_tokens", names.GEN_AI_USAGE_INPUT_TOKENS, tokens),
    ("completion_tokens", names.GEN_AI_USAGE_OUTPUT_TOKENS, tokens),
)
_CHAT_INPUT: Final[Table] = (
    ("cached_tokens", names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, tokens),
    ("cache_write_tokens", names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, tokens),
    ("text_tokens", names.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    ("image_tokens", names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    ("audio_tokens", names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
)
_CHAT_OUTPUT: Final[Table] = (
    ("reasoning_tokens", names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, tokens),
    ("text_tokens", names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    ("audio_tokens", names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
)


def chat_usage(usage: Any) -> Attributes:
    """The counts of a `CompletionUsage`, totals and by kind."""
    if usage is None:
        return {}
    return {
        **attributes_of(usage, _CHAT),
        **attributes_of(field(usage, "prompt_tokens_details"), _CHAT_INPUT),
        **attributes_of(field(usage, "completion_tokens_details"), _CHAT_OUTPUT),
    }
