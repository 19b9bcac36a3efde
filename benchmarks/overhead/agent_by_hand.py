"""LangChain's model and tool with spans written by hand, for an agent of `by_hand`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any, Final

from langchain_core.tools import InjectedToolCallId, tool
from langchain_openai import ChatOpenAI
from opentelemetry.trace import Span, SpanKind

from .answers import MODEL
from .by_hand import CHAT_ATTRIBUTES, answer, as_json, text_part, tool_call, tool_definitions

StartSpan = Callable[..., AbstractContextManager[Span]]

_ROLES: Final = {"system": "system", "human": "user", "ai": "assistant"}
_REQUEST: Final = {name: value for name, value in CHAT_ATTRIBUTES.items() if not name.startswith("server.")}


def spanned_model(span: StartSpan, content: bool, more: Mapping[str, Any], settings: dict[str, Any]) -> Any:
    """The model, with a span around each answer, which has more attributes than LangChain tells."""
    request = {**_REQUEST, **more}

    class Spanned(ChatOpenAI):
        def _generate(self, messages: Any, *args: Any, **given: Any) -> Any:
            asked = dict(request)
            if content:
                asked["gen_ai.input.messages"] = as_json([_message(message) for message in messages])
                asked["gen_ai.tool.definitions"] = tool_definitions(given["tools"])
            with span(f"chat {MODEL}", asked) as current:
                result = super()._generate(messages, *args, **given)
                current.set_attributes(_answered(result, content))
                return result

    return Spanned(**settings)


def _message(message: Any) -> dict[str, Any]:
    """A message of LangChain's in the conventions' form."""
    if message.type == "tool":
        response = {"type": "tool_call_response", "id": message.tool_call_id, "response": message.content}
        return {"role": "tool", "parts": [response], "name": message.name}
    parts = [text_part(message.content)] if message.content else []
    if message.type == "ai":
        parts += [tool_call(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    spoken = {"role": _ROLES[message.type], "parts": parts}
    return {**spoken, "name": message.name} if message.name else spoken


def _answered(result: Any, content: bool) -> dict[str, Any]:
    generation, facts = result.generations[0], result.llm_output
    message, usage = generation.message, generation.message.usage_metadata
    reason = generation.generation_info["finish_reason"]
    answered = {
        "gen_ai.response.id": facts["id"],
        "gen_ai.response.model": facts["model_name"],
        "openai.response.service_tier": facts["service_tier"],
        "gen_ai.response.finish_reasons": [reason],
        "gen_ai.usage.input_tokens": usage["input_tokens"],
        "gen_ai.usage.output_tokens": usage["output_tokens"],
        "gen_ai.usage.cache_read.input_tokens": usage["input_token_details"]["cache_read"],
        "gen_ai.usage.reasoning.output_tokens": usage["output_token_details"]["reasoning"],
    }
    if content:
        parts = _message(message)["parts"]
        answered["gen_ai.output.messages"] = answer(parts, "tool_call" if reason == "tool_calls" else reason)
    return answered


def spanned_tool(span: StartSpan, content: bool, function: Callable[[str], str]) -> Any:
    """The tool, with a span around it."""

    @tool(description=function.__doc__)
    def weather(city: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> str:
        asked = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.description": function.__doc__,
            "gen_ai.tool.call.id": tool_call_id,
            "gen_ai.agent.name": "forecaster",
        }
        if content:
            asked["gen_ai.tool.call.arguments"] = as_json({"city": city})
        with span("execute_tool weather", asked, SpanKind.INTERNAL) as current:
            result = function(city)
            if content:
                current.set_attribute("gen_ai.tool.call.result", as_json({"result": result}))
            return result

    return weather
