"""The spans of a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genspan.exporters.mlflow.keys import SpanAttributeKey
from genspan.mlflow.entities.span import Span


@dataclass(init=False)
class TraceData:
    """The spans of a trace, in order of their start as a rule."""

    spans: list[Span] = field(default_factory=list)

    # MLflow 2 also wrote `request` and `response`; they are in the root span.
    def __init__(self, spans: list[Span] | None = None, **_: Any) -> None:
        self.spans = spans or []

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> TraceData:
        """What `to_dict` wrote, here or in any MLflow since 2.14."""
        if not isinstance(d, Mapping):
            raise TypeError(f"TraceData.from_dict() expects a dictionary. Got: {type(d).__name__}")
        return cls([Span.from_dict(span) for span in d.get("spans", [])])

    def to_dict(self) -> dict[str, Any]:
        """As MLflow writes it."""
        return {"spans": [span.to_dict() for span in self.spans]}

    @property
    def request(self) -> str | None:
        """The root span's inputs, as JSON text."""
        return self._of_root(SpanAttributeKey.INPUTS)

    @property
    def response(self) -> str | None:
        """The root span's outputs, as JSON text."""
        return self._of_root(SpanAttributeKey.OUTPUTS)

    @property
    def intermediate_outputs(self) -> dict[str, Any] | None:
        """Outputs on the way to the response, by span names; names that several spans share get a number.

        What `log_trace` was told of them wins. None for a trace of one span.
        """
        root = self._root()
        if root is not None and (told := root.get_attribute(SpanAttributeKey.INTERMEDIATE_OUTPUTS)):
            return dict(told)
        if len(self.spans) < 2:
            return None
        shared = {name for name, count in Counter(span.name for span in self.spans).items() if count > 1}
        seen: Counter[str] = Counter()
        outputs = {}
        for span in self.spans:
            seen[span.name] += 1
            if span.parent_id and span.outputs is not None:
                name = f"{span.name}_{seen[span.name]}" if span.name in shared else span.name
                outputs[name] = span.outputs
        return outputs

    def _root(self) -> Span | None:
        return next((span for span in self.spans if span.parent_id is None), None)

    def _of_root(self, key: str) -> str | None:
        root = self._root()
        return None if root is None else root._json_attributes.get(key)
