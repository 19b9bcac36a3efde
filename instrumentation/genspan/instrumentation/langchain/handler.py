"""The one callback handler: LangChain tells it of every run, and it starts and ends their operations.

Imported only once the app has imported LangChain.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from langchain_core.callbacks.base import BaseCallbackHandler
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from genspan.instrumentation.core import Call, Content, Found, Method, Operation, Telemetry, guarded
from genspan.instrumentation.core.nesting import apart
from genspan.instrumentation.core.reading import field, fields, string
from genspan.semconv import attributes as names

from .chains import Steps, chain
from .kind import Kind, Role
from .models import CHAT, TEXT_COMPLETION
from .retrieval import RETRIEVAL
from .runs import RUNS, Run, place_in
from .step import Step
from .tools import TOOL

_CONVERSATIONS = ("thread_id", "session_id", "conversation_id")
"""What apps call the id of the conversation that a run is part of."""


class Handler(BaseCallbackHandler):
    """Records runs with `telemetry`. Never raises, and has no state: see `runs`."""

    run_inline = True  # in the frame, thread or task that the run itself goes on in
    raise_error = False

    def __init__(self, telemetry: Telemetry, steps: Steps) -> None:
        self._telemetry: Telemetry | None = telemetry
        self._steps = steps

    def stop(self) -> None:
        """Records no run that starts from here on. Those under way hold on to the handler, to their end."""
        self._telemetry = None

    def __deepcopy__(self, memo: Any) -> Handler:
        """The handler itself: configs are copied, and a run must not be told of twice."""
        return self

    # Starts

    def on_chain_start(self, serialized: Any, inputs: Any, **of_run: Any) -> None:
        """A chain, a graph, or a part of one."""
        of_run["serialized"], of_run["inputs"] = serialized, inputs
        guarded(self._start, None, of_run)

    def on_chat_model_start(self, serialized: Any, messages: Any, **of_run: Any) -> None:
        """A call of a chat model."""
        of_run["serialized"], of_run["messages"] = serialized, messages
        guarded(self._start, _CHAT, of_run)

    def on_llm_start(self, serialized: Any, prompts: Any, **of_run: Any) -> None:
        """A call of a text completion model."""
        of_run["serialized"], of_run["prompts"] = serialized, prompts
        guarded(self._start, _TEXT_COMPLETION, of_run)

    def on_tool_start(self, serialized: Any, input_str: Any, **of_run: Any) -> None:
        """A call of a tool."""
        of_run["serialized"], of_run["input_str"] = serialized, input_str
        guarded(self._start, _TOOL, of_run)

    def on_retriever_start(self, serialized: Any, query: Any, **of_run: Any) -> None:
        """A retrieval."""
        of_run["serialized"], of_run["query"] = serialized, query
        guarded(self._start, _RETRIEVAL, of_run)

    # What happens in between

    def on_llm_new_token(self, token: Any, *, run_id: UUID, chunk: Any = None, **of_run: Any) -> None:
        """A chunk of a model's answer."""
        guarded(_chunk, run_id, token, chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **of_run: Any) -> None:
        """An event of a model's answer, in the protocol of langchain-core's `stream_events(version="v3")`."""
        if field(event, "event") == "content-block-delta":
            guarded(_chunk, run_id, None, None)

    # Ends

    def on_chain_end(self, outputs: Any, *, run_id: UUID, inputs: Any = None, **of_run: Any) -> None:
        """A chain is at its end. One whose input is a stream knows it only now."""
        if inputs is not None:
            guarded(_late_request, run_id, {"inputs": inputs})
        guarded(_end, run_id, outputs, None)

    def on_llm_end(self, response: Any, *, run_id: UUID, **of_run: Any) -> None:
        """A model has answered."""
        guarded(_end, run_id, response, None)

    def on_tool_end(self, output: Any, *, run_id: UUID, **of_run: Any) -> None:
        """A tool has given its result."""
        guarded(_end, run_id, output, None)

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **of_run: Any) -> None:
        """A retrieval has found its documents."""
        guarded(_end, run_id, documents, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **of_run: Any) -> None:
        """A chain has failed."""
        guarded(_end, run_id, None, error)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, response: Any = None, **of_run: Any) -> None:
        """A model has failed; `response` is what came before."""
        guarded(_end, run_id, response, error)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **of_run: Any) -> None:
        """A tool has failed."""
        guarded(_end, run_id, None, error)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **of_run: Any) -> None:
        """A retrieval has failed."""
        guarded(_end, run_id, None, error)

    # How

    def _start(self, kind: Kind | None, arguments: dict[str, Any]) -> None:
        """Starts a run: `kind` is None for a chain, which is many things."""
        telemetry = self._telemetry
        identifier: UUID = arguments["run_id"]
        if telemetry is None or not is_instrumentation_enabled() or RUNS.get(identifier) is not None:
            return
        current, parent_id = otel_context.get_current(), arguments.get("parent_run_id")
        scope, parent, context = place_in(current, parent_id)
        arguments["name"] = _name(arguments)
        call = Call(None if scope is None else scope.instance, arguments)
        if kind is None:
            kind = guarded(chain, call, None if parent is None else parent.kind, self._steps) or _UNKNOWN
        around = _conversation(_configurable())
        if around is not None:
            _late_conversation(parent, around)
        conversation = _conversation(arguments.get("metadata")) or around
        operation = _operation(telemetry, kind, call, parent, context, conversation)
        run = Run(identifier, parent_id, kind, context, operation)
        run.conversation = conversation
        RUNS.add(run)
        if scope is not None:
            scope.add(run)
        # A model's work has a `Body` that enters its run, unless it streams: then it goes on where it was started.
        is_model = kind is _CHAT or kind is _TEXT_COMPLETION
        run.in_frame = not is_model if scope is None else not scope.several
        if run.in_frame:
            run.enter(current)


