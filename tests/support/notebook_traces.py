"""Traces as MLflow stores them, put together by hand: for what shows traces."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from genspan.mlflow.entities import Trace

BEGIN = 1_795_000_000_000_000_000
"""Nanoseconds since the epoch at which every trace here begins."""
TRACE_ID = "0123456789abcdef0123456789abcdef"


def span(
    identity: int,
    parent: int | None = None,
    *,
    name: str = "step",
    span_type: str | None = "UNKNOWN",
    inputs: Any = None,
    outputs: Any = None,
    start: float = 0,
    end: float | None = 1,
    error: str | None = None,
    events: Any = (),
    trace_id: str = TRACE_ID,
    **attributes: Any,
) -> dict[str, Any]:
    """A span's content. `identity` and `parent` are span ids, times are milliseconds after `BEGIN`."""
    values = {
        "mlflow.traceRequestId": f"tr-{trace_id}",
        "mlflow.spanType": span_type,
        "mlflow.spanInputs": inputs,
        "mlflow.spanOutputs": outputs,
        **attributes,
    }
    return {
        "trace_id": b64encode(bytes.fromhex(trace_id)).decode(),
        "span_id": _span_id(identity),
        "parent_span_id": None if parent is None else _span_id(parent),
        "name": name,
        "start_time_unix_nano": BEGIN + round(start * 1e6),
        "end_time_unix_nano": None if end is None else BEGIN + round(end * 1e6),
        "events": list(events),
        "status": {
            "code": "STATUS_CODE_ERROR" if error is not None else "STATUS_CODE_OK",
            "message": error or "",
        },
        "attributes": {key: json.dumps(value) for key, value in values.items() if value is not None},
        "links": [],
    }


def trace(*spans: dict[str, Any], trace_id: str = TRACE_ID, state: str = "OK", **info: Any) -> Trace:
    """A trace of spans."""
    return Trace.from_dict(
        {
            "info": {
                "trace_id": f"tr-{trace_id}",
                "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}},
                "request_time": "2026-11-18T10:26:40Z",
                "execution_duration_ms": 4210,
                "state": state,
                "trace_metadata": {},
                "tags": {},
                **info,
            },
            "data": {"spans": list(spans)},
        }
    )


def _span_id(identity: int) -> str:
    return b64encode(identity.to_bytes(8, "big")).decode()


_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAA"
    "AfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_QUESTION = (
    "My order 1042 has arrived. The lid of the coffee grinder is cracked, the kettle is fine.\n"
    "Can I return the cracked grinder, who pays the postage, and what will be the refund?"
)
_ANSWER = (
    "I am sorry about the cracked lid. You may return the grinder until 18 January, **we pay the postage**, and you "
    "get 129.00 EUR back within 5 working days after the parcel has come in."
)
_SYSTEM = "You answer customers of a kitchen shop, kindly and briefly. Look up the facts, never guess."
_TOOL = {
    "type": "function",
    "function": {
        "name": "look_up_order",
        "description": "Look up a customer's order: the items with their prices, the total, and the day of delivery.",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "integer"}}, "required": ["order_id"]},
    },
}
_CALLS = [
    {
        "id": "call_1",
        "type": "function",
        "function": {"name": "look_up_order", "arguments": '{"order_id":1042}'},
    },
    {
        "id": "call_2",
        "type": "function",
        "function": {"name": "search_policies", "arguments": '{"query":"damaged goods, postage","k":2}'},
    },
]
_ORDER = "Order 1042: 1 x coffee grinder at 129.00 EUR, 1 x gooseneck kettle at 64.90 EUR; delivered on 2026-11-19."
_DOCUMENTS = [
    {
        "page_content": "Damaged goods may be returned within 60 days of delivery. We pay the return postage for "
        "anything that arrived cracked or broken.",
        "metadata": {"score": 0.8712, "source": "returns.md"},
        "id": "policy-1",
    },
    {
        "page_content": "A refund is paid to the original means of payment within 5 working days after the parcel "
        "has come back.",
        "metadata": {"score": 0.7421, "source": "refunds.md"},
        "id": "policy-2",
    },
]


