"""One GenAI operation being recorded: its span, its metrics and its event, from start to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import Token
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from genspan.semconv import attributes as names
from genspan.semconv.encoding import encode
from genspan.semconv.events import (
    GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS,
    GEN_AI_CLIENT_OPERATION_EXCEPTION,
)
from genspan.semconv.values import OperationName

from . import nesting
from .guard import guarded
from .reading import Attributes, present

if TYPE_CHECKING:
    from .telemetry import Telemetry

Content = Mapping[str, Any]
"""Content attributes by name, structured as `genspan.semconv.messages` types them."""

_INFERENCE: Final = {OperationName.CHAT, OperationName.GENERATE_CONTENT, OperationName.TEXT_COMPLETION}
_THINKING: Final = _INFERENCE | {OperationName.INVOKE_AGENT}
"""Operations whose tokens are an agent's own; those of embeddings, made by another model, are not."""
_TOTALS: Final = (names.GEN_AI_USAGE_INPUT_TOKENS, names.GEN_AI_USAGE_OUTPUT_TOKENS)

AttachToken = Token[Context]


@dataclass(frozen=True, slots=True)
class Failure:
    """What an answer says of its own failure, where the library raises nothing."""

    type: str
    """The service's code for it: the value of `error.type`."""
    message: str = ""


def detach(token: AttachToken) -> None:
    """Restores the context from before `Operation.attach`.

    OpenTelemetry's own `detach` logs an error where the token is of another `contextvars.Context`, as when a
    coroutine is closed by the garbage collector or a generator in another task. There is nothing to restore there.
    """
    try:
        token.var.reset(token)
    except (ValueError, RuntimeError):
        return
    except AttributeError:
        # A runtime context of the app's own (OTEL_PYTHON_CONTEXT) has tokens of its own.
        otel_context.detach(token)


