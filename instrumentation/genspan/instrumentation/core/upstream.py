"""Lets OpenTelemetry's own GenAI instrumentations and ours see each other's model calls.

`opentelemetry-util-genai` (1.3b0) puts a data object of its own into the context, for the layers further in to fill,
and looks there for one of that very class. Where an app has it loaded, our operations share such an object, and
inside one of theirs we fill it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.util.types import AttributeValue

from genspan.semconv import attributes

if TYPE_CHECKING:
    from .operation import Operation

_MODULE: Final = "opentelemetry.util.genai._inference_invocation"
_OPERATION: Final = "genspan_operation"

_FIELDS: Final = {
    name.removeprefix("gen_ai.").replace(".", "_"): name
    for name in vars(attributes).values()
    if isinstance(name, str) and name.startswith(("gen_ai.", "server.")) and name not in attributes.CONTENT_ATTRIBUTES
}
"""Their names of fields to ours of attributes, as `request_max_tokens` to `gen_ai.request.max_tokens`."""


class _Theirs:
    """A model call that an instrumentation of theirs records."""

    wants_more = True
    ended = False

    def __init__(self, data: Any) -> None:
        self._data = data

    def contribute(self, known: Mapping[str, AttributeValue]) -> None:
        """Fills the fields that are empty; what has no field goes to the attributes at large."""
        rest = dict(known)
        for name, attribute in _FIELDS.items():
            value = rest.pop(attribute, None)
            if value is not None and getattr(self._data, name, value) is None:
                setattr(self._data, name, value)
        self._data.attributes.update(rest)


def outer(data: Any) -> Any:
    """What records the model call behind an object found in the context: an operation of ours, or theirs."""
    return getattr(data, _OPERATION, None) or _Theirs(data)


def shared(operation: Operation) -> Any | None:
    """An object of theirs that stands for an operation of ours, None where their package is not loaded."""
    module = sys.modules.get(_MODULE)
    data_type = None if module is None else getattr(module, "InferenceData", None)
    if data_type is None:
        return None
    data = data_type()
    setattr(data, _OPERATION, operation)
    operation.before_end = functools.partial(_take, operation, data)
    return data


def _take(operation: Operation, data: Any) -> None:
    fields = ((_FIELDS.get(name), value) for name, value in vars(data).items())
    known = {name: value for name, value in fields if name and isinstance(value, (str, bool, int, float, list))}
    operation.contribute({**known, **data.attributes})
