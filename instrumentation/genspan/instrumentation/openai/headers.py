"""What the headers of a response say that its body does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genspan.instrumentation.core import Assures, Found, Target
from genspan.instrumentation.core.reading import string
from genspan.semconv import attributes as names

SERVED_MODEL: Final = "x-ms-served-model"
"""The model that answered, by Azure: in the body of its Responses API stands the name of the deployment."""


def _facts(arguments: Mapping[str, Any]) -> Found:
    # The bodies of the other APIs say it themselves.
    if "/responses" not in arguments["options"].url:
        return {}
    return {names.GEN_AI_RESPONSE_MODEL: string(arguments["response"].headers.get(SERVED_MODEL))}


_READS: Final = Assures(_facts)

TARGETS: Final = (
    Target("openai._base_client", "SyncAPIClient._process_response", _READS),
    Target("openai._base_client", "AsyncAPIClient._process_response", _READS),
)
