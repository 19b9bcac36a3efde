"""Records the conventions' metrics of an operation that has ended.

Upstream renamed the inference metrics in autumn 2026; every dashboard in use reads the older names. Both generations
are recorded unless `GENSPAN_SEMCONV` picks one: `latest` or `1.37`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter, NoOpMeter
from opentelemetry.util.types import AttributeValue

from genspan.semconv import attributes as names
from genspan.semconv import metrics
from genspan.semconv.metrics import Metric
from genspan.semconv.values import OperationName, TokenModality

SEMCONV: Final = "GENSPAN_SEMCONV"
Generation = Literal["main", "legacy"]

_INFERENCE: Final = {OperationName.CHAT, OperationName.GENERATE_CONTENT, OperationName.TEXT_COMPLETION}
_DURATION: Final = {
    OperationName.INVOKE_AGENT: metrics.GEN_AI_INVOKE_AGENT_DURATION,
    OperationName.INVOKE_WORKFLOW: metrics.GEN_AI_INVOKE_WORKFLOW_DURATION,
    OperationName.EXECUTE_TOOL: metrics.GEN_AI_EXECUTE_TOOL_DURATION,
}
_USAGE: Final = (
    (names.GEN_AI_USAGE_INPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS),
    (names.GEN_AI_USAGE_OUTPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS),
    (names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS),
    (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS),
    (names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS),
)
_PER_OPERATION: Final = (
    (names.GEN_AI_USAGE_INPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, "input"),
    (names.GEN_AI_USAGE_OUTPUT_TOKENS, metrics.GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, "output"),
)
_TOKEN_TYPE: Final = "gen_ai.token.type"

_logger = logging.getLogger("genspan.instrumentation")


def generations(value: str | None = None) -> frozenset[Generation]:
    """Which metric names to record, from the value given or `GENSPAN_SEMCONV`."""
    text = (os.environ.get(SEMCONV, "") if value is None else value).strip().lower()
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
        self._main = "main" in recorded
        self._legacy = "legacy" in recorded
        self._made: dict[str, Any] = {}

    @property
    def live(self) -> bool:
        """Whether anybody reads what is recorded: False until the app sets a meter provider."""
        meter = getattr(self._meter, "_real_meter", self._meter)
        return meter is not None and not isinstance(meter, NoOpMeter)

    def _histogram(self, metric: Metric) -> Histogram:
        made: Histogram | None = self._made.get(metric.name)
        if made is None:
            buckets: Sequence[float] | None = metric.buckets
            made = self._meter.create_histogram(metric.name, metric.unit, explicit_bucket_boundaries_advisory=buckets)
            self._made[metric.name] = made
        return made

    def _counter(self, metric: Metric) -> Counter:
        made: Counter | None = self._made.get(metric.name)
        if made is None:
            made = self._made[metric.name] = self._meter.create_counter(metric.name, metric.unit)
        return made

    def ended(self, operation: str, seconds: float, attributes: Mapping[str, AttributeValue], context: Context) -> None:
        """Records duration and, for a model call, token usage.

        `attributes` are the span's; each metric takes the ones that the conventions give it.
        """
        if operation not in _INFERENCE:
            duration = _DURATION.get(operation, metrics.GEN_AI_CLIENT_OPERATION_DURATION)
            self._histogram(duration).record(seconds, _chosen(duration, attributes), context)
            return
        if self._legacy:
            duration = metrics.GEN_AI_CLIENT_OPERATION_DURATION
            self._histogram(duration).record(seconds, _chosen(duration, attributes), context)
        if self._main:
            duration = metrics.GEN_AI_CLIENT_INFERENCE_DURATION
            self._histogram(duration).record(seconds, _chosen(duration, attributes), context)
            self._usage(attributes, context)
        for usage, metric, token_type in _PER_OPERATION:
            tokens = attributes.get(usage)
            if not isinstance(tokens, int):
                continue
            if self._main:
                self._histogram(metric).record(tokens, _chosen(metric, attributes), context)
            if self._legacy:
                legacy = metrics.GEN_AI_CLIENT_TOKEN_USAGE
                typed = {**_chosen(legacy, attributes), _TOKEN_TYPE: token_type}
                self._histogram(legacy).record(tokens, typed, context)

    def _usage(self, attributes: Mapping[str, AttributeValue], context: Context) -> None:
        failed = names.ERROR_TYPE in attributes
        for usage, metric in _USAGE:
            tokens = attributes.get(usage, 0 if failed else None)
            if isinstance(tokens, int):
                chosen = _chosen(metric, attributes)
                chosen[names.GEN_AI_TOKEN_MODALITY] = TokenModality.UNKNOWN
                self._counter(metric).add(tokens, chosen, context)

    def streamed(
        self, first: float, gaps: Sequence[float], attributes: Mapping[str, AttributeValue], context: Context
    ) -> None:
        """Records the times of a stream, in seconds: until its first chunk, and between each two."""
        for recorded, to_first, per_chunk in (
            (
                self._main,
                metrics.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK,
                metrics.GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK,
            ),
            (
                self._legacy,
                metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
                metrics.GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
            ),
        ):
            if not recorded:
                continue
            chosen = _chosen(to_first, attributes)
            self._histogram(to_first).record(first, chosen, context)
            histogram = self._histogram(per_chunk)
            for gap in gaps:
                histogram.record(gap, chosen, context)

    def agent_calls(
        self, inferences: int, tools: int, attributes: Mapping[str, AttributeValue], context: Context
    ) -> None:
        """Records how many model and tool calls one run of an agent made."""
        for metric, count in (
            (metrics.GEN_AI_INVOKE_AGENT_INFERENCE_CALLS, inferences),
            (metrics.GEN_AI_INVOKE_AGENT_TOOL_CALLS, tools),
        ):
            if count:
                self._histogram(metric).record(count, _chosen(metric, attributes), context)


def _chosen(metric: Metric, attributes: Mapping[str, AttributeValue]) -> dict[str, Any]:
    return {name: attributes[name] for name in metric.attributes if name in attributes}
