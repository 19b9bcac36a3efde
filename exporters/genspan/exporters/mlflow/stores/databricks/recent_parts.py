"""What was written of traces that may come in parts, where reading it back would need a SQL warehouse."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from genspan.exporters.mlflow import preview
from genspan.exporters.mlflow.assemble import MAX_KEY
from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.server.joining import distinct

CHARACTERS: Final = 16 * 1024 * 1024
"""Of text that is kept. The trace that was written to the longest time ago makes room for others."""

OF_A_SPAN: Final = 1000
"""Characters that a span counts for beside its text: ids, times, numbers."""


class RecentParts:
    """The facts of recent traces, without their content."""

    def __init__(self, limit: int = CHARACTERS) -> None:
        self._limit = limit
        self._size = 0
        self._traces: OrderedDict[str, tuple[MlflowTrace, int]] = OrderedDict()

    def join(self, part: MlflowTrace) -> MlflowTrace:
        """The trace as far as it is known with this part, which is kept. The same part may come again."""
        earlier, size = self._traces.pop(part.trace_id, (None, 0))
        self._size -= size
        (whole,) = distinct([part] if earlier is None else [earlier, part])
        kept = replace(whole, spans=[_light(span) for span in whole.spans])
        size = sum(_sizes(kept))
        self._traces[part.trace_id] = kept, size
        self._size += size
        while self._size > self._limit:
            _, (_, freed) = self._traces.popitem(last=False)
            self._size -= freed
        return whole


def _light(span: MlflowSpan) -> MlflowSpan:
    """The span with what the facts of a trace need of it (see `assemble`)."""
    shown = {
        key: preview.cut(text, MAX_KEY)
        for key in (SpanAttributeKey.INPUTS, SpanAttributeKey.OUTPUTS)
        if (text := span.attributes.get(key)) is not None
    }
    return replace(span, attributes=shown, events=[], links=[])


def _sizes(trace: MlflowTrace) -> Iterator[int]:
    for span in trace.spans:
        yield OF_A_SPAN + len(span.request_preview or "") + len(span.response_preview or "")
        for pairs in (span.attributes, span.trace_tags, span.trace_metadata):
            yield from (len(key) + len(value) for key, value in pairs.items())
    yield from (len(key) + len(value) for pairs in (trace.tags, trace.metadata) for key, value in pairs.items())
