"""The parameters that say how to generate, which chat completions and the older completions have alike."""

from __future__ import annotations

from typing import Final

from genspan.instrumentation.core.reading import Table, double, integer, strings
from genspan.semconv import attributes as names

PARAMETERS: Final[Table] = {
    "max_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, double),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, double),
    "frequency_penalty": (names.GEN_AI_REQUEST_FREQUENCY_PENALTY, double),
    "presence_penalty": (names.GEN_AI_REQUEST_PRESENCE_PENALTY, double),
    "stop": (names.GEN_AI_REQUEST_STOP_SEQUENCES, strings),
    "seed": (names.GEN_AI_REQUEST_SEED, integer),
}
