"""Traces as a table, and the fields of spans that become columns of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from genspan.mlflow.entities import Span, Trace
from genspan.mlflow.exceptions import MlflowException

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]

_QUOTED: Final = re.compile(r"`([^`]*)(`?)")


@dataclass(frozen=True)
class SpanField:
    """The inputs or outputs of spans of a name, or one key of them."""

    span_name: str
    field_type: str
    """`inputs` or `outputs`."""
    field_name: str | None

    def __str__(self) -> str:
        """The column's name."""
        return ".".join([self.span_name, self.field_type, *([] if self.field_name is None else [self.field_name])])

    @classmethod
    def parse(cls, text: str) -> SpanField:
        """From `span.inputs` or `span.outputs.key`; names with dots stand in backticks.

        Raises MlflowException where the text is not of that form.
        """
        span_name, rest = _name(text, text, upto=".")
        if not rest.startswith("."):
            raise MlflowException.invalid_parameter_value(f"Expected dot after span name: {text!r}")
        field_type, _, rest = rest[1:].partition(".")
        if field_type not in ("inputs", "outputs"):
            raise MlflowException.invalid_parameter_value(
                f"Invalid field type: {field_type!r}. Expected 'inputs' or 'outputs'."
            )
        if not rest:
            return cls(span_name, field_type, None)
        field_name, rest = _name(rest, text, upto=None)
        if rest:
            raise MlflowException.invalid_parameter_value(f"Unexpected characters after closing backtick: {text!r}")
        return cls(span_name, field_type, field_name)

    def read(self, trace: Trace) -> Any:
        """The value in the last span of that name; None where there is none."""
        found = [self._of(span) for span in trace.data.spans if span.name == self.span_name]
        return found[-1] if found else None

    def _of(self, span: Span) -> Any:
        held = span.inputs if self.field_type == "inputs" else span.outputs
        if self.field_name is None:
            return held
        return held.get(self.field_name) if isinstance(held, dict) else None


def _name(text: str, whole: str, upto: str | None) -> tuple[str, str]:
    """A name, in backticks or up to a character (the end where that is None), and what follows it."""
    quoted = _QUOTED.match(text)
    if quoted is None:
        end = len(text) if upto is None else text.find(upto)
        return (text[:end], text[end:]) if end >= 0 else (text, "")
    if not quoted[2]:
        raise MlflowException.invalid_parameter_value(f"Expected closing backtick: {whole!r}")
    return quoted[1], text[quoted.end() :]


def dataframe(traces: Sequence[Trace], extract_fields: Sequence[str] | None = None) -> pandas.DataFrame:
    """One row a trace, with MLflow's columns and one for each field that is asked for. Needs pandas."""
    import pandas

    fields = [SpanField.parse(field) for field in extract_fields or ()]
    rows = [trace.to_pandas_dataframe_row() | {str(field): field.read(trace) for field in fields} for trace in traces]
    columns = [*Trace.pandas_dataframe_columns(), *(str(field) for field in fields)]
    return pandas.DataFrame.from_records(rows, columns=columns)
