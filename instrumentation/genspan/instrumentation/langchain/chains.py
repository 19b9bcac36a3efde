"""Chains and graphs: which of them are recorded, and as what."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Method
from genspan.instrumentation.core.reading import field, items, string
from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode
from genspan.semconv.messages import Message
from genspan.semconv.values import OperationName

from .messages import messages
from .runs import Role


class Steps(enum.Enum):
    """Which chains inside a workflow or an agent get a span of their own: `GENSPAN_LANGCHAIN_STEPS`."""

    NONE = "none"
    NAMED = "named"
    """A graph's nodes, and runnables that have a name of the app's choosing."""
    ALL = "all"
    """Also prompts, parsers, sequences and whatever else LangChain runs."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain's run is to those inside it, and how it is recorded."""

    role: Role
    records: Method | str | None
    """The operation; the name of a step; or nothing."""


_CLASS: Final = re.compile(
    r"Runnable[A-Z]\w*|LangGraph|LLMChain|\w+(PromptTemplate|Parser|Chain|Retriever)|ChannelWrite"
)
"""Names that runs have from LangChain's classes, not from the app. What follows `<` says what the class holds."""
_STRUCTURE: Final = frozenset({"prompt", "parser"})
_AGENT_MAKERS: Final = ("create_agent.", "create_react_agent.")
_HIDDEN: Final = "langsmith:hidden"


def chain(call: Call, parent: Role | None, steps: Steps) -> Chain:
    """How a run of a chain is recorded: `parent` is the role of the run around it, None where there is none.

    The call's instance is the graph that runs, where it is one; its arguments are those of `on_chain_start`.
    """
    name = string(call.get("name")) or ""
    tags = items(call.get("tags"))
    step = None if steps is Steps.NONE else name
    if _HIDDEN in tags or name.startswith("__"):
        return Chain(Role.OTHER, None)
    if _is_graph(call.instance):
        if _is_agent(call.instance):
            return Chain(Role.AGENT, AGENT)
        # A graph without a name that is another's node goes by the node's.
        return Chain(Role.GRAPH, None if parent is Role.NODE and _is_class(name) else WORKFLOW)
    if name == "AgentExecutor":
        return Chain(Role.AGENT, AGENT)
    if parent in (Role.AGENT, Role.AGENT_PART):
        return Chain(Role.AGENT_PART, name if steps is Steps.ALL else None)
    if any(tag.startswith("graph:step") for tag in tags):
        return Chain(Role.NODE, step)
    structural = _is_class(name) or call.get("run_type") in _STRUCTURE
    if parent is None and call.get("run_type") not in _STRUCTURE:
        return Chain(Role.OTHER, WORKFLOW)
    if steps is Steps.ALL:
        return Chain(Role.OTHER, name or None)
    # What a node runs after its function are the graph's own edges.
    is_edge = parent is Role.NODE and any(tag.startswith("seq:step") for tag in tags)
    return Chain(Role.OTHER, None if structural or is_edge or not name else step)


def _is_class(name: str) -> bool:
    return not name or _CLASS.fullmatch(name.partition("<")[0]) is not None


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
    return {names.GEN_AI_INPUT_MESSAGES: _said(call.get("inputs"), _ASKED)}


def _output(outputs: Any) -> Content:
    said = _said(outputs, _ANSWERED)
    # A graph's state holds all messages; its answer is the last.
    return {names.GEN_AI_OUTPUT_MESSAGES: None if said is None else [{**said[-1], "role": _answering(said[-1])}]}


def _answering(answer: Message) -> str:
    return "assistant" if answer["role"] == "user" else answer["role"]


_ASKED: Final = ("messages", "input", "question", "query")
_ANSWERED: Final = ("messages", "answer", "output", "result", "output_text", "text")
"""Where a chain's inputs and outputs have what was said, if not in themselves."""


def _said(value: Any, keys: Iterable[str]) -> list[Message] | None:
    """The messages or the text in the inputs or outputs of a chain. Other values are shown as their JSON text."""
    if isinstance(value, Mapping) and (inside := [found for key in keys if (found := messages(value.get(key)))]):
        return inside[0]
    # A prompt's value holds its messages.
    said = messages(value) or messages(field(value, "messages"))
    if said is None and value and (isinstance(value, Mapping) or hasattr(type(value), "model_dump")):
        said = messages(encode(value))
    return said


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
