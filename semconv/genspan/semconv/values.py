"""Well-known values of GenAI attributes.

Written by semconv/generate.py from semconv/registry.json (main @ 6fd0d76 (2026-10-09)): edit those.
"""

from __future__ import annotations

from typing import Final


class OperationName:
    """What a GenAI span does: `gen_ai.operation.name`."""

    CHAT: Final = "chat"
    GENERATE_CONTENT: Final = "generate_content"
    TEXT_COMPLETION: Final = "text_completion"
    EMBEDDINGS: Final = "embeddings"
    RETRIEVAL: Final = "retrieval"
    FETCH_RESPONSE: Final = "fetch_response"
    CREATE_AGENT: Final = "create_agent"
    INVOKE_AGENT: Final = "invoke_agent"
    EXECUTE_TOOL: Final = "execute_tool"
    INVOKE_WORKFLOW: Final = "invoke_workflow"
    PLAN: Final = "plan"
    SEARCH_MEMORY: Final = "search_memory"
    CREATE_MEMORY: Final = "create_memory"
    UPDATE_MEMORY: Final = "update_memory"
    UPSERT_MEMORY: Final = "upsert_memory"
    DELETE_MEMORY: Final = "delete_memory"
    CREATE_MEMORY_STORE: Final = "create_memory_store"
    DELETE_MEMORY_STORE: Final = "delete_memory_store"


class ProviderName:
    """Who serves the model: `gen_ai.provider.name`. Other values are allowed."""

    OPENAI: Final = "openai"
    GCP_GEN_AI: Final = "gcp.gen_ai"
    GCP_VERTEX_AI: Final = "gcp.vertex_ai"
    GCP_GEMINI: Final = "gcp.gemini"
    ANTHROPIC: Final = "anthropic"
    COHERE: Final = "cohere"
    AZURE_AI_INFERENCE: Final = "azure.ai.inference"
    AZURE_AI_OPENAI: Final = "azure.ai.openai"
    IBM_WATSONX_AI: Final = "ibm.watsonx.ai"
    AWS_BEDROCK: Final = "aws.bedrock"
    PERPLEXITY: Final = "perplexity"
    X_AI: Final = "x_ai"
    DEEPSEEK: Final = "deepseek"
    GROQ: Final = "groq"
    MISTRAL_AI: Final = "mistral_ai"
    MOONSHOT_AI: Final = "moonshot_ai"


class OutputType:
    """The content type asked for: `gen_ai.output.type`."""

    TEXT: Final = "text"
    JSON: Final = "json"
    IMAGE: Final = "image"
    SPEECH: Final = "speech"


class ResponseStatus:
    """State of a stored response: `gen_ai.response.status`."""

    QUEUED: Final = "queued"
    IN_PROGRESS: Final = "in_progress"
    COMPLETED: Final = "completed"
    INCOMPLETE: Final = "incomplete"
    FAILED: Final = "failed"
    CANCELLED: Final = "cancelled"


class TokenModality:
    """What a counted token stands for: `gen_ai.token.modality`."""

    TEXT: Final = "text"
    IMAGE: Final = "image"
    AUDIO: Final = "audio"
    UNKNOWN: Final = "unknown"


class OpenAIApiType:
    """Which OpenAI API was called: `openai.api.type`."""

    CHAT_COMPLETIONS: Final = "chat_completions"
    RESPONSES: Final = "responses"


class McpMethodName:
    """The method of an MCP message: `mcp.method.name`."""

    NOTIFICATIONS_CANCELLED: Final = "notifications/cancelled"
    INITIALIZE: Final = "initialize"
    NOTIFICATIONS_INITIALIZED: Final = "notifications/initialized"
    NOTIFICATIONS_PROGRESS: Final = "notifications/progress"
    PING: Final = "ping"
    RESOURCES_LIST: Final = "resources/list"
    RESOURCES_TEMPLATES_LIST: Final = "resources/templates/list"
    RESOURCES_READ: Final = "resources/read"
    NOTIFICATIONS_RESOURCES_LIST_CHANGED: Final = "notifications/resources/list_changed"
    RESOURCES_SUBSCRIBE: Final = "resources/subscribe"
    RESOURCES_UNSUBSCRIBE: Final = "resources/unsubscribe"
    NOTIFICATIONS_RESOURCES_UPDATED: Final = "notifications/resources/updated"
    PROMPTS_LIST: Final = "prompts/list"
    PROMPTS_GET: Final = "prompts/get"
    NOTIFICATIONS_PROMPTS_LIST_CHANGED: Final = "notifications/prompts/list_changed"
    TOOLS_LIST: Final = "tools/list"
    TOOLS_CALL: Final = "tools/call"
    NOTIFICATIONS_TOOLS_LIST_CHANGED: Final = "notifications/tools/list_changed"
    LOGGING_SETLEVEL: Final = "logging/setLevel"
    NOTIFICATIONS_MESSAGE: Final = "notifications/message"
    SAMPLING_CREATEMESSAGE: Final = "sampling/createMessage"
    COMPLETION_COMPLETE: Final = "completion/complete"
    ROOTS_LIST: Final = "roots/list"
    NOTIFICATIONS_ROOTS_LIST_CHANGED: Final = "notifications/roots/list_changed"
    ELICITATION_CREATE: Final = "elicitation/create"


class FinishReason:
    """Why a model stopped: `gen_ai.response.finish_reasons`. Advisory."""

    STOP: Final = "stop"
    LENGTH: Final = "length"
    CONTENT_FILTER: Final = "content_filter"
    TOOL_CALL: Final = "tool_call"
    COMPACTION: Final = "compaction"
    ERROR: Final = "error"
