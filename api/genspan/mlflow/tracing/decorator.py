"""`@mlflow.trace`: a span around every call of a function, with its arguments and its result."""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from opentelemetry import context as otel_context

from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.instrumentation.core import CAPTURE_MESSAGE_CONTENT, detach, guarded
from genspan.instrumentation.core.content import content_capture
from genspan.mlflow.entities import Link, SpanLogLevel, SpanType
from genspan.mlflow.exceptions import MlflowException
from genspan.semconv.encoding import encode

from .destination import experiment_of
from .fluent import AnySpan, around, begin, start_span
from .live_span import LiveSpan, NoOpSpan
from .sampling import overridden

if TYPE_CHECKING:
    from genspan.mlflow.entities import TraceLocationBase

_logger = logging.getLogger("genspan.mlflow")

P = ParamSpec("P")
R = TypeVar("R")

MAX_CHUNK_EVENTS = 128
"""Events of a stream's items on one span, OpenTelemetry's own default limit; the outputs hold all of them."""


@dataclass(frozen=True)
class Traced:
    """What the decorator was told of the spans of one function."""

    name: str
    span_type: str
    attributes: Mapping[str, Any] | None
    output_reducer: Callable[[list[Any]], Any] | None
    trace_destination: TraceLocationBase | None
    sampling_ratio: float | None
    log_level: SpanLogLevel | str | None
    links: Sequence[Link] | None
    description: str | None

    @contextmanager
    def span(self) -> Generator[AnySpan]:
        """The span of one call, current inside the block."""
        with (
            overridden(self.sampling_ratio),
            start_span(
                self.name,
                self.span_type,
                self.attributes,
                self.trace_destination,
                self.log_level,
                links=self.links,
                description=self.description,
            ) as span,
        ):
            yield span

    def detached_span(self) -> AnySpan:
        """The span of one generator, which is current only while the generator's own code runs."""
        with overridden(self.sampling_ratio):
            return guarded(self._begun) or NoOpSpan()

    def _begun(self) -> AnySpan:
        return begin(
            self.name,
            self.span_type,
            attributes=self.attributes,
            experiment_id=experiment_of(self.trace_destination),
            log_level=self.log_level,
            links=self.links,
            description=self.description,
        )


@overload
def trace(
    func: Callable[P, R],
    name: str | None = ...,
    span_type: str = ...,
    attributes: Mapping[str, Any] | None = ...,
    output_reducer: Callable[[list[Any]], Any] | None = ...,
    trace_destination: TraceLocationBase | None = ...,
    sampling_ratio_override: float | None = ...,
    log_level: SpanLogLevel | str | None = ...,
    links: Sequence[Link] | None = ...,
    description: str | None = ...,
) -> Callable[P, R]: ...


