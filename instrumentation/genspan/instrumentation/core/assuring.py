"""Lets a method that runs beneath an operation's own tell what only it knows: of the HTTP response, say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as otel_context

from . import nesting
from .guard import guarded
from .method import Active, Found, Wrapper
from .reading import present


@dataclass(frozen=True, slots=True)
class Assures:
    """A method whose keyword arguments say more of the operation that it runs in."""

    facts: Callable[[Mapping[str, Any]], Found]
    """The attributes, from the arguments. What is found here stands above what the response says by itself."""

    def wrapper(self, original: Callable[..., Any], active: Active) -> Wrapper:
        """Gives the facts to the operation under way, and calls the method."""

        def wrapped_call(
            wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Any:
            if active() is not None:
                guarded(self._assure, kwargs)
            return wrapped(*args, **kwargs)

        return wrapped_call

    def _assure(self, arguments: Mapping[str, Any]) -> None:
        found = self.facts(arguments)
        if found:
            operation = nesting.asking(otel_context.get_current())
            if operation is not None:
                operation.assure(present(found))
