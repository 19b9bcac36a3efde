"""Starts a run's operation, and adds to it: from what LangChain's callback managers say."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from genspan.instrumentation.core import Call, Method, Operation, Telemetry, guarded
from genspan.instrumentation.core.nesting import apart, suppressed
from genspan.instrumentation.core.reading import field, fields, string
from genspan.instrumentation.core.wrapping import begin
from genspan.semconv import attributes as names

from .chains import chain
from .kind import Kind, Role
from .models import CHAT, TEXT_COMPLETION
from .retrieval import RETRIEVAL
from .runs import RUNS, Run, place_in
from .step import Step

_CONVERSATIONS: Final = ("thread_id", "session_id", "conversation_id")
"""What apps call the id of the conversation that a run is part of."""
_UNKNOWN: Final = Kind(Role.OTHER, None)


def start(telemetry: Telemetry, kind: Kind | None, manager: Any, arguments: dict[str, Any]) -> None:
    """Starts a run: the one of `manager`, a `BaseRunManager`.

    `kind` is None for a chain, which is many things; `arguments` are those of the callback, by name.
    """
    identifier: UUID = manager.run_id
    current, parent_id = otel_context.get_current(), manager.parent_run_id
    if suppressed(current) or RUNS.get(identifier) is not None:
        return
    scope, parent, context = place_in(current, parent_id)
    arguments["name"] = string(arguments.get("name")) or _class(arguments.get("serialized"))
    arguments["tags"], arguments["metadata"] = manager.tags, manager.metadata
    call = Call(None if scope is None else scope.instance, arguments)
    if kind is None:
        kind = guarded(chain, call, None if parent is None else parent.kind, RUNS.steps) or _UNKNOWN
    conversation = _conversation(_configurable())
    if conversation is not None:
        _late_conversation(parent, conversation)
    method = kind.records
    if isinstance(method, Method):
        conversation = _conversation(manager.metadata) or conversation
        operation: Operation | None = _operation(telemetry, method, call, parent, context, conversation)
    elif method is None or telemetry.drops(context):
        operation = None
    else:
        operation = Step(telemetry, method, context)
    run = Run(identifier, parent_id, kind, context, operation)
    run.conversation = conversation
    RUNS.add(run)
    if scope is not None:
        scope.add(run)
        in_frame = not scope.several
    else:
        # A model's work has a `Body` that enters its run, unless it streams: then it goes on where it was started.
        in_frame = method is not CHAT and method is not TEXT_COMPLETION
    if in_frame:
        run.enter(current)


def _operation(
    telemetry: Telemetry, method: Method, call: Call, parent: Run | None, context: Context, conversation: str | None
) -> Operation:
    if method is RETRIEVAL and parent is not None and parent.method is RETRIEVAL:
        # Not the same retrieval in another layer: a retriever that asks others, as an ensemble does.
        context = apart(method.operation, context)
    return begin(method, telemetry, call, context, conversation)


def _class(serialized: Any) -> str | None:
    """What runs, by its own name, or its class: the last in a path as `["langchain", "chains", "llm", "LLMChain"]`."""
    get = fields(serialized)
    path = get("id")
    return string(get("name")) or (string(path[-1]) if isinstance(path, list) and path else None)


def _conversation(holder: Any) -> str | None:
    if holder:
        for key in _CONVERSATIONS:
            found = holder.get(key)
            if found is not None and found != "" and isinstance(found, (str, int, UUID)):
                return str(found)
    return None


def _configurable() -> Any:
    """That of the config of the run around. Of a graph's, LangGraph puts the thread into the metadata, too."""
    return field(_config().get(), "configurable")


@functools.cache
def _config() -> ContextVar[Any]:
    # LangChain's modules import each other. By the first run they are whole.
    from langchain_core.runnables.config import var_child_runnable_config

    return var_child_runnable_config


def _late_conversation(run: Run | None, conversation: str) -> None:
    """Tells it the chain whose config it stands in: what runs inside can see that, its own start (1.7) cannot."""
    while run is not None and run.operation is None:
        run = RUNS.get(run.parent)
    if run is not None and run.operation is not None and run.method is not None and run.conversation is None:
        run.conversation = conversation
        run.operation.add({names.GEN_AI_CONVERSATION_ID: conversation})


def late_request(run: Run, arguments: dict[str, Any]) -> None:
    """Adds what was asked, where the start did not know it."""
    operation, method, call = run.operation, run.method, Call(None, arguments)
    if operation is not None and method is not None and operation.recording:
        content = guarded(method.request_content, call) if operation.captures_content else None
        operation.add(guarded(method.request, call) or {}, content)


def chunk(run: Run) -> None:
    """Notes that a chunk of a model's answer has come."""
    operation = run.operation
    if operation is not None and operation.recording:
        if not operation.streamed:
            operation.add({names.GEN_AI_REQUEST_STREAM: True})
        operation.chunk()
