"""Reads values out of a library's objects, whatever they turn out to be.

Answers of gateways have nulls, strings and lists where the SDK's types promise otherwise. A reader returns a value
of the type that an attribute needs, or None, which stands for absence throughout `core`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from opentelemetry.util.types import AttributeValue

Attributes = dict[str, AttributeValue]
"""Span attributes by name."""

OMITTED = frozenset({"NotGiven", "Omit", "Unset", "UnsetType", "Undefined"})
"""Names of the types that SDKs put where the caller gave nothing."""


_PLAIN = frozenset({str, int, float, bool, list, tuple, dict, type(None)})
"""Types looked up at a pointer's cost; `__name__` of a built-in type is made anew each time."""


def given(value: Any) -> Any:
    """The value, or None where it is a library's sign for an omitted argument."""
    kind = type(value)
    return value if kind in _PLAIN or kind.__name__ not in OMITTED else None


def field(holder: Any, name: str) -> Any:
    """A key of a mapping or an attribute of an object, None where it has none."""
    if holder is None:
        return None
    value = holder.get(name) if type(holder) is dict else _attribute(holder, name)
    if value is None:
        return None
    kind = type(value)
    return value if kind in _PLAIN or kind.__name__ not in OMITTED else None


def _attribute(holder: Any, name: str) -> Any:
    state = getattr(holder, "__dict__", None)
    if state is not None and name in state:
        return state[name]
    # Pydantic models, which most responses are, answer for an absent field in Python code, and slowly.
    extra = getattr(holder, "__pydantic_extra__", holder)
    if extra is not holder:
        return extra.get(name) if extra else None
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def fields(holder: Any) -> Callable[[str], Any]:
    """Reads several fields of one object, as `field` does, but for omitted ones, which come as they are."""
    state = _state(holder)
    return partial(_attribute, holder) if state is None else state.get


def _state(holder: Any) -> Mapping[str, Any] | None:
    """The fields that an object holds, by name; None where they can only be asked for."""
    if type(holder) is dict:
        return holder
    if holder is None:
        return _NOTHING
    extra = getattr(holder, "__pydantic_extra__", holder)
    if extra is holder:
        return None
    state: dict[str, Any] = holder.__dict__
    return {**extra, **state} if extra else state


_NOTHING: Final[dict[str, Any]] = {}


def items(value: Any) -> Sequence[Any]:
    """The items of a list-like value. Nothing for text, mappings, and iterators, which reading would use up."""
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return list(value)
    return ()


def string(value: Any) -> str | None:
    """Text that is not empty."""
    if value is None:
        return None
    if type(value) is str and value.isascii():
        return value or None
    if not isinstance(value, str) or not value:
        return None
    plain = str.__str__(value)
    if not plain.isascii():
        try:
            plain.encode()
        except UnicodeEncodeError:
            # OTLP is UTF-8: one lone surrogate, and the exporter loses the batch.
            return plain.encode("utf-8", "backslashreplace").decode()
    return plain


def strings(value: Any) -> list[str] | None:
    """A list of text, from one text or several."""
    one = string(value)
    if one is not None:
        return [one]
    return [item for item in map(string, items(value)) if item is not None] or None


def integer(value: Any) -> int | None:
    """A whole number of 64 bits, which is what OTLP carries, also where it came as a float."""
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if -(2**63) <= value < 2**63 else None


def tokens(value: Any) -> int | None:
    """A number of tokens, which is never negative."""
    if type(value) is int and 0 <= value < 2**63:
        return value
    number = integer(value)
    return None if number is None or number < 0 else number


def count(value: Any) -> int | None:
    """A whole number other than zero: for counts that say nothing where there is nothing to count."""
    return tokens(value) or None


def double(value: Any) -> float | None:
    """A number as a float."""
    if type(value) is float:
        return value
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


Reader = Callable[[Any], AttributeValue | None]
Table = Mapping[str, "tuple[str, Reader] | Table"]
"""By the library's name of a field: the attribute's name and how to read it, or the table for an object found there."""


def attributes_of(holder: Any, table: Table) -> Attributes:
    """The attributes that a table finds in an object."""
    found: Attributes = {}
    _collect(holder, table, found)
    return found


def _collect(holder: Any, table: Table, found: Attributes) -> None:
    state = _state(holder)
    if state is None:
        state = {name: _attribute(holder, name) for name in table}
    # What an object has is less than what it may have.
    for name, value in state.items():
        if value is not None and name in table:
            row = table[name]
            if isinstance(row, tuple):
                attribute, read = row
                plain = read(value)
                if plain is not None:
                    found[attribute] = plain
            else:
                _collect(value, row, found)


def present(attributes: Mapping[str, AttributeValue | None]) -> Attributes:
    """A copy without the attributes that are None."""
    if None in attributes.values():
        return {name: value for name, value in attributes.items() if value is not None}
    return dict(attributes)


def plain(value: Any) -> Any:
    """Mappings and models of pydantic's as dicts, also those in lists; anything else as it is."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    dump = getattr(value, "model_dump", None)
    # A gateway's answer may not fit the SDK's types, which is not for pydantic to warn the app of.
    return value if dump is None else dump(mode="json", warnings=False)


def watched(iterable: Iterable[Any], seen: list[Any]) -> Iterator[Any]:
    """The same items in the same order and at the same time, each noted in `seen` as it passes."""
    for item in iterable:
        seen.append(item)
        yield item
