"""Orders: the fields that traces are sorted by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from genspan.mlflow.exceptions import MlflowException
from genspan.mlflow.store.search.fields import ATTRIBUTES, Field, Metadata, Number, Tag, Text, field_of
from genspan.mlflow.store.search.filters import COUNTED
from genspan.mlflow.store.search.refusals import refusal
from genspan.mlflow.store.search.tokens import Kind, tokenize


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by a field; traces that have no value there come last either way."""

    field: Field
    ascending: bool


SORTED: Final[Mapping[str, Field]] = {
    name: ATTRIBUTES[name]
    for name in (
        "end_time", "end_time_ms", "execution_time", "execution_time_ms", "name", "request_id", "run_id", "status",
        "timestamp", "timestamp_ms",
    )
} | {"experiment_id": Number("experiment_id")}  # fmt: skip
"""Attributes of a trace that it can be sorted by."""

_TIE_BREAKERS: Final = (Order(Number("timestamp_ms"), ascending=False), Order(Text("request_id"), ascending=True))


def parse_order(clauses: Iterable[str] | None) -> tuple[Order, ...]:
    """The order that clauses such as `timestamp_ms DESC` ask for, made total: the latest first, then by id.

    Raises MlflowException with INVALID_PARAMETER_VALUE for what is no order, and where a field is named twice.
    """
    orders: list[Order] = []
    for clause in clauses or ():
        order = _order(clause)
        if order.field in {before.field for before in orders}:
            raise MlflowException.invalid_parameter_value(f"`order_by` names a field twice: {clause!r}.")
        orders.append(order)
    named = {order.field for order in orders}
    return (*orders, *(order for order in _TIE_BREAKERS if order.field not in named))


def _order(clause: str) -> Order:
    name, direction, *rest = (*tokenize(clause), *tokenize(""))
    field = field_of(clause, name, SORTED)
    if not isinstance(field, (Number, Text, Tag, Metadata)):
        raise refusal(
            clause, name.start, f"Traces cannot be sorted by {name}", "Sort by an attribute, a tag or metadata."
        )
    if isinstance(field, Metadata) and field.key in COUNTED:
        raise refusal(clause, name.start, f"Traces cannot be sorted by {name}", "It is several numbers in one.")
    is_directed = direction.is_word("ASC") or direction.is_word("DESC")
    if direction.kind is not Kind.END and (not is_directed or rest[0].kind is not Kind.END):
        unexpected = rest[0] if is_directed else direction
        raise refusal(clause, unexpected.start, f"Expected ASC or DESC or the end, found {unexpected}")
    return Order(field, ascending=not direction.is_word("DESC"))
