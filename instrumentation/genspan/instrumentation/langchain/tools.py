"""Tools: `BaseTool.run` and `arun`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Found, Method
from genspan.instrumentation.core.reading import field, fields, string
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName

from .messages import tool_result


def _identity(call: Call) -> Attributes:
    given = call.arguments.get
    name = string(field(given("serialized"), "name")) or string(given("name")) or "tool"
    return {names.GEN_AI_TOOL_NAME: name, names.GEN_AI_TOOL_TYPE: "function"}


def _request(call: Call) -> Found:
    given = call.arguments.get
    return {
        names.GEN_AI_TOOL_DESCRIPTION: string(field(given("serialized"), "description")),
        names.GEN_AI_TOOL_CALL_ID: string(given("tool_call_id")),
    }


def _request_content(call: Call) -> Content:
    inputs = call.get("inputs")
    # A tool of one text may be called with the bare text.
    arguments = inputs if isinstance(inputs, Mapping) else {"input": call.get("input_str")}
    return {names.GEN_AI_TOOL_CALL_ARGUMENTS: dict(arguments)}


def _message(output: Any) -> Callable[[str], Any] | None:
    """Reads the message that a tool answers with, called with a tool call; with arguments, its function's result."""
    get = fields(output)
    return get if get("type") == "tool" and get("content") is not None else None


def _response(output: Any) -> Found:
    # Up to langchain-core 0.3 the start callback was not given it.
    answer = _message(output)
    return {} if answer is None else {names.GEN_AI_TOOL_CALL_ID: string(answer("tool_call_id"))}


def _response_content(output: Any) -> Content:
    answer = _message(output)
    result = output if answer is None else tool_result(answer("content"))
    return {names.GEN_AI_TOOL_CALL_RESULT: result if isinstance(result, Mapping) else {"result": result}}


TOOL: Final = Method(
    operation=OperationName.EXECUTE_TOOL,
    identity=_identity,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
)
