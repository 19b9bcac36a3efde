"""The events (log records) of the conventions.

Written by semconv/generate.py from semconv/registry.json (main @ 6fd0d76 (2026-10-09)): edit those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Event:
    """One row of the conventions' table of events."""

    name: str
    severity_number: int | None
    attributes: tuple[str, ...]


GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS: Final = Event(
    "gen_ai.client.inference.operation.details",
    5,
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "error.type",
        "gen_ai.conversation.id",
        "server.address",
        "server.port",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.text.input_tokens",
        "gen_ai.usage.text.cache_read.input_tokens",
        "gen_ai.usage.text.output_tokens",
        "gen_ai.usage.image.input_tokens",
        "gen_ai.usage.image.cache_read.input_tokens",
        "gen_ai.usage.image.output_tokens",
        "gen_ai.usage.audio.input_tokens",
        "gen_ai.usage.audio.cache_read.input_tokens",
        "gen_ai.usage.audio.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.system_instructions",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.tool.definitions",
        "gen_ai.output.type",
        "gen_ai.prompt.name",
        "gen_ai.prompt.version",
        "gen_ai.request.choice.count",
        "gen_ai.request.model",
        "gen_ai.request.seed",
        "gen_ai.request.stream",
        "gen_ai.request.top_k",
        "gen_ai.conversation.compacted",
        "gen_ai.request.frequency_penalty",
        "gen_ai.request.max_tokens",
        "gen_ai.request.presence_penalty",
        "gen_ai.request.previous_response.id",
        "gen_ai.request.reasoning.level",
        "gen_ai.request.stop_sequences",
        "gen_ai.request.temperature",
        "gen_ai.request.top_p",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.id",
        "gen_ai.response.model",
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.prompt.variable",
    ),
)
GEN_AI_EVALUATION_RESULT: Final = Event(
    "gen_ai.evaluation.result",
    None,
    (
        "gen_ai.evaluation.name",
        "error.type",
        "gen_ai.evaluation.score.value",
        "gen_ai.evaluation.score.label",
        "gen_ai.evaluation.explanation",
        "gen_ai.response.id",
    ),
)
GEN_AI_CLIENT_OPERATION_EXCEPTION: Final = Event(
    "gen_ai.client.operation.exception", 13, ("exception.type", "exception.message", "exception.stacktrace")
)

EVENTS: Final = (GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS, GEN_AI_EVALUATION_RESULT, GEN_AI_CLIENT_OPERATION_EXCEPTION)