_CHAT = Kind(Role.OTHER, CHAT)
_TEXT_COMPLETION = Kind(Role.OTHER, TEXT_COMPLETION)
_TOOL = Kind(Role.OTHER, TOOL)
_RETRIEVAL = Kind(Role.OTHER, RETRIEVAL)
_UNKNOWN = Kind(Role.OTHER, None)


def _operation(
    telemetry: Telemetry, kind: Kind, call: Call, parent: Run | None, context: Context, conversation: str | None
) -> Operation | None:
    """Starts the operation that records a run, where one does."""
    method = kind.records
    if method is None:
        return None
    if isinstance(method, str):
        return Step(telemetry, method, context)
    if method is RETRIEVAL and parent is not None and parent.method is RETRIEVAL:
        # Not the same retrieval in another layer: a retriever that asks others, as an ensemble does.
        context = apart(method.operation, context)
    identity = guarded(method.identity, call) or {}
    operation = telemetry.start(method.operation, identity, parent=context, conversation=conversation)
    _request(operation, method, call)
    return operation


def _name(arguments: dict[str, Any]) -> str | None:
    """The run's name: the app's, else that of what runs."""
    name = string(arguments.get("name"))
    if name is None:
        serialized = fields(arguments.get("serialized"))
        name = string(serialized("name")) or _class(serialized("id"))
    return name


def _class(path: Any) -> str | None:
    """The class in the path of a serialized object, as `["langchain", "chains", "llm", "LLMChain"]`."""
    return string(path[-1]) if isinstance(path, list) and path else None


def _conversation(holder: Any) -> str | None:
    if holder:
        get = fields(holder)
        for key in _CONVERSATIONS:
            found = get(key)
            if isinstance(found, (str, int, UUID)) and found != "":
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


def _request(operation: Operation, method: Method, call: Call) -> None:
    if operation.recording:
        content = guarded(method.request_content, call) if operation.captures_content else None
        operation.add(guarded(method.request, call) or {}, content)


def _late_request(identifier: UUID, arguments: dict[str, Any]) -> None:
    run = RUNS.get(identifier)
    if run is not None and run.operation is not None and run.method is not None:
        _request(run.operation, run.method, Call(None, arguments))


def _chunk(identifier: UUID, token: Any, chunk: Any) -> None:
    run = RUNS.get(identifier)
    operation = None if run is None else run.operation
    if operation is None or not operation.recording:
        return
    if token == "" and field(field(chunk, "message"), "chunk_position") == "last":
        return  # LangChain's own mark of the end
    if not operation.streamed:
        operation.add({names.GEN_AI_REQUEST_STREAM: True})
    operation.chunk()


def _end(identifier: UUID, result: Any, error: BaseException | None) -> None:
    run = RUNS.get(identifier)
    if run is None:
        return
    run.leave()
    attributes: Found = {}
    content: Content | None = None
    operation, method = run.operation, run.method
    if result is not None and method is not None and operation is not None and operation.recording:
        attributes = guarded(method.response, result) or {}
        content = guarded(method.response_content, result) if operation.captures_content else None
    run.end(error, attributes, content)
