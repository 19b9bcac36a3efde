"""What a run is."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from genspan.instrumentation.core import Method


class Role(Enum):
    """What a run is to those inside it."""

    AGENT = auto()
    AGENT_PART = auto()
    """Of what LangChain makes an agent: nodes around the model and the tools, which have spans of their own."""
    GRAPH = auto()
    NODE = auto()
    OTHER = auto()


class Kind(NamedTuple):
    """What a run is to those inside it, and how it is recorded."""

    role: Role
    records: Method | str | None
    """The operation; the name of a step; or nothing."""
    namespace: str | None = None
    """LangGraph's name for the one execution of a node that the run belongs to."""
