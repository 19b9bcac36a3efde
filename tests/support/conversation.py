"""A conversation recorded by hand with the OpenTelemetry SDK: an agent, model calls, a picture, a tool, documents."""

from __future__ import annotations

import base64
import json
import struct
import time
import zlib
from typing import Any

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, format_trace_id

QUESTION = "Is Paris nice **today**?"
ANSWER = "It is sunny in Paris, 21 degrees."
CALL = {"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Paris", "unit": "C"}}
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Looks out of the window.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where to look."},
            "unit": {"type": ["string", "null"], "enum": ["C", "F", None]},
        },
        "required": ["city"],
    },
}


def said(role: str, *parts: Any) -> dict[str, Any]:
    """A message; texts are text parts."""
    return {"role": role, "parts": [{"type": "text", "content": p} if isinstance(p, str) else p for p in parts]}


def red_square() -> str:
    """A PNG of 40 pixels by 40, in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 40, 40, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\xc8\x3c\x28" * 40) * 40)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return base64.b64encode(picture).decode()


def record(tracer: Tracer) -> str:
    """Records the conversation and gives MLflow's id of its trace."""

    def attributes(operation: str, **values: Any) -> dict[str, Any]:
        named = {f"gen_ai.{key.replace('__', '.')}": value for key, value in values.items()}
        return {
            "gen_ai.operation.name": operation,
            **{
                key: value if isinstance(value, (str, int, float)) else json.dumps(value)
                for key, value in named.items()
            },
        }

    def step(name: str, operation: str, **values: Any) -> None:
        span = tracer.start_span(name, attributes=attributes(operation, **values), kind=SpanKind.CLIENT)
        time.sleep(0.005)  # MLflow's pages (3.17.2) make a bare 0 of a trace that takes no millisecond.
        span.end()

    conversation = attributes(
        "invoke_agent",
        agent__name="guide",
        conversation__id="conversation-7",
        input__messages=[said("user", QUESTION)],
        output__messages=[said("assistant", ANSWER)],
    )
    with tracer.start_as_current_span("invoke_agent guide", attributes=conversation) as agent:
        step(
            "retrieval guides",
            "retrieval",
            retrieval__query__text="Paris in spring",
            retrieval__documents=[
                {"id": "d1", "score": 0.91, "content": "Paris in spring is mild.", "metadata": {"source": "guide.md"}},
                {"id": "d2", "score": 0.5},
            ],
        )
        step(
            "chat gpt-4o",
            "chat",
            provider__name="openai",
            request__model="gpt-4o",
            request__temperature=0.1,
            usage__input_tokens=120,
            usage__output_tokens=30,
            system_instructions=[{"type": "text", "content": "You are a travel guide."}],
            tool__definitions=[TOOL],
            input__messages=[
                said(
                    "user",
                    "Is it like in this picture?",
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": red_square()},
                    {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "JVBERi0="},
                    {"type": "uri", "modality": "video", "uri": "https://example.org/paris.mp4"},
                )
            ],
            output__messages=[said("assistant", {"type": "reasoning", "content": "I have to look outside."}, CALL)],
        )
        step(
            "execute_tool get_weather",
            "execute_tool",
            tool__name="get_weather",
            tool__call__arguments={"city": "Paris", "unit": "C"},
            tool__call__result={"result": "21 degrees, sunny"},
        )
        step(
            "chat gpt-4o again",
            "chat",
            request__model="gpt-4o",
            usage__input_tokens=150,
            usage__output_tokens=12,
            input__messages=[
                said("user", "Is Paris nice today?"),
                said("assistant", CALL),
                said("tool", {"type": "tool_call_response", "id": "call_1", "response": "21 degrees, sunny"}),
            ],
            output__messages=[said("assistant", ANSWER)],
        )
        step("embeddings small", "embeddings", request__model="small", usage__input_tokens=5)
        failed = attributes("chat", request__model="none", input__messages=[said("user", "Who answers this?")])
        with tracer.start_as_current_span("chat none", attributes=failed) as span:
            span.record_exception(LookupError("no such model"))
            span.set_status(Status(StatusCode.ERROR, "no such model"))
    return f"tr-{format_trace_id(agent.get_span_context().trace_id)}"
