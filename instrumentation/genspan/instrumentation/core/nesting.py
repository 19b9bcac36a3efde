"""What an operation tells those that start inside it, by way of OpenTelemetry's context.

A model call may pass several instrumented layers (LangChain, then the OpenAI SDK). The outermost owns the one span;
an inner one finds it here and adds what only it knows. The keys are those that OpenTelemetry's own GenAI
instrumentations use for this, so that ours and theirs see each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, set_value
from opentelemetry.trace import INVALID_SPAN, set_span_in_context
from opentelemetry.util.types import AttributeValue

from genspan.semconv.values import OperationName

from . import upstream
from .operations import MODERATION

if TYPE_CHECKING:
    from .operation import Operation

_INFERENCE: Final = "opentelemetry.genai.client.inference.context"
_KEYS: Final = {
    OperationName.CHAT: _INFERENCE,
    OperationName.GENERATE_CONTENT: _INFERENCE,
    OperationName.TEXT_COMPLETION: _INFERENCE,
    OperationName.EMBEDDINGS: "opentelemetry.genai.client.embedding.context",
    OperationName.RETRIEVAL: "opentelemetry.genai.client.retrieval.context",
    OperationName.FETCH_RESPONSE: "opentelemetry.genai.client.fetch_response.context",
    MODERATION: "genspan.moderation",
}
(SPAN,) = set_span_in_context(INVALID_SPAN, Context())
"""Where OpenTelemetry keeps the current span."""
_ASKING: Final = "genspan.operation"
AGENT: Final = "genspan.agent"
"""The agent that runs around, an `Operation`."""
CONVERSATION: Final = "genspan.conversation.id"
"""The conversation that an operation around said it belongs to."""
_SUPPRESSED: Final = "suppress_instrumentation"
"""The key's older form, which `opentelemetry.instrumentation.utils` sets and reads beside it."""

Surroundings = Mapping[str, Any]
"""A context, to look into."""


class Outer(Protocol):
    """The operation that ours is only a further layer of: ours, or another instrumentation's."""

    ended: bool

    @property
    def wants_more(self) -> bool:
        """Whether it still records."""

    def contribute(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Takes what a layer further in knows of it."""


def suppressed(context: Surroundings) -> bool:
    """Whether the app wants nothing recorded here: `is_instrumentation_enabled` of a context that is at hand."""
    return bool(context.get(_SUPPRESS_INSTRUMENTATION_KEY) or context.get(_SUPPRESSED))


def enclosing(operation: str, context: Surroundings) -> Outer | None:
    """The operation of the same family that is under way around us."""
    key = _KEYS.get(operation)
    value = None if key is None else context.get(key)
    if value is None:
        return None
    outer: Outer = value if hasattr(value, "contribute") else upstream.outer(value)
    # A task that was started inside a model call has its context, and makes calls of its own after it.
    return None if outer.ended else outer


def apart(operation: str, context: Context) -> Context:
    """The context for an operation that is a call of its own, whatever of its family is under way around it."""
    key = _KEYS.get(operation)
    return context if key is None else set_value(key, None, context)


def asking(context: Surroundings) -> Operation | None:
    """The operation under way here that asks a vendor's service: what runs here is the work of that call."""
    operation: Operation | None = context.get(_ASKING)
    return None if operation is None or operation.ended else operation


def runs_at_a_vendor(context: Surroundings) -> bool:
    """Whether what runs here is the work of a service that a model call asked, so that requests go to its vendor."""
    return asking(context) is not None


def unrecorded(operation: Operation, context: Context, *, asks_a_vendor: bool) -> Context:
    """The same for an operation that nothing is recorded of."""
    return Context(context, **{_ASKING: operation if asks_a_vendor else None})


def within(operation: Operation, context: Context, conversation: str | None, *, asks_a_vendor: bool) -> Context:
    """The context for what runs inside an operation, whose span is the current one."""
    told: dict[str, Any] = {SPAN: operation.span}
    key = _KEYS.get(operation.name)
    if key is None:
        # A tool or agent called from inside a model call makes calls of its own, of models and of the app's services.
        told[_ASKING] = told[_INFERENCE] = None
        if operation.name == OperationName.INVOKE_AGENT:
            told[AGENT] = operation
        if conversation is not None:
            told[CONVERSATION] = conversation
    elif key == _INFERENCE:
        told[key] = upstream.shared(operation) or operation
    else:
        told[key] = operation
    if asks_a_vendor:
        told[_ASKING] = operation
    return Context(context, **told)
