"""Knows where the sampler drops every span, so that calls there cost next to nothing.

To ask OpenTelemetry's SDK for a span that is then dropped takes longer than most of what recording a call adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, TracerProvider, get_tracer_provider

from . import nesting
from .guard import guarded
from .method import Method
from .nesting import Surroundings
from .operation import Operation
from .operations import SHAPES

_NEVER: Final = "AlwaysOffSampler"
_AS_PARENT: Final = ("ParentBased{", "localParentNotSampled:AlwaysOffSampler}")
"""How the description of a sampler begins and ends that samples nothing inside a local span which is not sampled."""

Drops = Callable[[Surroundings], bool]
"""Whether a span that starts in a context is dropped for certain."""


def drops(provider: TracerProvider | None) -> Drops:
    """What is known of a tracer provider, or the global one, from how its sampler describes itself."""
    sampler = getattr(provider or get_tracer_provider(), "sampler", None)
    description = None if sampler is None else guarded(sampler.get_description)
    if not isinstance(description, str):
        return _nowhere
    begin, end = _AS_PARENT
    if description == _NEVER:
        return _anywhere
    if description.startswith(begin) and description.endswith(end):
        return _inside_unsampled
    return _nowhere


def _anywhere(_: Surroundings) -> bool:
    return True


def _nowhere(_: Surroundings) -> bool:
    return False


def _inside_unsampled(context: Surroundings) -> bool:
    span: Span | None = context.get(nesting.SPAN)
    if span is None:
        return False
    around = span.get_span_context()
    return not around.trace_flags.sampled and around.is_valid and not around.is_remote


class Unrecorded(Operation):
    """The operation of a method called where spans are dropped: a mark in the context that a vendor is being asked."""

    recording = False
    captures_content = False

    def __init__(self, method: Method, context: Context) -> None:
        self.name = method.operation
        self.span = INVALID_SPAN
        self._parent = context
        asks_a_vendor = SHAPES[method.operation][0] is SpanKind.CLIENT and not method.own
        self.context = nesting.unrecorded(self, context, asks_a_vendor=asks_a_vendor)

    def _first_to_end(self) -> bool:
        self.ended = True
        # Its own context holds it. Without this, only the garbage collector could let go of the two.
        self.context = self._parent
        return False
