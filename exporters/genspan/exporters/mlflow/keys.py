"""Names that MLflow reserves: span attributes, span types, trace metadata and trace tags.

As `mlflow.tracing.constant` and `mlflow.entities.SpanType` have them in 3.17.2.
"""

from __future__ import annotations

from typing import Final


class SpanType:
    """What a span is, for MLflow's UI and search: attribute `mlflow.spanType`. Other values are allowed."""

    AGENT: Final = "AGENT"
    CHAIN: Final = "CHAIN"
    CHAT_MODEL: Final = "CHAT_MODEL"
    EMBEDDING: Final = "EMBEDDING"
    EVALUATOR: Final = "EVALUATOR"
    GUARDRAIL: Final = "GUARDRAIL"
    LLM: Final = "LLM"
    MEMORY: Final = "MEMORY"
    PARSER: Final = "PARSER"
    RERANKER: Final = "RERANKER"
    RETRIEVER: Final = "RETRIEVER"
    TASK: Final = "TASK"
    TOOL: Final = "TOOL"
    UNKNOWN: Final = "UNKNOWN"
    WORKFLOW: Final = "WORKFLOW"


class SpanAttributeKey:
    """Span attributes; every value is stored as JSON text."""

    REQUEST_ID: Final = "mlflow.traceRequestId"
    """The trace id with MLflow's prefix. MLflow cannot load a span without it."""
    INPUTS: Final = "mlflow.spanInputs"
    OUTPUTS: Final = "mlflow.spanOutputs"
    SPAN_TYPE: Final = "mlflow.spanType"
    LOG_LEVEL: Final = "mlflow.spanLogLevel"
    DESCRIPTION: Final = "mlflow.spanDescription"
    INTERMEDIATE_OUTPUTS: Final = "mlflow.trace.intermediate_outputs"
    """What `mlflow.log_trace` was told of the way to the response; on its root span alone."""
    CHAT_TOOLS: Final = "mlflow.chat.tools"
    CHAT_USAGE: Final = "mlflow.chat.tokenUsage"
    LLM_COST: Final = "mlflow.llm.cost"
    MODEL: Final = "mlflow.llm.model"
    MODEL_PROVIDER: Final = "mlflow.llm.provider"
    MESSAGE_FORMAT: Final = "mlflow.message.format"
    """Whose message shape inputs and outputs have; the UI chooses its reader by it."""
    EXPERIMENT_ID: Final = "mlflow.experimentId"
    """The experiment that the span's trace belongs to, where it is not the exporter's."""
    FUNCTION_NAME: Final = "mlflow.spanFunctionName"
    TRACE_TAG_PREFIX: Final = "mlflow.traceTag."
    """`mlflow.traceTag.<key>` on a span asks for a tag of its trace."""
    TRACE_METADATA_PREFIX: Final = "mlflow.traceMetadata."
    """`mlflow.traceMetadata.<key>` asks for metadata of its trace; this and the following are genspan's own."""
    TRACE_STATE: Final = "mlflow.traceState"
    """OK or ERROR, for the trace as a whole."""
    TRACE_REQUEST_PREVIEW: Final = "mlflow.traceRequestPreview"
    TRACE_RESPONSE_PREVIEW: Final = "mlflow.traceResponsePreview"
    CLIENT_REQUEST_ID: Final = "mlflow.traceClientRequestId"


class TraceMetadataKey:
    """Trace metadata: written once, never changed."""

    USER: Final = "mlflow.user"
    """Who ran the program; `TRACE_USER` is whom it served."""
    SOURCE_NAME: Final = "mlflow.source.name"
    SOURCE_TYPE: Final = "mlflow.source.type"
    GIT_COMMIT: Final = "mlflow.source.git.commit"
    GIT_BRANCH: Final = "mlflow.source.git.branch"
    GIT_REPO_URL: Final = "mlflow.source.git.repoURL"
    TRACE_USER: Final = "mlflow.trace.user"
    TRACE_SESSION: Final = "mlflow.trace.session"
    SCHEMA_VERSION: Final = "mlflow.trace_schema.version"
    INPUTS: Final = "mlflow.traceInputs"
    OUTPUTS: Final = "mlflow.traceOutputs"
    SOURCE_RUN: Final = "mlflow.sourceRun"
    MODEL_ID: Final = "mlflow.modelId"
    TOKEN_USAGE: Final = "mlflow.trace.tokenUsage"
    COST: Final = "mlflow.trace.cost"
    SIZE_STATS: Final = "mlflow.trace.sizeStats"
    SIZE_BYTES: Final = "mlflow.trace.sizeBytes"
    """Of the whole trace, as `SIZE_STATS` has it too; older readers know this alone."""


class TraceTagKey:
    """Trace tags: may be changed later."""

    TRACE_NAME: Final = "mlflow.traceName"


class AssessmentMetadataKey:
    """Metadata of feedback and expectations."""

    SOURCE_RUN_ID: Final = "mlflow.assessment.sourceRunId"
    """The run, of an evaluation for one, that judged."""


TRACE_ID_PREFIX: Final = "tr-"

API_SCOPE: Final = "genspan.mlflow"
"""The instrumentation scope of spans that were made with MLflow's API. Structured values of their attributes are JSON
text, and what they say in the conventions' words repeats what they say in MLflow's."""
