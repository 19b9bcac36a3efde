"""How large a trace is where it is stored: `mlflow.trace.sizeStats`, and `mlflow.trace.sizeBytes` for older readers.

Readers of MLflow take a trace for whole when they have as many spans as these say, and its UI asks again until then
(3.17.2): so none are counted but those that are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from genspan.exporters.mlflow.keys import TraceMetadataKey
from genspan.exporters.mlflow.model import MlflowTrace
from genspan.semconv.encoding import encode

SIZE_KEYS: Final = frozenset({TraceMetadataKey.SIZE_STATS, TraceMetadataKey.SIZE_BYTES})
"""The keys of this metadata, which does not count itself."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def size_metadata(span_sizes: Iterable[int], facts: object) -> dict[str, str]:
    """Metadata from the bytes of each span's content, and from what else is known of the trace; empty without spans.

    As MLflow counts (`add_size_stats_to_trace_metadata`, 3.17.2): the total is that of the trace as JSON, without this
    metadata itself. `facts` count by their JSON text, which says about as much as MLflow's.
    """
    sizes = sorted(span_sizes)
    if not sizes:
        return {}
    total = sum(sizes) + len(", ") * (len(sizes) - 1) + byte_count(encode(facts))
    p25, p50, p75 = [_quartile(sizes, number) for number in (1, 2, 3)] if len(sizes) > 1 else sizes * 3
    stats = {
        "total_size_bytes": total,
        "num_spans": len(sizes),
        "max": sizes[-1],
        "p25": p25,
        "p50": p50,
        "p75": p75,
    }
    return {TraceMetadataKey.SIZE_STATS: encode(stats), TraceMetadataKey.SIZE_BYTES: str(total)}


def with_size(
    trace: MlflowTrace,
    span_sizes: Iterable[int],
    tags: Mapping[str, str] = _NOTHING,
    metadata: Mapping[str, str] = _NOTHING,
) -> MlflowTrace:
    """The trace with its size among its metadata, for a store that states the facts of a trace together.

    `tags` and `metadata` are those that are there already, of which the trace may have only what is to change.
    """
    besides = {key: value for key, value in metadata.items() if key not in SIZE_KEYS}
    whole = replace(trace, spans=[], tags={**tags, **trace.tags}, metadata={**besides, **trace.metadata})
    return replace(trace, metadata={**trace.metadata, **size_metadata(span_sizes, whole)})


def byte_count(text: str) -> int:
    """Bytes of text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _quartile(ordered: Sequence[int], number: int) -> int:
    """The size that a quarter of them, two or three do not exceed: in proportion between two, rounded down."""
    below, rest = divmod(number * (len(ordered) - 1), 4)
    above = min(below + 1, len(ordered) - 1)
    return (ordered[below] * (4 - rest) + ordered[above] * rest) // 4
