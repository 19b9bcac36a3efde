"""Records the conventions' metrics of an operation that has ended.

Upstream renamed the inference metrics in autumn 2026; every dashboard in use reads the older names. Both generations
are recorded unless `GENSPAN_SEMCONV` picks one: `latest` or `1.37`.
"""

from __future__ import annotations

import functools
import logging
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, NoOpMeter, Observation
from opentelemetry.util.types import AttributeValue

from genspan.semconv import attributes as names
from genspan.semconv import metrics
from genspan.semconv.metrics import Metric
from genspan.semconv.values import OperationName, TokenModality

SEMCONV: Final = "GENSPAN_SEMCONV"
Generation = Literal["main", "legacy"]

SCOPE: Final = "genspan.instrumentation"
"""The meter of every instrumentor, where spans and events have the instrumentor's own scope.

Several of them record the same metrics. Under one scope these are one series a set of attributes; under several, the
Prometheus exporter would write values under the wrong labels (opentelemetry-exporter-prometheus 0.66b2 takes the label
names of the first scope for all that follow).
"""

_INFERENCE: Final = {OperationName.CHAT, OperationName.GENERATE_CONTENT, OperationName.TEXT_COMPLETION}
_USES_TOKENS: Final = _INFERENCE | {OperationName.EMBEDDINGS}
"""Whose tokens the older metric counts. An agent's are those of the model calls inside it, counted there."""
_DURATION: Final = {
    OperationName.INVOKE_AGENT: metrics.GEN_AI_INVOKE_AGENT_DURATION,
    OperationName.INVOKE_WORKFLOW: metrics.GEN_AI_INVOKE_WORKFLOW_DURATION,
    OperationName.EXECUTE_TOOL: metrics.GEN_AI_EXECUTE_TOOL_DURATION,
}
_TEXT, _IMAGE, _AUDIO = TokenModality.TEXT, TokenModality.IMAGE, TokenModality.AUDIO
_USAGE: Final[tuple[tuple[str, Metric, tuple[tuple[str, str], ...]], ...]] = (
    (
        names.GEN_AI_USAGE_INPUT_TOKENS,
        metrics.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
        (
            (_TEXT, names.GEN_AI_USAGE_TEXT_INPUT_TOKENS),
            (_IMAGE, names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS),
            (_AUDIO, names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS),
        ),
    ),
    (
        names.GEN_AI_USAGE_OUTPUT_TOKENS,
        metrics.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
        (
            (_TEXT, names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS),
            (_IMAGE, names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS),
            (_AUDIO, names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS),
        ),
    ),
    (
        names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
        (
            (_TEXT, names.GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS),
            (_IMAGE, names.GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS),
            (_AUDIO, names.GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS),
        ),
    ),
    (
        names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
        (),
    ),
    (
        names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        metrics.GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
        (),
    ),
)
"""The counters: the attribute with the total, and those with its parts by modality."""
_PER_OPERATION: Final = (
    (names.GEN_AI_USAGE_INPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, "input"),
    (names.GEN_AI_USAGE_OUTPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, "output"),
)
_CHUNKS: Final = (
    (
        "main",
        metrics.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK,
        metrics.GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK,
    ),
    (
        "legacy",
        metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
        metrics.GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
    ),
)
_COLLECTING: Final = "genspan.collecting"
"""An asynchronous instrument that observes nothing, and by which it is known that metrics are being collected."""
_MOST_WAITING: Final = 1_000
_NO_SPAN: Final = Context()
_waiting: Final[deque[tuple[Histogram, Sequence[float], dict[str, Any]]]] = deque()
"""What is to be recorded at the next collection."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_waiting.clear)  # The parent records it.

_TOKEN_TYPE: Final = "gen_ai.token.type"

_logger = logging.getLogger("genspan.instrumentation")


def generations(value: str | None = None) -> frozenset[Generation]:
    """Which metric names to record, from the value given or `GENSPAN_SEMCONV`."""
    return _meant((os.environ.get(SEMCONV, "") if value is None else value).strip().lower())


@functools.cache  # So that a wrong value is logged once, and not by every instrumentor.
def _meant(text: str) -> frozenset[Generation]:
    if text == "latest":
        return frozenset({"main"})
    if text == "1.37":
        return frozenset({"legacy"})
    if text:
        _logger.warning("%s is %r: set `latest` or `1.37`, or nothing for both. Recording both.", SEMCONV, text)
    return frozenset({"main", "legacy"})


class Instruments:
    """The instruments of one meter, made when first needed.

    Measurements are made in the context that is given, the operation's own: its span is what the SDK's exemplars name.
    """

    def __init__(self, meter: Meter, recorded: frozenset[Generation]) -> None:
        self._meter = meter
        self._recorded = recorded
        self._made: dict[str, Any] = {}

    @property
    def live(self) -> bool:
        """Whether anybody reads what is recorded: False until the app sets a meter provider."""
        meter = getattr(self._meter, "_real_meter", self._meter)
        return meter is not None and type(meter) is not NoOpMeter

    def _histogram(self, metric: Metric) -> Histogram:
        made: Histogram | None = self._made.get(metric.name)
        if made is None:
            made = self._made[metric.name] = self._meter.create_histogram(
                metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
            )
        return made

    def _counter(self, metric: Metric) -> Counter:
        made: Counter | None = self._made.get(metric.name)
        if made is None:
            made = self._meter.create_counter(metric.name, metric.unit, metric.description)
            self._made[metric.name] = made
        return made

    def ended(self, operation: str, seconds: float, attributes: Mapping[str, AttributeValue], context: Context) -> None:
        """Records duration and, for a model call, token usage.

        `attributes` are the span's; each metric takes the ones that the conventions give it.
        """
        main, legacy = "main" in self._recorded, "legacy" in self._recorded
        inference = operation in _INFERENCE
        if not inference or legacy:
            duration = _DURATION.get(operation, metrics.GEN_AI_CLIENT_OPERATION_DURATION)
            self._histogram(duration).record(seconds, _chosen(duration, attributes), context)
        if inference and main:
            duration = metrics.GEN_AI_CLIENT_INFERENCE_DURATION
            self._histogram(duration).record(seconds, _chosen(duration, attributes), context)
            self._usage(attributes, context)
        if operation not in _USES_TOKENS:
            return
        for usage, metric, token_type in _PER_OPERATION:
            tokens = attributes.get(usage)
            if not isinstance(tokens, int):
                continue
            if inference and main:
                self._histogram(metric).record(tokens, _chosen(metric, attributes), context)
            if legacy:
                older = metrics.GEN_AI_CLIENT_TOKEN_USAGE
                typed = {**_chosen(older, attributes), _TOKEN_TYPE: token_type}
                self._histogram(older).record(tokens, typed, context)

    def _usage(self, attributes: Mapping[str, AttributeValue], context: Context) -> None:
        """Counts tokens: 0 where the call failed or its answer does not tell, as the conventions ask."""
        silent = names.ERROR_TYPE in attributes or not any(usage in attributes for usage, _, _ in _USAGE)
        for usage, metric, parts in _USAGE:
            tokens = attributes.get(usage, 0 if silent else None)
            if not isinstance(tokens, int):
                continue
            chosen = _chosen(metric, attributes)
            for modality, count in _by_modality(tokens, parts, attributes):
                self._counter(metric).add(count, {**chosen, names.GEN_AI_TOKEN_MODALITY: modality}, context)

    def streamed(
        self, first: float, gaps: Sequence[float], attributes: Mapping[str, AttributeValue], context: Context
    ) -> None:
        """Records the times of a stream, in seconds: until its first chunk, and between each two."""
        for generation, to_first, per_chunk in _CHUNKS:
            if generation not in self._recorded:
                continue
            chosen = _chosen(to_first, attributes)
            self._histogram(to_first).record(first, chosen, context)
            if gaps:
                histogram = self._histogram(per_chunk)
                histogram.record(gaps[0], chosen, context)
                self._later(histogram, gaps[1:], chosen)

    def _later(self, histogram: Histogram, amounts: Sequence[float], attributes: dict[str, Any]) -> None:
        """Records amounts when the metrics are next collected, in the thread that does so.

        The SDK takes some 15 µs for each, which for all chunks of a stream would hold up an event loop for
        milliseconds.
        """
        if _COLLECTING not in self._made:
            # The callbacks of asynchronous instruments run before what the synchronous ones recorded is collected.
            self._made[_COLLECTING] = self._meter.create_observable_gauge(_COLLECTING, [_record_waiting])
        _waiting.append((histogram, amounts, attributes))
        if len(_waiting) > _MOST_WAITING:
            # Nobody collects.
            _record_next()

    def agent_calls(
        self, inferences: int, tools: int, attributes: Mapping[str, AttributeValue], context: Context
    ) -> None:
        """Records how many model and tool calls one run of an agent made; 0 too, or averages would be too high."""
        for metric, count in (
            (metrics.GEN_AI_INVOKE_AGENT_INFERENCE_CALLS, inferences),
            (metrics.GEN_AI_INVOKE_AGENT_TOOL_CALLS, tools),
        ):
            self._histogram(metric).record(count, _chosen(metric, attributes), context)


def _record_waiting(_: CallbackOptions) -> Iterable[Observation]:
    while _waiting:
        _record_next()
    return ()


def _record_next() -> None:
    try:
        histogram, amounts, attributes = _waiting.popleft()
    except IndexError:
        return  # Another thread took the last one.
    for amount in amounts:
        histogram.record(amount, attributes, _NO_SPAN)


def _by_modality(
    tokens: int, parts: Sequence[tuple[str, str]], attributes: Mapping[str, AttributeValue]
) -> list[tuple[str, int]]:
    """How many of the tokens are of which modality; those that nobody tells of are `unknown`."""
    told = [(modality, count) for modality, name in parts if isinstance(count := attributes.get(name), int) and count]
    rest = tokens - sum(count for _, count in told)
    if rest < 0:
        return [(TokenModality.UNKNOWN, tokens)]
    return [*told, (TokenModality.UNKNOWN, rest)] if rest or not told else told


def _chosen(metric: Metric, attributes: Mapping[str, AttributeValue]) -> dict[str, Any]:
    return {name: attributes[name] for name in metric.attributes if name in attributes}