def support_desk() -> Trace:
    """An agent that calls a model, two tools of which one retrieves documents and one fails once, and answers."""
    asked = [
        {"role": "system", "content": _SYSTEM},
        {
            "role": "user",
            "content": [{"type": "text", "text": _QUESTION}, {"type": "image_url", "image_url": {"url": _PIXEL}}],
        },
    ]
    called = {"role": "assistant", "content": None, "reasoning": "First the order.", "tool_calls": _CALLS}
    told = [
        {"role": "tool", "tool_call_id": "call_1", "content": _ORDER},
        {"role": "tool", "tool_call_id": "call_2", "content": json.dumps(_DOCUMENTS)},
    ]
    answer = {"role": "assistant", "content": _ANSWER}
    model: dict[str, Any] = {
        "name": "chat gpt-5.4-mini",
        "span_type": "CHAT_MODEL",
        "mlflow.llm.model": "gpt-5.4-mini",
        "mlflow.llm.provider": "openai",
        "mlflow.chat.tools": [_TOOL],
        "mlflow.message.format": "openai",
        "gen_ai.operation.name": "chat",
        "server.address": "127.0.0.1",
    }
    return trace(
        span(
            1,
            name="invoke_agent support_desk",
            span_type="AGENT",
            inputs={"messages": [{"role": "user", "content": _QUESTION}]},
            outputs={"choices": [{"message": answer}]},
            end=4210,
            **{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support_desk"},
        ),
        span(
            2,
            1,
            inputs={"messages": asked, "temperature": 0.1},
            outputs={"choices": [{"index": 0, "finish_reason": "tool_calls", "message": called}]},
            start=12,
            end=1490,
            **model,
            **{
                "mlflow.chat.tokenUsage": {"input_tokens": 412, "output_tokens": 61, "total_tokens": 473},
                "mlflow.llm.cost": {"input_cost": 0.0001, "output_cost": 0.0002, "total_cost": 0.0003},
            },
        ),
        span(
            3,
            1,
            name="execute_tool look_up_order",
            span_type="TOOL",
            inputs={"order_id": 1042},
            outputs=None,
            start=1500,
            end=1690,
            error="TimeoutError: the order service did not answer",
            events=[
                {
                    "name": "exception",
                    "time_unix_nano": BEGIN + 1_690_000_000,
                    "attributes": {
                        "exception.type": "TimeoutError",
                        "exception.message": "the order service did not answer",
                        "exception.stacktrace": 'Traceback (most recent call last):\n  File "orders.py", line 12\n'
                        "TimeoutError: the order service did not answer",
                    },
                }
            ],
        ),
        span(
            4,
            1,
            name="execute_tool look_up_order",
            span_type="TOOL",
            inputs={"order_id": 1042},
            outputs=_ORDER,
            start=1700,
            end=1830,
        ),
        span(
            5,
            1,
            name="execute_tool search_policies",
            span_type="TOOL",
            inputs={"query": "damaged goods, postage", "k": 2},
            outputs=json.dumps(_DOCUMENTS),
            start=1510,
            end=2120,
        ),
        span(
            6,
            5,
            name="retrieval",
            span_type="RETRIEVER",
            inputs="damaged goods, postage",
            outputs=_DOCUMENTS,
            start=1520,
            end=2110,
        ),
        span(
            7,
            6,
            name="embeddings text-embedding-3-small",
            span_type="EMBEDDING",
            inputs=["damaged goods, postage"],
            start=1530,
            end=1940,
            **{
                "mlflow.llm.model": "text-embedding-3-small",
                "mlflow.chat.tokenUsage": {"input_tokens": 5, "total_tokens": 5},
            },
        ),
        span(
            8,
            1,
            inputs={"messages": [*asked, called, *told], "temperature": 0.1},
            outputs={"choices": [{"index": 0, "finish_reason": "stop", "message": answer}]},
            start=2140,
            end=4200,
            **model,
            **{
                "mlflow.chat.tokenUsage": {
                    "input_tokens": 688,
                    "output_tokens": 84,
                    "total_tokens": 772,
                    "cache_read_input_tokens": 384,
                },
                "mlflow.llm.cost": {"input_cost": 0.0002, "output_cost": 0.0003, "total_cost": 0.0005},
            },
        ),
        tags={"mlflow.traceName": "support_desk", "shop": "kitchen"},
        trace_metadata={
            "mlflow.trace.session": "letter-1042",
            "mlflow.trace.user": "carla",
            "mlflow.trace.tokenUsage": json.dumps({"input_tokens": 1105, "output_tokens": 145, "total_tokens": 1250}),
            "mlflow.trace.cost": json.dumps({"input_cost": 0.0003, "output_cost": 0.0005, "total_cost": 0.0008}),
        },
    )
