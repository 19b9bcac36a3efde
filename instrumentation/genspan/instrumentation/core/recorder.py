"""Records what a method gives back: a response, or the chunks of one as the app reads them."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Any, Final

from .dropping import finish_dropped
from .guard import guarded, place_of, report
from .method import Body, Chunks, Fold, Found, Method
from .operation import Content, Failure, Operation

_open: Final[weakref.WeakSet[Recorder]] = weakref.WeakSet()
"""Streams that the app has not read to their end."""


def _finish_open() -> None:
    finish_dropped()
    for recorder in list(_open):
        recorder.finish()


def _leave_to_parent() -> None:
    for recorder in list(_open):
        recorder.operation.disown()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def conclude(operation: Operation, method: Method, response: Any, error: BaseException | Failure | None = None) -> None:
    """Ends an operation with what its response says; None where there is none."""
    attributes: Found | None = None
    content: Content | None = None
    if response is not None and operation.recording:
        attributes = guarded(method.response, response)
        if operation.captures_content:
            content = guarded(method.response_content, response)
        if error is None and method.failure is not None:
            error = guarded(method.failure, response)
    if error is None:
        operation.finish(attributes, content)
    else:
        operation.fail(error, attributes, content)


class Recorder:
    """Reads one response, whole or chunk by chunk, and ends its operation."""

    def __init__(self, operation: Operation, method: Method) -> None:
        self.operation = operation
        self._method = method
        self._fold: Fold | None = None

    def open(self) -> None:
        """From here on what comes are chunks, until `finish` or `fail`."""
        if not _open:
            # Registered anew so that it runs before the exit handler of a tracer provider set up in between.
            atexit.unregister(_finish_open)
            atexit.register(_finish_open)
        _open.add(self)
        if self._fold is None and self._method.fold is not None:
            self._fold = guarded(self._method.fold)

    def chunk(self, chunk: Any) -> None:
        """Takes the next chunk."""
        self.operation.chunk()
        self.add(chunk)

    def add(self, chunk: Any) -> None:
        """Takes a chunk whose time says nothing."""
        fold = self._fold
        if fold is not None:
            try:
                fold.add(chunk)
            except Exception:  # noqa: BLE001 - not what the SDK's types say
                report(place_of(type(fold)))

    def response(self, response: Any) -> None:
        """Takes a whole response, which ends the operation."""
        if isinstance(response, Chunks):
            self.open()
            for chunk in response.chunks:
                self.add(chunk)
            self.finish()
        else:
            conclude(self.operation, self._method, response)

    def body(self, body: Body) -> None:
        """Takes what the app has read of the body, which ends the operation."""
        read = self._method.body
        response = None if read is None else guarded(read, body)
        if response is None:
            self.finish()
        else:
            self.response(response)

    def finish(self) -> None:
        """The stream is at its end, or the app wants no more of it: no error either way."""
        self._end(None)

    def fail(self, error: BaseException) -> None:
        """The stream broke, or reading it was cancelled."""
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if self.operation.ended:
            return
        _open.discard(self)
        partial = guarded(self._fold.response) if self._fold is not None and self.operation.recording else None
        conclude(self.operation, self._method, partial, error)
