"""What one instrumentor reports with, and how an operation starts."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry._logs import Logger, LoggerProvider, get_logger
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import NoOpTracer, ProxyTracer, SpanKind, TracerProvider

from genspan.semconv import SCHEMA_URL
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName

from . import nesting
from .content import ContentCapture, content_capture
from .dropping import finish_dropped, waiting
from .measuring import SCOPE, Instruments, generations
from .nesting import Surroundings
from .operation import InnerOperation, Operation
from .operations import SHAPES
from .reading import Attributes
from .sampling import Drops, drops

_CONVERSATIONAL: Final = {
    OperationName.CHAT,
    OperationName.GENERATE_CONTENT,
    OperationName.TEXT_COMPLETION,
    OperationName.INVOKE_AGENT,
    OperationName.INVOKE_WORKFLOW,
    OperationName.EXECUTE_TOOL,
}


def _distribution_version() -> str:
    try:
        return version("genspan")
    except PackageNotFoundError:
        return "0"


class Telemetry:
    """Tracer, logger and content policy of one instrumentation scope, and the instruments that all of them share."""

    def __init__(
        self,
        scope: str,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        capture: ContentCapture | str | None = None,
    ) -> None:
        release = _distribution_version()
        self.scope = scope
        """The dotted package of the instrumentor."""
        self.tracer = trace.get_tracer(scope, release, tracer_provider, SCHEMA_URL)
        self.instruments = Instruments(get_meter(SCOPE, release, meter_provider, SCHEMA_URL), generations())
        self.logger: Logger = get_logger(scope, release, logger_provider, SCHEMA_URL)
        self.capture = content_capture(capture)
        # Asked for several times a call, where an enum's properties are slow.
        self.captures_content = self.capture is not ContentCapture.NO_CONTENT
        self.content_on_span = self.capture.on_span
        self.content_on_event = self.capture.on_event
        # A tracer of the API's own waits for a provider to be set, or, where it is none of its proxies, for nothing.
        self._waits = isinstance(self.tracer, ProxyTracer)
        self._heard = not self._waits and not isinstance(self.tracer, NoOpTracer)
        self._provider = tracer_provider
        self._drops: Drops | None = None

    @property
    def heard(self) -> bool:
        """Whether anybody listens: False until the app sets an SDK up. Until then, calls need not be looked at."""
        if not self._heard:
            # `get_tracer_provider` looks into the environment each time. Where there is no such name: perhaps it is.
            set_up = self._waits and getattr(trace, "_TRACER_PROVIDER", self) is not None
            self._heard = set_up or self.instruments.live
        return self._heard

    def hears(self, context: Surroundings) -> bool:
        """Whether anybody listens, and the app wants what happens in a context to be recorded."""
        return (self._heard or self.heard) and not nesting.suppressed(context)

    def drops(self, context: Context) -> bool:
        """Whether nothing is recorded of what starts in a context: no need to look at it."""
        if self._drops is None:
            self._drops = drops(self._provider)
        return self._drops(context) and not self.instruments.live

    def start(
        self,
        operation: str,
        attributes: Attributes,
        *,
        parent: Context | None = None,
        kind: SpanKind | None = None,
        conversation: str | None = None,
        own: bool = False,
    ) -> Operation:
        """Starts an operation.

        `attributes` are those that samplers should see: provider, model, server, the agent's or tool's name. They name
        the span by the conventions' rule. Inside an operation of the same family, the result records into that one.
        `own` is of `Method`.
        """
        if waiting:
            finish_dropped()
        context = otel_context.get_current() if parent is None else parent
        surroundings: Surroundings = context
        outer = nesting.enclosing(operation, context)
        if outer is not None:
            return InnerOperation(self, operation, outer, context, attributes)
        attributes[names.GEN_AI_OPERATION_NAME] = operation
        if operation in _CONVERSATIONAL:
            conversation = conversation or surroundings.get(nesting.CONVERSATION)
            if conversation is not None:
                attributes[names.GEN_AI_CONVERSATION_ID] = conversation
        if operation == OperationName.EXECUTE_TOOL and (agent := surroundings.get(nesting.AGENT)) is not None:
            agent_name = agent.agent_name
            if agent_name is not None:
                attributes.setdefault(names.GEN_AI_AGENT_NAME, agent_name)
        default_kind, name_key = SHAPES[operation]
        target = None if name_key is None else attributes.get(name_key)
        span = self.tracer.start_span(
            operation if target is None else f"{operation} {target}",
            context,
            default_kind if kind is None else kind,
            attributes,
        )
        started = Operation(self, operation, span, context, attributes)
        asks_a_vendor = default_kind is SpanKind.CLIENT and not own
        started.context = nesting.within(started, context, conversation, asks_a_vendor=asks_a_vendor)
        return started
