"""Names of the attributes of GenAI spans, events and metrics.

Written by semconv/generate.py from semconv/registry.json (main @ 6fd0d76 (2026-10-09)): edit those.
"""

from __future__ import annotations

from typing import Final

AWS_BEDROCK_GUARDRAIL_ID: Final = "aws.bedrock.guardrail.id"
"""str (development)."""

AWS_BEDROCK_KNOWLEDGE_BASE_ID: Final = "aws.bedrock.knowledge_base.id"
"""str (development)."""

AZURE_RESOURCE_PROVIDER_NAMESPACE: Final = "azure.resource_provider.namespace"
"""str (development)."""

CLIENT_ADDRESS: Final = "client.address"
"""str (stable)."""

CLIENT_PORT: Final = "client.port"
"""int (stable)."""

ERROR_TYPE: Final = "error.type"
"""str (stable)."""

EXCEPTION_MESSAGE: Final = "exception.message"
"""str (stable)."""

EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
"""str (stable)."""

EXCEPTION_TYPE: Final = "exception.type"
"""str (stable)."""

GEN_AI_AGENT_DESCRIPTION: Final = "gen_ai.agent.description"
"""str (development)."""

GEN_AI_AGENT_ID: Final = "gen_ai.agent.id"
"""str (development). Stable provider-assigned id of a hosted agent; not an in-memory id."""

GEN_AI_AGENT_NAME: Final = "gen_ai.agent.name"
"""str (development)."""

GEN_AI_AGENT_VERSION: Final = "gen_ai.agent.version"
"""str (development)."""

GEN_AI_CONVERSATION_COMPACTED: Final = "gen_ai.conversation.compacted"
"""bool (development). Only ever true."""

GEN_AI_CONVERSATION_ID: Final = "gen_ai.conversation.id"
"""str (development). Only a real id; never a UUID/trace id/hash made up by the instrumentation."""

GEN_AI_DATA_SOURCE_ID: Final = "gen_ai.data_source.id"
"""str (development)."""

GEN_AI_EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"
"""int (development)."""

GEN_AI_EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"
"""str (development)."""

GEN_AI_EVALUATION_NAME: Final = "gen_ai.evaluation.name"
"""str (development)."""

GEN_AI_EVALUATION_SCORE_LABEL: Final = "gen_ai.evaluation.score.label"
"""str (development)."""

GEN_AI_EVALUATION_SCORE_VALUE: Final = "gen_ai.evaluation.score.value"
"""float (development)."""

GEN_AI_INPUT_MESSAGES: Final = "gen_ai.input.messages"
"""structured; JSON text on spans (development). In the order sent."""

GEN_AI_MAIN_AGENT_DESCRIPTION: Final = "gen_ai.main_agent.description"
"""str (development)."""

GEN_AI_MAIN_AGENT_ID: Final = "gen_ai.main_agent.id"
"""str (development). Entity gen_ai.main_agent identity; never process-local."""

GEN_AI_MAIN_AGENT_NAME: Final = "gen_ai.main_agent.name"
"""str (development)."""

GEN_AI_MEMORY_QUERY_TEXT: Final = "gen_ai.memory.query.text"
"""str (development)."""

GEN_AI_MEMORY_RECORD_COUNT: Final = "gen_ai.memory.record.count"
"""int (development)."""

GEN_AI_MEMORY_RECORD_ID: Final = "gen_ai.memory.record.id"
"""str (development)."""

GEN_AI_MEMORY_RECORDS: Final = "gen_ai.memory.records"
"""structured; JSON text on spans (development)."""

GEN_AI_MEMORY_STORE_ID: Final = "gen_ai.memory.store.id"
"""str (development)."""

GEN_AI_OPERATION_NAME: Final = "gen_ai.operation.name"
"""str (development)."""

GEN_AI_OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
"""structured; JSON text on spans (development). One message per choice."""

GEN_AI_OUTPUT_TYPE: Final = "gen_ai.output.type"
"""str (development)."""

