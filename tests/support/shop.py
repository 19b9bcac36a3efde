"""An app whose spans are made by hand, with OpenTelemetry's API alone."""

from __future__ import annotations

TRACES, SPANS = 40, 5

SOURCE = f"""
import json
from opentelemetry import trace

tracer = trace.get_tracer("shop")
for n in range({TRACES}):
    with tracer.start_as_current_span("invoke_agent Ada") as agent:
        agent.set_attribute("gen_ai.operation.name", "invoke_agent")
        agent.set_attribute("gen_ai.agent.name", "Ada")
        for step in range(2):
            with tracer.start_as_current_span("chat gpt-5", kind=trace.SpanKind.CLIENT) as chat:
                chat.set_attributes({{
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-5",
                    "gen_ai.usage.input_tokens": 3,
                    "gen_ai.usage.output_tokens": 2,
                    "gen_ai.input.messages": json.dumps(
                        [{{"role": "user", "parts": [{{"type": "text", "content": f"question {{n}}"}}]}}]
                    ),
                }})
                with tracer.start_as_current_span("a plain span"):
                    pass
"""
