"""Tools: `BaseTool.run` and `arun`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genspan.instrumentation.core import Attributes, Call, Content, Found, Method
from genspan.instrumentation.core.reading import field, string
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName

from .messages import tool_result


def _identity(call: Call) -> Attributes:
    name = string(field(call.get("serialized"), "name")) or string(call.get("name")) or "tool"
    return {names.GEN_AI_TOOL_NAME: name, names.GEN_AI_TOOL_TYPE: "function"}


def _request(call: Call) -> Found:
    return {
        names.GEN_AI_TOOL_DESCRIPTION: string(field(call.get("serialized"), "description")),
        names.GEN_AI_TOOL_CALL_ID: string(call.get("tool_call_id")),
    }


def _request_content(call: Call) -> Content:
    inputs = call.get("inputs")
    # A tool of one text may be called with the bare text.
    arguments = inputs if isinstance(inputs, Mapping) else {"input": call.get("input_str")}
    return {names.GEN_AI_TOOL_CALL_ARGUMENTS: dict(arguments)}


def _is_message(output: Any) -> bool:
    """Called with a tool call, a tool answers with a message; called with arguments, with what its function returns."""
    return string(field(output, "type")) == "tool" and field(output, "content") is not None


def _response(output: Any) -> Found:
    # Up to langchain-core 0.3 the start callback was not given it.
    return {names.GEN_AI_TOOL_CALL_ID: string(field(output, "tool_call_id")) if _is_message(output) else None}


def _response_content(output: Any) -> Content:
    result = tool_result(field(output, "content")) if _is_message(output) else output
    return {names.GEN_AI_TOOL_CALL_RESULT: result if isinstance(result, Mapping) else {"result": result}}


TOOL: Final = Method(
    operation=OperationName.EXECUTE_TOOL,
    identity=_identity,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
)