GEN_AI_PROMPT_NAME: Final = "gen_ai.prompt.name"
"""str (development)."""

GEN_AI_PROMPT_VARIABLE: Final = "gen_ai.prompt.variable"
"""str; a prefix, the key follows it (development). gen_ai.prompt.variable.<key>."""

GEN_AI_PROMPT_VERSION: Final = "gen_ai.prompt.version"
"""str (development)."""

GEN_AI_PROVIDER_NAME: Final = "gen_ai.provider.name"
"""str (development)."""

GEN_AI_REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
"""int (development). Target number of candidates (set only if != 1)."""

GEN_AI_REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
"""list[str] (development). Embeddings."""

GEN_AI_REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
"""float (development)."""

GEN_AI_REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
"""int (development)."""

GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
"""str (development). Model a request is made to."""

GEN_AI_REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
"""float (development)."""

GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: Final = "gen_ai.request.previous_response.id"
"""str (development). OpenAI previous_response_id, Google previous_interaction_id."""

GEN_AI_REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
"""str (development). Exact effort string sent to the provider."""

GEN_AI_REQUEST_SEED: Final = "gen_ai.request.seed"
"""int (development)."""

GEN_AI_REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
"""list[str] (development)."""

GEN_AI_REQUEST_STREAM: Final = "gen_ai.request.stream"
"""bool (development). Set (true) iff streaming."""

GEN_AI_REQUEST_STREAM_CURSOR: Final = "gen_ai.request.stream_cursor"
"""str (development). OpenAI starting_after, Google last_event_id."""

GEN_AI_REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
"""float (development)."""

GEN_AI_REQUEST_TOP_K: Final = "gen_ai.request.top_k"
"""int (development). int since changelog 270 (was double); never OpenAI top_logprobs."""

GEN_AI_REQUEST_TOP_P: Final = "gen_ai.request.top_p"
"""float (development)."""

GEN_AI_RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
"""list[str] (development). One per choice, positional; 'error' where one was expected but not received."""

GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
"""str (development)."""

GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
"""str (development)."""

GEN_AI_RESPONSE_STATUS: Final = "gen_ai.response.status"
"""str (development)."""

GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
"""float (development). Seconds, streaming only."""

GEN_AI_RETRIEVAL_DOCUMENTS: Final = "gen_ai.retrieval.documents"
"""structured; JSON text on spans (development)."""

GEN_AI_RETRIEVAL_QUERY_TEXT: Final = "gen_ai.retrieval.query.text"
"""str (development)."""

GEN_AI_RETRIEVAL_TOP_K: Final = "gen_ai.retrieval.top_k"
"""int (development)."""

GEN_AI_SKILL_DESCRIPTION: Final = "gen_ai.skill.description"
"""str (development)."""

GEN_AI_SKILL_NAME: Final = "gen_ai.skill.name"
"""str (development)."""

GEN_AI_SKILL_RESOURCE_NAME: Final = "gen_ai.skill.resource.name"
"""str (development)."""

GEN_AI_SKILL_SOURCE_URI: Final = "gen_ai.skill.source.uri"
"""str (development)."""

GEN_AI_SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
"""structured; JSON text on spans (development). Only when the API takes them apart from history; text (+generic) parts."""

GEN_AI_TOKEN_MODALITY: Final = "gen_ai.token.modality"
"""str (development)."""

GEN_AI_TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
"""structured; JSON text on spans (development). object."""

GEN_AI_TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
"""str (development)."""

GEN_AI_TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
"""structured; JSON text on spans (development). object."""

GEN_AI_TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
"""structured; JSON text on spans (development). description/parameters NOT RECOMMENDED by default."""

GEN_AI_TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
"""str (development). sensitive."""

GEN_AI_TOOL_NAME: Final = "gen_ai.tool.name"
"""str (development)."""

GEN_AI_TOOL_TYPE: Final = "gen_ai.tool.type"
"""str (development). function / extension / datastore."""

GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.audio.cache_read.input_tokens"
"""int (development)."""

