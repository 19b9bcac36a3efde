"""What a retriever finds."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Document:
    """A document that a RETRIEVER span outputs."""

    page_content: str
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str | None = None

    @classmethod
    def from_langchain_document(cls, document: Any) -> Document:
        """From LangChain's document."""
        # Before langchain-core 0.2.11 they have no id.
        return cls(document.page_content, deepcopy(document.metadata), getattr(document, "id", None))

    @classmethod
    def from_llama_index_node_with_score(cls, node_with_score: Any) -> Document:
        """From LlamaIndex's node, its score among the metadata."""
        metadata = {"score": node_with_score.get_score(), **deepcopy(node_with_score.metadata)}
        return cls(node_with_score.get_content(), metadata, node_with_score.node_id)

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        return asdict(self)
