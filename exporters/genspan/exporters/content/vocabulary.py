"""What is content, by its name: what people wrote, models answered, tools took and gave, and what was looked up.

Numbers and truth values never are. In the vocabularies of generative AI, ours and others', text is content unless it is
known to be metadata, for they grow; elsewhere it is where it is known to be.
"""

from __future__ import annotations

from typing import Final

from genspan.exporters.mlflow.keys import SpanAttributeKey, TraceMetadataKey
from genspan.semconv import attributes as gen_ai

MARK: Final = "genspan.redacted"
"""The attribute that says how much has been redacted in a span or log record."""

METADATA: Final = frozenset(
    {value for name, value in vars(gen_ai).items() if name.isupper() and isinstance(value, str)}
    - gen_ai.CONTENT_ATTRIBUTES
    - {
        gen_ai.GEN_AI_TOOL_DESCRIPTION,
        gen_ai.GEN_AI_AGENT_DESCRIPTION,
        gen_ai.GEN_AI_MAIN_AGENT_DESCRIPTION,
        gen_ai.GEN_AI_SKILL_DESCRIPTION,
        gen_ai.GEN_AI_EVALUATION_EXPLANATION,
        gen_ai.MCP_RESOURCE_URI,
        gen_ai.EXCEPTION_MESSAGE,
        gen_ai.EXCEPTION_STACKTRACE,
        gen_ai.CLIENT_ADDRESS,
    }
    | {
        SpanAttributeKey.REQUEST_ID,
        SpanAttributeKey.SPAN_TYPE,
        SpanAttributeKey.LOG_LEVEL,
        SpanAttributeKey.CHAT_USAGE,
        SpanAttributeKey.LLM_COST,
        SpanAttributeKey.MODEL,
        SpanAttributeKey.MODEL_PROVIDER,
        SpanAttributeKey.MESSAGE_FORMAT,
        SpanAttributeKey.EXPERIMENT_ID,
        SpanAttributeKey.FUNCTION_NAME,
        SpanAttributeKey.TRACE_STATE,
        SpanAttributeKey.CLIENT_REQUEST_ID,
        TraceMetadataKey.TRACE_USER,
        TraceMetadataKey.TRACE_SESSION,
        TraceMetadataKey.SOURCE_RUN,
        TraceMetadataKey.MODEL_ID,
        # The names that the conventions had before, which other instrumentations still write.
        *("gen_ai.system", "gen_ai.response.finish_reason", "gen_ai.tool.call.type"),
        # OpenInference.
        *("llm.model_name", "llm.provider", "llm.system", "embedding.model_name", "reranker.model_name", "tool.name"),
        *("tool.id", "tool_call.id", "agent.name", "graph.node.id", "graph.node.name", "graph.node.parent_id"),
        *("input.mime_type", "output.mime_type"),
        # OpenLLMetry.
        *("llm.request.type", "traceloop.span.kind", "traceloop.entity.name", "traceloop.entity.path"),
        *("traceloop.workflow.name", "llm.request.model", "llm.response.model", "llm.vendor"),
        # The Vercel AI SDK, which Python services may be called by.
        *("ai.operationId", "ai.model.id", "ai.model.provider", "ai.response.finishReason", "ai.response.id"),
    }
)
"""Text that describes a call, and nothing that was said in it. Rules for personal data leave it alone, too."""

_NAMESPACES: Final = (
    *("gen_ai.", "mlflow.", "llm.", "input.", "output.", "retrieval.", "reranker.", "embedding.", "traceloop."),
    *("message.", "message_content.", "document.", "tool.", "tool_call.", "prompt.", "mcp.", "ai.", "langsmith."),
    "pydantic_ai.",
)
_TRACE_FACTS: Final = (SpanAttributeKey.TRACE_TAG_PREFIX, SpanAttributeKey.TRACE_METADATA_PREFIX)
"""Tags and metadata that a user gives a trace, which are for finding it."""
_ELSEWHERE: Final = frozenset(
    {
        *("exception.message", "exception.stacktrace", "url.query", "db.statement", "db.query.text", "http.target"),
        *("process.command_line", "process.command_args", "process.command", "graphql.document"),
        # Pydantic AI and Logfire.
        *("all_messages", "all_messages_events", "events", "final_result", "tool_arguments", "tool_response"),
        *("request_data", "response_data", "system_prompt", "model_request_parameters"),
        *("messaging.message.body", "code.stacktrace", "error.message", "otel.status_description"),
    }
)
_ELSEWHERE_PREFIXES: Final = (
    *("http.request.header.", "http.response.header.", "http.request.body", "http.response.body"),
    *("rpc.request.metadata.", "rpc.response.metadata.", "db.query.parameter.", "db.operation.parameter."),
)

ADDRESSES: Final = frozenset({"url.full", "http.url", "url.original", "gen_ai.request.url"})
"""URLs: without content, what is left of one is where it leads, not who asks and for what."""

IDENTITIES: Final = frozenset(
    {
        gen_ai.SESSION_ID,
        gen_ai.USER_ID,
        TraceMetadataKey.TRACE_USER,
        TraceMetadataKey.TRACE_SESSION,
        f"{SpanAttributeKey.TRACE_METADATA_PREFIX}{TraceMetadataKey.TRACE_USER}",
        f"{SpanAttributeKey.TRACE_METADATA_PREFIX}{TraceMetadataKey.TRACE_SESSION}",
        *("enduser.id", "enduser.pseudo.id", "user.name", "user.email", "user.full_name", "session.previous_id"),
        gen_ai.GEN_AI_CONVERSATION_ID,
    }
)
"""Who was served, and in which session."""


def is_content(name: str, value: object) -> bool:
    """Whether the attribute of that name and value is content."""
    if isinstance(value, (bool, int, float)) or value is None or name in METADATA:
        return False
    if name in _ELSEWHERE or name.startswith(_ELSEWHERE_PREFIXES):
        return True
    if name.startswith(_TRACE_FACTS):
        return name.removeprefix(SpanAttributeKey.TRACE_METADATA_PREFIX) in (
            TraceMetadataKey.INPUTS,
            TraceMetadataKey.OUTPUTS,
        )
    return name.startswith(_NAMESPACES)
