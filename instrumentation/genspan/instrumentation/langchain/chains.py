"""Chains and graphs: which of them are recorded, and as what."""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Method
from genspan.instrumentation.core.reading import field, string
from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode
from genspan.semconv.messages import Message
from genspan.semconv.values import OperationName

from .kind import Kind, Role
from .messages import message, said
from .subclasses import below


class Steps(enum.Enum):
    """Which chains inside a workflow or an agent get a span of their own: `GENSPAN_LANGCHAIN_STEPS`."""

    NONE = "none"
    NAMED = "named"
    """A graph's nodes, and runnables that have a name of the app's choosing."""
    ALL = "all"
    """Also prompts, parsers, sequences and whatever else LangChain runs."""


_CLASS: Final = re.compile(
    r"Runnable[A-Z]\w*|LangGraph|LLMChain|\w+(PromptTemplate|Parser|Chain|Retriever)|ChannelWrite"
)
"""Names that runs have from LangChain's classes, not from the app. What follows `<` says what the class holds."""
_STRUCTURE: Final = frozenset({"prompt", "parser"})
_PLUMBING: Final = frozenset(
    {"insert_history", "load_history", "check_sync_or_async", "format_inputs", "_check_refusal"}
)
"""Names that LangChain gives to parts of its own chains."""
_AGENT_MAKERS: Final = ("create_agent.", "create_react_agent.")
_HIDDEN: Final = "langsmith:hidden"
_NOTHING: Final[dict[str, Any]] = {}


def chain(call: Call, parent: Kind | None, steps: Steps) -> Kind:
    """What a run of a chain is: `parent` is what the run around it is, None where there is none.

    The call's instance is the graph that runs, where it is one; its arguments are those of `on_chain_start`.
    """
    given = call.arguments.get
    name: str = given("name") or ""
    tags: Sequence[Any] = given("tags") or ()
    role = None if parent is None else parent.role
    namespace = (given("metadata") or _NOTHING).get("langgraph_checkpoint_ns")
    inside = Role.AGENT_PART if role in (Role.AGENT, Role.AGENT_PART) else Role.OTHER
    if _HIDDEN in tags or name.startswith("__"):
        return Kind(inside, None, namespace)
    if call.instance is not None and _is_graph(call.instance):
        if _is_agent(call.instance):
            return Kind(Role.AGENT, AGENT)
        # A graph without a name that is another's node goes by the node's.
        return Kind(Role.GRAPH, None if role is Role.NODE and _is_class(name) else WORKFLOW)
    if name == "AgentExecutor":
        return Kind(Role.AGENT, AGENT)
    if inside is Role.AGENT_PART:
        return Kind(inside, name if steps is Steps.ALL else None, namespace)
    step = None if steps is Steps.NONE else name or None
    if _tagged(tags, "graph:step"):
        return Kind(Role.NODE, step, namespace)
    if role is Role.NODE and _tagged(tags, "seq:step"):
        if parent is not None and parent.namespace != namespace:
            return Kind(Role.NODE, step, namespace)  # a task, which a function called
        # What a node runs after its function are the graph's own edges.
        return Kind(Role.OTHER, step if steps is Steps.ALL else None, namespace)
    if parent is None and given("run_type") not in _STRUCTURE:
        return Kind(Role.OTHER, WORKFLOW)
    structural = _is_class(name) or name in _PLUMBING or given("run_type") in _STRUCTURE
    return Kind(Role.OTHER, None if structural and steps is not Steps.ALL else step, namespace)


def _tagged(tags: Sequence[Any], prefix: str) -> bool:
    return any(isinstance(tag, str) and tag.startswith(prefix) for tag in tags)


def _is_class(name: str) -> bool:
    return not name or _CLASS.fullmatch(name.partition("<")[0]) is not None or _is_of_model(name)


def _is_of_model(name: str) -> bool:
    """A model that is tried again does so inside a chain that goes by the name of its class."""
    module = sys.modules.get("langchain_core.language_models.base")
    return (
        name[0].isupper()
        and module is not None
        and any(kind.__name__ == name for kind in below(module.BaseLanguageModel))
    )


def _is_graph(instance: Any) -> bool:
    return any(kind.__name__ == "Pregel" for kind in type(instance).__mro__)


def _is_agent(graph: Any) -> bool:
    if field(field(field(graph, "config"), "metadata"), "ls_integration") == "langchain_create_agent":
        return True
    # langchain 1.0 and langgraph's own prebuilt agent say nothing, but the functions in their nodes say who made them.
    nodes = field(field(graph, "builder"), "nodes")
    functions = (field(field(node, "runnable"), "func") for node in nodes.values()) if isinstance(nodes, dict) else ()
    return any(getattr(function, "__qualname__", "").startswith(_AGENT_MAKERS) for function in functions)


def _agent(call: Call) -> Attributes:
    return _named(call, names.GEN_AI_AGENT_NAME)


def _workflow(call: Call) -> Attributes:
    return _named(call, names.GEN_AI_WORKFLOW_NAME)


def _named(call: Call, attribute: str) -> Attributes:
    name = string(call.get("name"))
    return {} if name is None or _is_class(name) or name == "AgentExecutor" else {attribute: name}


def _input(call: Call) -> Content:
    asked = _said(call.get("inputs"), _ASKED)
    return {names.GEN_AI_INPUT_MESSAGES: [message(one) for one in asked] or None}


def _output(outputs: Any) -> Content:
    answers = _said(outputs, _ANSWERED)
    # A graph's state holds all messages; its answer is the last.
    return {names.GEN_AI_OUTPUT_MESSAGES: [_answer(answers[-1])] if answers else None}


def _answer(value: Any) -> Message:
    answer = message(value)
    if answer["role"] == "user":
        answer["role"] = "assistant"
    return answer


_ASKED: Final = ("messages", "input", "question", "query")
_ANSWERED: Final = ("messages", "answer", "output", "result", "output_text", "text")
"""Where a chain's inputs and outputs have what was said, if not in themselves."""


def _said(value: Any, keys: Iterable[str]) -> list[Any]:
    """The messages or the text in the inputs or outputs of a chain. Other values are shown as their JSON text."""
    if isinstance(value, Mapping):
        for key in keys:
            if inside := said(value.get(key)):
                return inside
    # A prompt's value holds its messages.
    found = said(value) or said(field(value, "messages"))
    if not found and value and (isinstance(value, Mapping) or hasattr(type(value), "model_dump")):
        found = [encode(value)]
    return found


AGENT: Final = Method(
    operation=OperationName.INVOKE_AGENT,
    identity=_agent,
    request_content=_input,
    response_content=_output,
)
WORKFLOW: Final = Method(
    operation=OperationName.INVOKE_WORKFLOW,
    identity=_workflow,
    request_content=_input,
    response_content=_output,
)
