"""The spans of a trace as its artifact `traces.json`, one file for the whole trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.databricks.storage import Address, Storage
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused
from genspan.semconv.encoding import decode

_TRACES: Final = "/api/2.0/mlflow/traces"


class Artifacts:
    """Reads and writes span contents (see `span_content`) of traces that the workspace knows."""

    def __init__(self, workspace: Connection) -> None:
        self._workspace = workspace
        self._storage = Storage(workspace.access.timeout)

    def download(self, trace_id: str) -> list[Mapping[str, Any]]:
        """The span contents of a trace, empty where none have come. Raises StoreUnavailable."""
        file = self._storage.read(self._address(trace_id, "download"))
        if file is None:
            return []
        try:
            spans = decode(file)["spans"]
            return [span for span in spans if isinstance(span, dict)]
        except (ValueError, KeyError, TypeError):
            # Written over, whatever of it could be saved would be gone.
            raise StoreUnavailable(f"traces.json of trace {trace_id} in Databricks cannot be read.") from None

    def upload(self, trace_id: str, contents: Iterable[str]) -> None:
        """Writes the contents of all spans of a trace. Raises Refused or StoreUnavailable."""
        text = f'{{"spans": [{", ".join(contents)}]}}'
        self._storage.write(self._address(trace_id, "upload"), text.encode())

    def close(self) -> None:
        """Lets go of connections."""
        self._storage.close()

    def _address(self, trace_id: str, purpose: str) -> Address:
        try:
            answer = self._workspace.get(f"{_TRACES}/{trace_id}/credentials-for-data-{purpose}")
        except Refused as refused:  # The trace has been stated, so it is no fault of what it holds.
            raise StoreUnavailable(
                f"Databricks gives no place for the spans of trace {trace_id}: {refused}"
            ) from refused
        return Address.read(answer.get("credential_info") or {})
