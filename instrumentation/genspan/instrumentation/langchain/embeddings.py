"""Embeddings: `embed_documents` and `embed_query` of whatever implements LangChain's `Embeddings`, and their twins.

LangChain has no callback for them, and each implementation overrides the abstract methods. So what is wrapped is the
implementations: those that there are, and those that come, when Python makes their class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import wrapt

from genspan.instrumentation.core import Active, Attributes, Call, Found, Method, guarded
from genspan.instrumentation.core.reading import field, integer, items, string
from genspan.instrumentation.core.wrapping import wrapper
from genspan.semconv import attributes as names
from genspan.semconv.values import OperationName

from .models import MODEL_NAMES, PROVIDERS
from .subclasses import below

_METHODS: Final = ("embed_documents", "embed_query", "aembed_documents", "aembed_query")
_HOOK: Final = "__init_subclass__"


def _identity(call: Call) -> Attributes:
    attributes: Attributes = {names.GEN_AI_PROVIDER_NAME: _provider(type(call.instance).__name__)}
    model = next((found for name in MODEL_NAMES if (found := string(field(call.instance, name)))), None)
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    return attributes


def _provider(implementation: str) -> str:
    """By the name of the class, which is all there is, as `CohereEmbeddings`."""
    word = implementation.removesuffix("s").removesuffix("Embedding").lower() or "unknown"
    return PROVIDERS.get(word, word)


def _request(call: Call) -> Found:
    return {names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: integer(field(call.instance, "dimensions"))}


def _response(result: Any) -> Found:
    """One vector, or one for each document."""
    vectors = items(result)
    first = items(vectors[0]) if vectors else ()
    return {names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: len(first or vectors) or None}


EMBEDDINGS: Final = Method(operation=OperationName.EMBEDDINGS, identity=_identity, request=_request, response=_response)


class Implementations:
    """The subclasses of `base`, LangChain's `Embeddings`, wrapped from here until `release`."""

    def __init__(self, base: type, active: Active) -> None:
        self._base = base
        self._active = active
        self._hook = classmethod(_hook(base, self._cover))
        setattr(base, _HOOK, self._hook)
        for implementation in below(base):
            self._cover(implementation)

    def release(self) -> None:
        """Makes every implementation as it was."""
        if vars(self._base).get(_HOOK) is self._hook:
            delattr(self._base, _HOOK)
        for implementation in below(self._base):
            for name in _METHODS:
                found = vars(implementation).get(name)
                if type(found) is _Implementation:
                    setattr(implementation, name, found.__wrapped__)

    def _cover(self, implementation: type) -> None:
        for name in _METHODS:
            original = vars(implementation).get(name)
            if callable(original) and type(original) is not _Implementation:
                setattr(implementation, name, _Implementation(original, _own(self._base, original, self._active)))


class _Implementation(wrapt.FunctionWrapper):  # type: ignore[type-arg]  # generic for type checkers alone
    """A wrapped implementation, told from what others wrap."""


def _own(base: type, original: Callable[..., Any], active: Active) -> Any:
    """Records the calls of an implementation that embeds by itself; one that has another do it is let through."""
    recorded = wrapper(EMBEDDINGS, original, active)

    def wrapped_call(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        delegate = active() is None or guarded(_holds_another, base, instance)
        return wrapped(*args, **kwargs) if delegate else recorded(wrapped, instance, args, kwargs)

    return wrapped_call


def _holds_another(base: type, instance: Any) -> bool:
    """As `CacheBackedEmbeddings`, which asks for what it has not stored, or LangChain's embedders of hypotheses."""
    return any(isinstance(value, base) for value in vars(instance).values())


def _hook(base: Any, cover: Callable[[type], None]) -> Callable[..., None]:
    def covering(cls: type, **kwargs: Any) -> None:
        super(base, cls).__init_subclass__(**kwargs)
        guarded(cover, cls)

    return covering


__all__ = ["EMBEDDINGS", "Implementations"]
