"""MLflow's language for searching traces: filters, orders and pages, read into values that a store can act on.

The language is that of `SearchTraceUtils` in mlflow 3.17.2: conditions joined by AND, each a field, an operator and a
value. What MLflow accepts is accepted with the same meaning; what it refuses is refused with INVALID_PARAMETER_VALUE,
save where it stumbles over its own tokenizer (`TAKEN_BEYOND_MLFLOW` in the tests lists those).
"""

from genspan.mlflow.store.search.fields import (
    Assessed,
    Field,
    Issue,
    Metadata,
    Number,
    Prompt,
    SpanAttribute,
    SpanColumn,
    SpanContent,
    Tag,
    Text,
)
from genspan.mlflow.store.search.filters import Comparison, Value, parse_filter
from genspan.mlflow.store.search.operators import Operator
from genspan.mlflow.store.search.ordering import Order, parse_order
from genspan.mlflow.store.search.paging import page_start, token_after

__all__ = [
    "Assessed",
    "Comparison",
    "Field",
    "Issue",
    "Metadata",
    "Number",
    "Operator",
    "Order",
    "Prompt",
    "SpanAttribute",
    "SpanColumn",
    "SpanContent",
    "Tag",
    "Text",
    "Value",
    "page_start",
    "parse_filter",
    "parse_order",
    "token_after",
]
