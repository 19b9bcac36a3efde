"""Retrieved documents in the shape that MLflow's UI and judges read: `mlflow.entities.Document`."""

from __future__ import annotations

from typing import Any

from genspan.semconv.encoding import encode


def retriever_documents(value: Any) -> Any:
    """A list of `{"page_content", "metadata", "id"}` from `gen_ai.retrieval.documents`; anything but a list as it is.

    The score is kept among the metadata, where the UI shows it.
    """
    return [_document(item) for item in value] if isinstance(value, list) else value


def _document(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        return {"page_content": item if isinstance(item, str) else encode(item), "metadata": {}, "id": None}
    rest = {key: value for key, value in item.items() if key not in ("id", "content", "metadata")}
    metadata = item.get("metadata")
    if isinstance(metadata, dict):
        rest = {**metadata, **rest}
    elif metadata is not None:
        rest["metadata"] = metadata
    content, identity = item.get("content"), item.get("id")
    if content is None:
        # The conventions ask for id and score alone; the UI shows metadata, never the id.
        content, rest = "", {"id": identity, **rest}
    return {
        "page_content": content if isinstance(content, str) else encode(content),
        "metadata": rest,
        "id": identity,
    }
