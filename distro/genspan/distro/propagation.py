"""Keeps `traceparent` and baggage from model vendors.

Instrumentations of HTTP clients, as httpx's, add the headers of OpenTelemetry's propagator to every request. In a call
of a model they would tell its vendor the trace's ids, and whatever the app has in its baggage.
"""

from __future__ import annotations

import os
from typing import Final

from opentelemetry import propagate
from opentelemetry.context import Context, get_current
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from genspan.instrumentation.core import runs_at_a_vendor

GENSPAN_PROPAGATE_TO_MODELS: Final = "GENSPAN_PROPAGATE_TO_MODELS"


class OwnServicesPropagator(TextMapPropagator):
    """Another propagator, but for requests that calls of models consist of: those get no headers.

    Tools that call the app's own services do propagate, inside an agent as anywhere.
    """

    def __init__(self, propagator: TextMapPropagator) -> None:
        self._propagator = propagator

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """As the other does."""
        return self._propagator.extract(carrier, context, getter)

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """As the other does, or nothing."""
        if not runs_at_a_vendor(get_current() if context is None else context):
            self._propagator.inject(carrier, context, setter)

    @property
    def fields(self) -> set[str]:
        """As the other does."""
        return self._propagator.fields


def keep_to_own_services() -> None:
    """Wraps the process's propagator, unless `GENSPAN_PROPAGATE_TO_MODELS` is true.

    One that the app sets later is the app's, and stays as it is.
    """
    propagator = propagate.get_global_textmap()
    asked = os.environ.get(GENSPAN_PROPAGATE_TO_MODELS, "").strip().lower() in ("true", "1")
    if not asked and not isinstance(propagator, OwnServicesPropagator):
        propagate.set_global_textmap(OwnServicesPropagator(propagator))
