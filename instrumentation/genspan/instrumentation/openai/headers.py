"""What the headers of a response say that its body does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry.context import get_current

from genspan.instrumentation.core import Active, Target, Wrapper, asking, guarded
from genspan.instrumentation.core.reading import string
from genspan.semconv import attributes as names

SERVED_MODEL: Final = "x-ms-served-model"
"""The model that answered, by Azure: in the body of its Responses API stands the name of the deployment."""


class _Processing:
    """The method that all responses come through, before they are read."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Gives the operation under way what the headers say, and calls the method."""

        def wrapped_call(
            wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Any:
            # The bodies of the other APIs say it themselves. Here, since this runs in every call.
            if "/responses" in str(getattr(kwargs.get("options"), "url", "")) and active() is not None:
                guarded(_assure, kwargs)
            return wrapped(*args, **kwargs)

        return wrapped_call


def _assure(arguments: Mapping[str, Any]) -> None:
    operation = asking(get_current())
    model = string(arguments["response"].headers.get(SERVED_MODEL))
    if operation is not None and model is not None:
        operation.assure({names.GEN_AI_RESPONSE_MODEL: model})


TARGETS: Final = (
    Target("openai._base_client", "SyncAPIClient._process_response", _Processing()),
    Target("openai._base_client", "AsyncAPIClient._process_response", _Processing()),
)
