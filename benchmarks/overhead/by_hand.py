"""The same calls with spans written by hand: what genspan records, by the shortest way there is.

No wrapping, no guards, no odd answers: the limit of what an instrumentation can reach.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Any, Final

import orjson
from opentelemetry.trace import Span, SpanKind, Tracer

from .answers import EMBEDDING_MODEL, MODEL, TOOL
from .calls import SETTINGS, SYSTEM, Calls

Prompt = list[dict[str, Any]]

_OPENAI: Final = {"gen_ai.provider.name": "openai", "server.address": "127.0.0.1", "server.port": 9}
OPENAI_ATTRIBUTES: Final = {**_OPENAI, "openai.api.type": "chat_completions"}
CHAT_ATTRIBUTES: Final = {
    **_OPENAI,
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": MODEL,
    "gen_ai.request.temperature": SETTINGS["temperature"],
}


def as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _parts(prompt: Prompt) -> str:
    return as_json([{"role": m["role"], "parts": [text_part(m["content"])]} for m in prompt])


def tool_definitions(tools: Sequence[Mapping[str, Any]]) -> str:
    return as_json([{"type": tool["type"], **tool["function"]} for tool in tools])


def answer(parts: list[dict[str, Any]], reason: str) -> str:
    return as_json([{"role": "assistant", "parts": parts, "finish_reason": reason}])


def text_part(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def tool_call(id: str, name: str, arguments: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": id, "name": name, "arguments": arguments}


class CallsByHand(Calls):
    """Calls with spans, and with content where it is wanted."""

    def __init__(self, tracer: Tracer, content: bool, of_openai: bool) -> None:
        super().__init__()
        self._tracer = tracer
        self.content = content
        # LangChain does not tell them.
        self._of_openai = OPENAI_ATTRIBUTES if of_openai else {}

    def span(
        self, name: str, attributes: Mapping[str, Any], kind: SpanKind = SpanKind.CLIENT
    ) -> AbstractContextManager[Span]:
        return self._tracer.start_as_current_span(name, kind=kind, attributes=attributes)

    def _asked(self, prompt: Prompt, tools: Sequence[Mapping[str, Any]] = (), **more: Any) -> dict[str, Any]:
        asked = {**CHAT_ATTRIBUTES, **OPENAI_ATTRIBUTES, **more}
        if self.content:
            asked["gen_ai.input.messages"] = _parts(prompt)
            if tools:
                asked["gen_ai.tool.definitions"] = tool_definitions(tools)
        return asked

    def _answered(self, span: Span, completion: Any) -> None:
        choice, usage = completion.choices[0], completion.usage
        answered = {
            "gen_ai.response.id": completion.id,
            "gen_ai.response.model": completion.model,
            "openai.response.service_tier": completion.service_tier,
            "gen_ai.response.finish_reasons": [choice.finish_reason],
            "gen_ai.usage.input_tokens": usage.prompt_tokens,
            "gen_ai.usage.output_tokens": usage.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.prompt_tokens_details.cached_tokens,
            "gen_ai.usage.reasoning.output_tokens": usage.completion_tokens_details.reasoning_tokens,
        }
        if self.content:
            if choice.message.tool_calls:
                reason = "tool_call"
                parts = [
                    tool_call(call.id, call.function.name, json.loads(call.function.arguments))
                    for call in choice.message.tool_calls
                ]
            else:
                parts, reason = [text_part(choice.message.content)], choice.finish_reason
            answered["gen_ai.output.messages"] = answer(parts, reason)
        span.set_attributes(answered)

    def chat(self, prompt: Prompt) -> Any:
        with self.span(f"chat {MODEL}", self._asked(prompt)) as span:
            completion = super().chat(prompt)
            self._answered(span, completion)
            return completion

    def ready(self, prompt: Prompt) -> Any:
        with self.span(f"chat {MODEL}", self._asked(prompt)) as span:
            completion = super().ready(prompt)
            self._answered(span, completion)
            return completion

    async def asynchronous_chat(self, prompt: Prompt) -> Any:
        with self.span(f"chat {MODEL}", self._asked(prompt)) as span:
            completion = await super().asynchronous_chat(prompt)
            self._answered(span, completion)
            return completion

    def tools(self, prompt: Prompt) -> Any:
        with self.span(f"chat {MODEL}", self._asked(prompt, [TOOL])) as span:
            completion = super().tools(prompt)
            self._answered(span, completion)
            return completion

    def stream(self, prompt: Prompt) -> None:
        asked = self._asked(prompt, **{"gen_ai.request.stream": True})
        with self.span(f"chat {MODEL}", asked) as span:
            started, first, text, reason = perf_counter(), 0.0, [], ""
            for chunk in super().opened(prompt):
                first = first or perf_counter()
                choice = chunk.choices[0]
                if choice.delta.content:
                    text.append(choice.delta.content)
                reason = choice.finish_reason or reason
            answered = {
                "gen_ai.response.id": chunk.id,
                "gen_ai.response.model": chunk.model,
                "gen_ai.response.finish_reasons": [reason],
                "gen_ai.response.time_to_first_chunk": first - started,
            }
            if self.content:
                answered["gen_ai.output.messages"] = answer([text_part("".join(text))], reason)
            span.set_attributes(answered)

    def embeddings(self, prompt: Prompt) -> Any:
        asked = {**_OPENAI, "gen_ai.operation.name": "embeddings", "gen_ai.request.model": EMBEDDING_MODEL}
        with self.span(f"embeddings {EMBEDDING_MODEL}", asked) as span:
            response = super().embeddings(prompt)
            span.set_attributes(
                {
                    "gen_ai.response.model": response.model,
                    "gen_ai.embeddings.dimension.count": len(response.data[0].embedding),
                    "gen_ai.usage.input_tokens": response.usage.prompt_tokens,
                }
            )
            return response

    def responses(self, prompt: Prompt) -> Any:
        asked = {**CHAT_ATTRIBUTES, "openai.api.type": "responses"}
        if self.content:
            asked["gen_ai.system_instructions"] = as_json([text_part(SYSTEM)])
            asked["gen_ai.input.messages"] = _parts(prompt[1:])
        with self.span(f"chat {MODEL}", asked) as span:
            response = super().responses(prompt)
            usage = response.usage
            answered = {
                "gen_ai.response.id": response.id,
                "gen_ai.response.model": response.model,
                "openai.response.service_tier": response.service_tier,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": usage.input_tokens_details.cached_tokens,
                "gen_ai.usage.reasoning.output_tokens": usage.output_tokens_details.reasoning_tokens,
            }
            if self.content:
                parts = [text_part(part.text) for item in response.output for part in item.content]
                answered["gen_ai.output.messages"] = answer(parts, "stop")
            span.set_attributes(answered)
            return response

    def agent(self, prompt: Prompt) -> Any:
        asked = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "forecaster"}
        if self.content:
            asked["gen_ai.input.messages"] = _parts(prompt[1:])
        with self.span("invoke_agent forecaster", asked, SpanKind.INTERNAL) as span:
            state = super().agent(prompt)
            used = [message.usage_metadata for message in state["messages"] if message.type == "ai"]
            answered = {
                "gen_ai.usage.input_tokens": sum(usage["input_tokens"] for usage in used),
                "gen_ai.usage.output_tokens": sum(usage["output_tokens"] for usage in used),
            }
            if self.content:
                parts = [text_part(state["messages"][-1].content)]
                answered["gen_ai.output.messages"] = as_json(
                    [{"role": "assistant", "parts": parts, "name": "forecaster"}]
                )
            span.set_attributes(answered)
            return state

    def _model(self) -> Any:
        from .agent_by_hand import spanned_model

        return spanned_model(self.span, self.content, self._of_openai, self._model_settings())

    def _tool(self) -> Any:
        from .agent_by_hand import spanned_tool

        return spanned_tool(self.span, self.content, super()._tool())