GEN_AI_USAGE_AUDIO_INPUT_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
"""int (development)."""

GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: Final = "gen_ai.usage.audio.output_tokens"
"""int (development)."""

GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
"""int (development). Subset of input_tokens."""

GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
"""int (development). Subset of input_tokens (renamed from cache_creation, #440)."""

GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.image.cache_read.input_tokens"
"""int (development)."""

GEN_AI_USAGE_IMAGE_INPUT_TOKENS: Final = "gen_ai.usage.image.input_tokens"
"""int (development)."""

GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.image.output_tokens"
"""int (development)."""

GEN_AI_USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
"""int (development). Total, incl. cached; billed count when both exist."""

GEN_AI_USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
"""int (development). Total, incl. reasoning."""

GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
"""int (development). Subset of output_tokens."""

GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.text.cache_read.input_tokens"
"""int (development)."""

GEN_AI_USAGE_TEXT_INPUT_TOKENS: Final = "gen_ai.usage.text.input_tokens"
"""int (development)."""

GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: Final = "gen_ai.usage.text.output_tokens"
"""int (development)."""

GEN_AI_WORKFLOW_NAME: Final = "gen_ai.workflow.name"
"""str (development). Low cardinality; not a type name such as StateGraph."""

JSONRPC_PROTOCOL_VERSION: Final = "jsonrpc.protocol.version"
"""str (development)."""

JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
"""str (development)."""

MCP_METHOD_NAME: Final = "mcp.method.name"
"""str (development)."""

MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
"""str (development)."""

MCP_RESOURCE_URI: Final = "mcp.resource.uri"
"""str (development)."""

MCP_SESSION_ID: Final = "mcp.session.id"
"""str (development)."""

NETWORK_PROTOCOL_NAME: Final = "network.protocol.name"
"""str (stable)."""

NETWORK_PROTOCOL_VERSION: Final = "network.protocol.version"
"""str (stable)."""

NETWORK_TRANSPORT: Final = "network.transport"
"""str (stable)."""

OPENAI_API_TYPE: Final = "openai.api.type"
"""str (development)."""

OPENAI_REQUEST_SERVICE_TIER: Final = "openai.request.service_tier"
"""str (development)."""

OPENAI_RESPONSE_SERVICE_TIER: Final = "openai.response.service_tier"
"""str (development)."""

OPENAI_RESPONSE_SYSTEM_FINGERPRINT: Final = "openai.response.system_fingerprint"
"""str (development)."""

PROCESS_EXECUTABLE_NAME: Final = "process.executable.name"
"""str (development)."""

PROCESS_EXECUTABLE_PATH: Final = "process.executable.path"
"""str (development)."""

PROCESS_EXIT_CODE: Final = "process.exit.code"
"""int (development)."""

RPC_RESPONSE_STATUS_CODE: Final = "rpc.response.status_code"
"""str (development)."""

SERVER_ADDRESS: Final = "server.address"
"""str (stable)."""

SERVER_PORT: Final = "server.port"
"""int (stable)."""

SESSION_ID: Final = "session.id"
"""str (development)."""

USER_ID: Final = "user.id"
"""str (development)."""

CONTENT_ATTRIBUTES: Final = frozenset(
    {
        GEN_AI_INPUT_MESSAGES,
        GEN_AI_MEMORY_QUERY_TEXT,
        GEN_AI_MEMORY_RECORDS,
        GEN_AI_OUTPUT_MESSAGES,
        GEN_AI_PROMPT_VARIABLE,
        GEN_AI_RETRIEVAL_DOCUMENTS,
        GEN_AI_RETRIEVAL_QUERY_TEXT,
        GEN_AI_SYSTEM_INSTRUCTIONS,
        GEN_AI_TOOL_CALL_ARGUMENTS,
        GEN_AI_TOOL_CALL_RESULT,
        GEN_AI_TOOL_DEFINITIONS,
    }
)
"""Attributes that hold what people wrote or models answered: recorded only where asked for."""