class Operation:
    """A GenAI operation: started by `Telemetry.start`, ended by exactly one of `finish`, `fail` and `abandon`.

    All methods may be called from any thread, none raises, and ending twice is harmless: the first end counts.
    """

    ended = False
    before_end: Callable[[], None] | None = None
    """Called before the last attributes are set."""
    # Replaced, not changed, when there is something to hold; most operations have nothing.
    _content: Content = MappingProxyType({})
    _from_inner: Mapping[str, AttributeValue] = MappingProxyType({})
    _assured: Mapping[str, AttributeValue] = MappingProxyType({})

    def __init__(self, telemetry: Telemetry, name: str, span: Span, parent: Context, attributes: Attributes) -> None:
        self.name = name
        """The operation: a value of `genspan.semconv.values.OperationName`."""
        self.span = span
        spanned = span.is_recording()
        self._measured = telemetry.instruments.live
        self._reports = self._measured or telemetry.content_on_event
        self.recording = spanned or self._measured
        """False where nobody wants anything of it: sampled out or no SDK, and no metrics either."""
        self.captures_content = spanned and telemetry.captures_content
        """Whether prompts and answers are to be given to `add`."""
        self.context = parent
        """The context for what runs inside the operation."""
        self._parent = parent
        self._telemetry = telemetry
        self._attributes = attributes
        self._children: list[tuple[str, tuple[int, ...]]] = []
        surroundings: nesting.Surroundings = parent
        self._agent: Operation | None = surroundings.get(nesting.AGENT)
        self._arrivals: list[float] = []
        # Who takes it ends the operation. No lock: one could be held when garbage collection ends a dropped stream in
        # the same thread, or when another thread forks.
        self._right_to_end = [True]
        self._started = perf_counter()

    @property
    def agent_name(self) -> str | None:
        """`gen_ai.agent.name`, where the operation has one."""
        name = self._attributes.get(names.GEN_AI_AGENT_NAME)
        return name if isinstance(name, str) else None

    def attach(self) -> AttachToken:
        """Makes the operation the current one, for the code that runs inside it. Give the token to `detach`."""
        return otel_context.attach(self.context)

    def add(self, attributes: Mapping[str, AttributeValue | None], content: Content | None = None) -> None:
        """Records what is known so far. None is left out; content is the structured form."""
        if self.recording and not self.ended:
            guarded(self._set, present(attributes), content)

    def _set(self, fresh: Attributes, content: Content | None) -> None:
        """Sets attributes, and content as JSON text, on the span. For the event, content is kept as it is."""
        self._attributes.update(fresh)
        if content:
            telemetry = self._telemetry
            if telemetry.content_on_event:
                self._content = {**self._content, **content}
            if telemetry.content_on_span:
                for name, value in content.items():
                    if value is not None:
                        fresh[name] = value if isinstance(value, str) else encode(value)
        if fresh:
            self.span.set_attributes(fresh)

    def chunk(self) -> None:
        """Notes that a chunk of the stream has come."""
        self._arrivals.append(perf_counter())

    @property
    def wants_more(self) -> bool:
        """Whether it still records."""
        return self.recording and not self.ended

    @property
    def streamed(self) -> bool:
        """Whether a chunk has come."""
        return bool(self._arrivals)

    def contribute(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Takes what an instrumented layer further in knows of this same operation."""
        known = {**self._from_inner, **attributes}
        used = self._from_inner.get(names.GEN_AI_USAGE_INPUT_TOKENS)
        more = attributes.get(names.GEN_AI_USAGE_INPUT_TOKENS)
        if self.name == OperationName.EMBEDDINGS and isinstance(used, int) and isinstance(more, int):
            # Many texts go out as several requests.
            known[names.GEN_AI_USAGE_INPUT_TOKENS] = used + more
        self._from_inner = known

    def assure(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Takes what stands above all else that is said of it, before or after."""
        self._assured = {**self._assured, **attributes}

    def count(self, operation: str, tokens: tuple[int, ...]) -> None:
        """Takes what one operation inside this agent used: input and output tokens."""
        self._children.append((operation, tokens))

    def finish(
        self, attributes: Mapping[str, AttributeValue | None] | None = None, content: Content | None = None
    ) -> None:
        """Ends the operation well."""
        if self._first_to_end():
            self._close(attributes, content, None)

    def fail(
        self,
        error: BaseException | Failure,
        attributes: Mapping[str, AttributeValue | None] | None = None,
        content: Content | None = None,
    ) -> None:
        """Ends the operation with status ERROR and the exception, or what the answer says of its failure.

        GeneratorExit is none: a generator or coroutine that is closed early sees it when the app has left.
        """
        if isinstance(error, GeneratorExit):
            self.abandon(attributes, content)
        elif self._first_to_end():
            self._close(attributes, content, error)

    def abandon(
        self, attributes: Mapping[str, AttributeValue | None] | None = None, content: Content | None = None
    ) -> None:
        """Ends the operation because the app wanted no more of it, which is no error."""
        self.finish(attributes, content)

    def disown(self) -> None:
        """Leaves the end to another process, of which this one is a fork."""
        self._first_to_end()

    def _first_to_end(self) -> bool:
        try:
            self._right_to_end.pop()
        except IndexError:
            return False
        self.ended = True
        return True

    def _close(
        self,
        attributes: Mapping[str, AttributeValue | None] | None,
        content: Content | None,
        error: BaseException | Failure | None,
    ) -> None:
        try:
            if self.recording:
                guarded(self._end, attributes, content, error)
        finally:
            # Also where the app is interrupted just now.
            self.span.end()
        # Its own context may hold the operation. Without this, only the garbage collector could let go of the two.
        self.context = self._parent

    def _end(
        self,
        attributes: Mapping[str, AttributeValue | None] | None,
        content: Content | None,
        error: BaseException | Failure | None,
    ) -> None:
        seconds = perf_counter() - self._started
        if self.before_end is not None:
            guarded(self.before_end)
        fresh = present(attributes) if attributes else {}
        for name, value in self._from_inner.items():
            if name not in fresh and (name not in self._attributes or name in _INNER_KNOWS_BETTER):
                fresh[name] = value
        if self._arrivals and self.name in _INFERENCE:
            fresh[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = self._arrivals[0] - self._started
        if error is not None:
            fresh[names.ERROR_TYPE] = error_type(error)
        fresh.update(self._assured)
        if self._agent is not None or self.name == OperationName.INVOKE_AGENT:
            self._sum_up(fresh)
        self._set(fresh, content)
        if self._reports or error is not None:
            self._report(seconds, error)

    def _sum_up(self, fresh: Attributes) -> None:
        """An agent's usage is that of the model calls inside it, and counts for the agent around it in turn."""
        if self.name == OperationName.INVOKE_AGENT:
            inside = [tokens for operation, tokens in self._children if operation in _THINKING]
            for name, counts in zip(_TOTALS, zip(*inside, strict=True), strict=False):
                if any(counts):
                    fresh.setdefault(name, sum(counts))
        if self._agent is not None:
            used = [_number(fresh.get(name, self._attributes.get(name))) for name in _TOTALS]
            self._agent.count(self.name, tuple(used))

    def _report(self, seconds: float, error: BaseException | Failure | None) -> None:
        """What goes out beside the attributes: status, metrics, events."""
        if error is not None:
            message = error.message if isinstance(error, Failure) else guarded(str, error) or ""
            self.span.set_status(Status(StatusCode.ERROR, message))
        if isinstance(error, BaseException):
            guarded(self.span.record_exception, error)
            self._emit(
                GEN_AI_CLIENT_OPERATION_EXCEPTION.name,
                SeverityNumber.WARN,
                {names.EXCEPTION_TYPE: exception_type(error)} | ({names.EXCEPTION_MESSAGE: message} if message else {}),
            )
        if self._measured:
            instruments = self._telemetry.instruments
            instruments.ended(self.name, seconds, self._attributes, self.context)
            if self._arrivals and self.name in _INFERENCE:
                gaps = [later - earlier for earlier, later in pairwise(self._arrivals)]
                instruments.streamed(self._arrivals[0] - self._started, gaps, self._attributes, self.context)
            if self.name == OperationName.INVOKE_AGENT:
                kinds = [child[0] for child in self._children]
                tools = kinds.count(OperationName.EXECUTE_TOOL)
                inferences = sum(kind in _INFERENCE for kind in kinds)
                instruments.agent_calls(inferences, tools, self._attributes, self.context)
        if self.name in _INFERENCE and self._telemetry.content_on_event:
            self._emit(
                GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS.name,
                SeverityNumber.DEBUG,
                {**self._attributes, **{name: value for name, value in self._content.items() if value is not None}},
            )

    def _emit(self, event: str, severity: SeverityNumber, attributes: Mapping[str, Any]) -> None:
        self._telemetry.logger.emit(
            LogRecord(event_name=event, severity_number=severity, attributes=dict(attributes), context=self.context)
        )


_INNER_KNOWS_BETTER: Final = {names.GEN_AI_PROVIDER_NAME, names.GEN_AI_RESPONSE_MODEL}
"""What a layer closer to the wire knows from the address and the answer, an outer one only by its own name for it."""


def _number(tokens: AttributeValue | None) -> int:
    return tokens if isinstance(tokens, int) else 0


class InnerOperation(Operation):
    """The same model call seen by an instrumented layer further in: no span of its own, its facts go to the outer."""

    def __init__(
        self, telemetry: Telemetry, name: str, outer: nesting.Outer, parent: Context, attributes: Attributes
    ) -> None:
        super().__init__(telemetry, name, INVALID_SPAN, parent, attributes)
        self._outer = outer
        self._reports = True
        self.recording = outer.wants_more

    def _sum_up(self, fresh: Attributes) -> None:
        """Nothing: the outer operation counts."""

    def _report(self, seconds: float, error: BaseException | Failure | None) -> None:
        """Hands over what is known. Whether the whole call failed is for the outer operation to say."""
        self._attributes.pop(names.ERROR_TYPE, None)
        self._outer.contribute(self._attributes)


def error_type(error: BaseException | Failure) -> str:
    """The value of `error.type`: the service's code, or the exception's class by its canonical name, as is the rule."""
    return error.type if isinstance(error, Failure) else exception_type(error)


def exception_type(error: BaseException) -> str:
    """The value of `exception.type`: the class name in full, as the SDK's `record_exception` writes it."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
