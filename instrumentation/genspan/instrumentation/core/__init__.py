"""Wraps library methods, starts and ends their operations, and keeps our faults away from the app.

A library's package gives `Target`s, each saying by a `Method` which operation it is and how to read what goes in and
comes out; `LibraryInstrumentor` does the rest. A framework with callbacks drives `Operation`s from `Telemetry.start`.
"""

from .bystanders import Bystander
from .connection import CLOSES, READS, RECEIVES, SENDS, Connection, Dialogue, Opens, Queues, Sends, Step
from .content import CAPTURE_MESSAGE_CONTENT, ContentCapture
from .guard import guarded, report
from .instrumentor import LibraryInstrumentor, Options
from .method import UNREAD, Active, Body, Call, Chunks, Closing, Fold, Found, Method, Surrounding, Target, Wrapper
from .nesting import asking, runs_at_a_vendor
from .operation import Content, Failure, Operation, detach
from .reading import Attributes
from .telemetry import Telemetry

__all__ = [
    "CAPTURE_MESSAGE_CONTENT",
    "CLOSES",
    "READS",
    "RECEIVES",
    "SENDS",
    "UNREAD",
    "Active",
    "Attributes",
    "Body",
    "Bystander",
    "Call",
    "Chunks",
    "Closing",
    "Connection",
    "Content",
    "ContentCapture",
    "Dialogue",
    "Failure",
    "Fold",
    "Found",
    "LibraryInstrumentor",
    "Method",
    "Opens",
    "Operation",
    "Options",
    "Queues",
    "Sends",
    "Step",
    "Surrounding",
    "Target",
    "Telemetry",
    "Wrapper",
    "asking",
    "detach",
    "guarded",
    "report",
    "runs_at_a_vendor",
]
