"""The metrics of the conventions: instrument, unit, bucket bounds and attributes of each.

Written by semconv/generate.py from semconv/registry.json (main @ 6fd0d76 (2026-10-09)): edit those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Metric:
    """One row of the conventions' table of metrics."""

    name: str
    instrument: Literal["histogram", "counter"]
    unit: str
    """UCUM: `s`, or an annotation as `{token}`."""
    buckets: tuple[float, ...] | None
    """Explicit bucket bounds, in the unit."""
    generation: Literal["main", "legacy"]
    """`legacy`: replaced upstream in autumn 2026, read by the dashboards in use."""
    attributes: tuple[str, ...]
    description: str
    """What is measured; empty where the registry does not say."""


GEN_AI_CLIENT_INFERENCE_DURATION: Final = Metric(
    "gen_ai.client.inference.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "error.type",
    ),
    "GenAI inference operation duration.",
)
GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.inference.time_to_first_chunk",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "Time to receive the first chunk, measured from when the client issues the generation request to when the first chunk is received in the response stream.",
)
GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK: Final = Metric(
    "gen_ai.client.inference.time_per_output_chunk",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "Time per output chunk, recorded for each chunk received after the first one, measured as the time elapsed from the end of the previous chunk to the end of the current chunk.",
)
GEN_AI_CLIENT_OPERATION_DURATION: Final = Metric(
    "gen_ai.client.operation.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "error.type",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "GenAI operation duration.",
)
GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.input_tokens",
    "counter",
    "{token}",
    None,
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.token.modality",
    ),
    "The number of input (prompt) tokens used, including cached tokens.",
)
GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.output_tokens",
    "counter",
    "{token}",
    None,
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.token.modality",
    ),
    "The number of output (completion) tokens used, including reasoning tokens.",
)
GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "counter",
    "{token}",
    None,
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.token.modality",
    ),
    "The number of input tokens served from a provider-managed cache.",
)
GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "counter",
    "{token}",
    None,
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.token.modality",
    ),
    "The number of input tokens written to a provider-managed cache.",
)
GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.reasoning.output_tokens",
    "counter",
    "{token}",
    None,
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.token.modality",
    ),
    "The number of output tokens used for reasoning (e.g. chain-of-thought, extended thinking).",
)
GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.input_tokens",
    "histogram",
    "{token}",
    (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "The number of input (prompt) tokens used per inference operation.",
)
GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.output_tokens",
    "histogram",
    "{token}",
    (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "The number of output (completion) tokens used per inference operation.",
)
GEN_AI_INVOKE_WORKFLOW_DURATION: Final = Metric(
    "gen_ai.invoke_workflow.duration",
    "histogram",
    "s",
    (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200),
    "main",
    ("error.type", "gen_ai.workflow.name"),
    "GenAI workflow duration.",
)
GEN_AI_INVOKE_AGENT_DURATION: Final = Metric(
    "gen_ai.invoke_agent.duration",
    "histogram",
    "s",
    (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6),
    "main",
    ("error.type", "gen_ai.agent.name", "gen_ai.request.model"),
    "The end-to-end duration of a single agent invocation, from the moment the invocation starts until the agent emits the last chunk of its final response or terminates with an error.",
)
GEN_AI_INVOKE_AGENT_INFERENCE_CALLS: Final = Metric(
    "gen_ai.invoke_agent.inference_calls",
    "histogram",
    "{inference_call}",
    (1, 2, 4, 8, 16, 32, 64, 128),
    "main",
    ("gen_ai.agent.name",),
    "The number of inference (model) calls a GenAI agent makes during a single invocation.",
)
GEN_AI_INVOKE_AGENT_TOOL_CALLS: Final = Metric(
    "gen_ai.invoke_agent.tool_calls",
    "histogram",
    "{tool_call}",
    (1, 2, 4, 8, 16, 32, 64, 128),
    "main",
    ("gen_ai.agent.name",),
    "The number of tool calls a GenAI agent makes during a single invocation.",
)
GEN_AI_EXECUTE_TOOL_DURATION: Final = Metric(
    "gen_ai.execute_tool.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "main",
    ("error.type", "gen_ai.tool.name", "gen_ai.agent.name", "gen_ai.tool.type"),
    "The duration of a single tool execution.",
)
GEN_AI_SERVER_REQUEST_DURATION: Final = Metric(
    "gen_ai.server.request.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "error.type",
    ),
    "Generative AI server request duration such as time-to-last byte or last output token.",
)
GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN: Final = Metric(
    "gen_ai.server.time_per_output_token",
    "histogram",
    "s",
    (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "Time per output token generated after the first token for successful responses.",
)
GEN_AI_SERVER_TIME_TO_FIRST_TOKEN: Final = Metric(
    "gen_ai.server.time_to_first_token",
    "histogram",
    "s",
    (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    "main",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "Time to generate first token for successful responses.",
)
MCP_CLIENT_OPERATION_DURATION: Final = Metric(
    "mcp.client.operation.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    "main",
    (
        "mcp.method.name",
        "gen_ai.tool.name",
        "gen_ai.prompt.name",
        "error.type",
        "mcp.resource.uri",
        "jsonrpc.request.id",
        "rpc.response.status_code",
        "gen_ai.operation.name",
        "mcp.protocol.version",
        "mcp.session.id",
        "network.transport",
        "network.protocol.name",
        "network.protocol.version",
        "jsonrpc.protocol.version",
        "gen_ai.prompt.variable",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "server.address",
        "server.port",
    ),
    "",
)
MCP_SERVER_OPERATION_DURATION: Final = Metric(
    "mcp.server.operation.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    "main",
    (
        "mcp.method.name",
        "gen_ai.tool.name",
        "gen_ai.prompt.name",
        "error.type",
        "mcp.resource.uri",
        "jsonrpc.request.id",
        "rpc.response.status_code",
        "gen_ai.operation.name",
        "mcp.protocol.version",
        "mcp.session.id",
        "network.transport",
        "network.protocol.name",
        "network.protocol.version",
        "jsonrpc.protocol.version",
        "gen_ai.prompt.variable",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
    ),
    "",
)
MCP_CLIENT_SESSION_DURATION: Final = Metric(
    "mcp.client.session.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    "main",
    (
        "error.type",
        "mcp.protocol.version",
        "network.transport",
        "network.protocol.name",
        "network.protocol.version",
        "jsonrpc.protocol.version",
        "server.address",
        "server.port",
    ),
    "",
)
MCP_SERVER_SESSION_DURATION: Final = Metric(
    "mcp.server.session.duration",
    "histogram",
    "s",
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    "main",
    (
        "error.type",
        "mcp.protocol.version",
        "network.transport",
        "network.protocol.name",
        "network.protocol.version",
        "jsonrpc.protocol.version",
    ),
    "",
)
GEN_AI_CLIENT_TOKEN_USAGE: Final = Metric(
    "gen_ai.client.token.usage",
    "histogram",
    "{token}",
    (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864),
    "legacy",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.token.type",
    ),
    "Number of input and output tokens used.",
)
GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "legacy",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "Time to receive the first chunk, measured from when the client issues the generation request to when the first chunk is received in the response stream.",
)
GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK: Final = Metric(
    "gen_ai.client.operation.time_per_output_chunk",
    "histogram",
    "s",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    "legacy",
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.port",
        "gen_ai.response.model",
        "server.address",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
    ),
    "Time per output chunk, recorded for each chunk received after the first one, measured as the time elapsed from the end of the previous chunk to the end of the current chunk.",
)

METRICS: Final = (
    GEN_AI_CLIENT_INFERENCE_DURATION,
    GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK,
    GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK,
    GEN_AI_CLIENT_OPERATION_DURATION,
    GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
    GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
    GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
    GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
    GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
    GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS,
    GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS,
    GEN_AI_INVOKE_WORKFLOW_DURATION,
    GEN_AI_INVOKE_AGENT_DURATION,
    GEN_AI_INVOKE_AGENT_INFERENCE_CALLS,
    GEN_AI_INVOKE_AGENT_TOOL_CALLS,
    GEN_AI_EXECUTE_TOOL_DURATION,
    GEN_AI_SERVER_REQUEST_DURATION,
    GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN,
    GEN_AI_SERVER_TIME_TO_FIRST_TOKEN,
    MCP_CLIENT_OPERATION_DURATION,
    MCP_SERVER_OPERATION_DURATION,
    MCP_CLIENT_SESSION_DURATION,
    MCP_SERVER_SESSION_DURATION,
    GEN_AI_CLIENT_TOKEN_USAGE,
    GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
    GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
)