@overload
def trace(
    func: None = None,
    name: str | None = ...,
    span_type: str = ...,
    attributes: Mapping[str, Any] | None = ...,
    output_reducer: Callable[[list[Any]], Any] | None = ...,
    trace_destination: TraceLocationBase | None = ...,
    sampling_ratio_override: float | None = ...,
    log_level: SpanLogLevel | str | None = ...,
    links: Sequence[Link] | None = ...,
    description: str | None = ...,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def trace(
    func: Callable[..., Any] | None = None,
    name: str | None = None,
    span_type: str = SpanType.UNKNOWN,
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Callable[[list[Any]], Any] | None = None,
    trace_destination: TraceLocationBase | None = None,
    sampling_ratio_override: float | None = None,
    log_level: SpanLogLevel | str | None = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> Callable[..., Any]:
    """Makes a span of every call: `@mlflow.trace`, `@mlflow.trace(name=…)`, or `mlflow.trace(function)(…)`.

    For functions, coroutine functions, generators and async generators, methods, class methods and static methods. The
    arguments (without `self`) become the inputs, the result the outputs, unless the function sets them itself. A
    generator's span ends with it, however it ends; its outputs are its items, as a list or as `output_reducer` makes
    them one. `sampling_ratio_override` (0 to 1) and `trace_destination` hold where the call begins a trace.

    Raises MlflowException for a ratio outside of 0 to 1, and for an `output_reducer` of what is no generator.
    """
    if sampling_ratio_override is not None and not 0.0 <= sampling_ratio_override <= 1.0:
        raise MlflowException.invalid_parameter_value(
            f"sampling_ratio_override must be between 0.0 and 1.0, got {sampling_ratio_override}"
        )

    def decorate(function: Any) -> Any:
        # A class or static method keeps its kind, and is traced beneath it.
        kind = type(function) if isinstance(function, (classmethod, staticmethod)) else None
        inner = function.__func__ if kind is not None else function
        traced = Traced(
            str(name or getattr(inner, "__name__", type(inner).__name__)),
            span_type,
            attributes,
            output_reducer,
            trace_destination,
            sampling_ratio_override,
            log_level,
            links,
            description,
        )
        wrapped = _wrapped(inner, traced)
        return wrapped if kind is None else kind(wrapped)

    return decorate if func is None else decorate(func)


def _wrapped(function: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        wrapper = _async_generator(function, traced)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, traced)
    elif traced.output_reducer is not None:
        raise MlflowException.invalid_parameter_value(
            "The output_reducer argument is only supported for generator functions."
        )
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, traced)
    else:
        wrapper = _function(function, traced)
    functools.update_wrapper(wrapper, function)
    wrapper.__mlflow_traced__ = True  # type: ignore[attr-defined]  # MLflow's mark, which others look for.
    return wrapper


def _function(function: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    signature = _signature(function)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with traced.span() as span:
            _take_inputs(span, function, signature, args, kwargs)
            result = function(*args, **kwargs)
            _take_outputs(span, result)
            return result

    return wrapper


def _coroutine(function: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    signature = _signature(function)

    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with traced.span() as span:
            _take_inputs(span, function, signature, args, kwargs)
            result = await function(*args, **kwargs)
            _take_outputs(span, result)
            return result

    return wrapper


class _Items:
    """The items of one generator, and the span that ends with it."""

    def __init__(
        self,
        traced: Traced,
        function: Callable[..., Any],
        signature: inspect.Signature | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.span = traced.detached_span()
        self._reducer = traced.output_reducer
        self._items: list[Any] = []
        _take_inputs(self.span, function, signature, args, kwargs)

    def current(self) -> AbstractContextManager[Any]:
        """The span as the current one, for as long as the generator's own code runs."""
        return _current(self.span)

    def take(self, item: Any) -> None:
        if isinstance(self.span, LiveSpan):
            if len(self._items) < MAX_CHUNK_EVENTS:
                guarded(_add_chunk, self.span, len(self._items), item)
            self._items.append(item)

    def finish(self, error: BaseException | None = None) -> None:
        """Ends the span: by itself, by an error, or because nobody wanted more, which is none."""
        if isinstance(self.span, LiveSpan):
            if error is not None and not isinstance(error, GeneratorExit):
                self.span.record_exception(error)
            guarded(self._outputs)
            self.span.end()

    def _outputs(self) -> None:
        reduced: Any = self._items
        if self._reducer is not None:
            try:
                reduced = self._reducer(self._items)
            except Exception:
                _logger.warning(
                    "The output_reducer of %r failed: all items are recorded", self.span.name, exc_info=True
                )
        _take_outputs(self.span, reduced)


def _add_chunk(span: LiveSpan, index: int, item: Any) -> None:
    span._span.add_event(f"mlflow.chunk.item.{index}", {"mlflow.chunk.value": encode(item)})


@contextmanager
def _current(span: AnySpan) -> Generator[None]:
    if span._span is None:
        yield
        return
    token = otel_context.attach(around(span._span))
    try:
        yield
    finally:
        detach(token)


def _generator(function: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    signature = _signature(function)

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        items = _Items(traced, function, signature, args, kwargs)
        inner = function(*args, **kwargs)
        step: Callable[[], Any] = functools.partial(next, inner)
        try:
            while True:
                try:
                    with items.current():
                        item = step()
                except StopIteration as stop:
                    items.finish()
                    return stop.value
                items.take(item)
                try:
                    sent = yield item
                    step = functools.partial(inner.send, sent)
                except GeneratorExit:
                    with items.current():
                        inner.close()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - the generator's own to handle
                    step = functools.partial(inner.throw, thrown)
        except BaseException as error:
            items.finish(error)
            raise

    return wrapper


def _async_generator(function: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    signature = _signature(function)

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        items = _Items(traced, function, signature, args, kwargs)
        inner = function(*args, **kwargs)
        step: Callable[[], Any] = inner.__anext__
        try:
            while True:
                try:
                    with items.current():
                        item = await step()
                except StopAsyncIteration:
                    items.finish()
                    return
                items.take(item)
                try:
                    sent = yield item
                    step = functools.partial(inner.asend, sent)
                except GeneratorExit:
                    with items.current():
                        await inner.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - the generator's own to handle
                    step = functools.partial(inner.athrow, thrown)
        except BaseException as error:
            items.finish(error)
            raise

    return wrapper


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """How the function is called; None for those of C that do not say."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _take_inputs(
    span: AnySpan,
    function: Callable[..., Any],
    signature: inspect.Signature | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    if isinstance(span, LiveSpan):
        guarded(_set_inputs, span, function, signature, args, kwargs)


def _set_inputs(
    span: LiveSpan,
    function: Callable[..., Any],
    signature: inspect.Signature | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    span.set_attribute(SpanAttributeKey.FUNCTION_NAME, getattr(function, "__name__", type(function).__name__))
    if not _records_content():
        return
    try:
        arguments = {} if signature is None else _named(signature, args, kwargs)
    except TypeError:  # Not how it is called, which the function itself is about to say.
        signature = None
    span.set_inputs({"args": args, "kwargs": kwargs} if signature is None else arguments)


def _named(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names of their parameters, without `self`."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    arguments = dict(bound.arguments)
    first = next(iter(arguments), None)
    if first == "self" or (first == "cls" and isinstance(arguments["cls"], type)):
        del arguments[first]
    return arguments


def _take_outputs(span: AnySpan, result: Any) -> None:
    # What the function itself has said of its outputs stays.
    if isinstance(span, LiveSpan) and SpanAttributeKey.OUTPUTS not in (span._span.attributes or {}):
        guarded(_set_outputs, span, result)


def _set_outputs(span: LiveSpan, result: Any) -> None:
    if _records_content():
        span.set_outputs(result)


def _records_content() -> bool:
    """Whether arguments and results are recorded unasked: unless the user said that content is not."""
    policy = os.environ.get(CAPTURE_MESSAGE_CONTENT, "").strip()
    return not policy or content_capture(policy).on_span
