"""What an operation tells those that start inside it, by way of OpenTelemetry's context.

A model call may pass several instrumented layers (LangChain, then the OpenAI SDK). The outermost owns the one span;
an inner one finds it here and adds what only it knows. The keys are those that OpenTelemetry's own GenAI
instrumentations use for this, so that ours and theirs see each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol, cast

from opentelemetry.context import Context, get_value, set_value
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
_CURRENT: Final = "genspan.operation"
_VENDORS: Final = "genspan.vendors"
_AGENT: Final = "genspan.agent"
_CONVERSATION: Final = "genspan.conversation.id"


class Outer(Protocol):
    """The operation that ours is only a further layer of: ours, or another instrumentation's."""

    ended: bool

    @property
    def wants_more(self) -> bool:
        """Whether it still records."""

    def contribute(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Takes what a layer further in knows of it."""


def enclosing(operation: str, context: Context) -> Outer | None:
    """The operation of the same family that is under way around us."""
    key = _KEYS.get(operation)
    value = None if key is None else get_value(key, context)
    if value is None:
        return None
    outer = cast("Outer", value if hasattr(value, "contribute") else upstream.outer(value))
    # A task that was started inside a model call has its context, and makes calls of its own after it.
    return None if outer.ended else outer


def apart(operation: str, context: Context) -> Context:
    """The context for an operation that is a call of its own, whatever of its family is under way around it."""
    key = _KEYS.get(operation)
    return context if key is None else set_value(key, None, context)


def current(context: Context) -> Operation | None:
    """The call of a model that runs here, whichever its family."""
    return cast("Operation | None", get_value(_CURRENT, context))


def runs_at_a_vendor(context: Context) -> bool:
    """Whether what runs here is the work of a service that a model call asked, so that requests go to its vendor."""
    operation = cast("Operation | None", get_value(_VENDORS, context))
    return operation is not None and not operation.ended


def at_a_vendor(operation: Operation, context: Context) -> Context:
    """The context for what runs inside an operation that asks a vendor's service."""
    return set_value(_VENDORS, operation, context)


def enclosing_agent(context: Context) -> Operation | None:
    """The agent that runs around us."""
    return cast("Operation | None", get_value(_AGENT, context))


def conversation_id(context: Context) -> str | None:
    """The conversation that an operation around us said it belongs to."""
    return cast("str | None", get_value(_CONVERSATION, context))


def within(operation: Operation, context: Context, conversation: str | None) -> Context:
    """The context for what runs inside an operation."""
    key = _KEYS.get(operation.name)
    if key is not None:
        context = set_value(_CURRENT, operation, context)
    if key == _INFERENCE:
        return set_value(key, upstream.shared(operation) or operation, context)
    if key is not None:
        return set_value(key, operation, context)
    # A tool or agent called from inside a model call makes model calls of its own, and calls the app's own services.
    if get_value(_VENDORS, context) is not None:
        context = set_value(_VENDORS, None, context)
    if get_value(_INFERENCE, context) is not None:
        context = set_value(_INFERENCE, None, context)
    if operation.name == OperationName.INVOKE_AGENT:
        context = set_value(_AGENT, operation, context)
    if conversation is not None:
        context = set_value(_CONVERSATION, conversation, context)
    return context
