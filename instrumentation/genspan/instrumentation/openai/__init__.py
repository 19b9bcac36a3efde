"""OpenAI's Python SDK, and every service that is called through it.

One module per family of its API, each ending in the table of what is wrapped. Housekeeping (models, files, batches,
fine-tuning) makes no spans.
"""

from typing import Final

from genspan.instrumentation.core import Bystander, LibraryInstrumentor, Target

from . import (
    audio,
    chat,
    completions,
    connections,
    decisions,
    embeddings,
    headers,
    images,
    live,
    moderations,
    realtime,
    response_lanes,
    responses,
    vector_stores,
)

_FAMILIES: Final = (
    chat,
    responses,
    response_lanes,
    realtime,
    live,
    connections,
    completions,
    embeddings,
    images,
    audio,
    moderations,
    vector_stores,
    decisions,
    headers,
)

TARGETS: Final[tuple[Target, ...]] = tuple(target for family in _FAMILIES for target in family.TARGETS)

BYSTANDERS: Final = (
    Bystander.autologging("openai"),
    Bystander("langfuse.openai", "import openai in its place", "langfuse.openai"),
    # Imported by nothing but that function (logfire 5.4).
    Bystander(
        "logfire.instrument_openai()", "take that call out", "logfire._internal.integrations.llm_providers.openai"
    ),
)


class OpenAIInstrumentor(LibraryInstrumentor):
    """Records calls of the OpenAI SDK."""

    requirement = "openai >= 1.26"
    targets = TARGETS
    bystanders = BYSTANDERS


__all__ = ["OpenAIInstrumentor"]
