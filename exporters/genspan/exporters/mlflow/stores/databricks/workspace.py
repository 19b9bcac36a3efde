"""Requests to a Databricks workspace, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.databricks.credentials import Credentials, without
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import REFUSALS, Connection, Refused, ServerFault

WORKSPACE_HEADER: Final = "x-databricks-org-id"

UNSUPPORTED: Final = 415
"""The status of what is in a form, or compressed in a way, that is not understood."""

DISCOVERY: Final = "/.well-known/databricks-config"

PASSING: Final = frozenset(
    {
        "ENDPOINT_NOT_FOUND",
        "FEATURE_DISABLED",
        "PERMISSION_DENIED",
        "QUOTA_EXCEEDED",
        "REQUEST_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "RESOURCE_LIMIT_EXCEEDED",
        "TEMPORARILY_UNAVAILABLE",
        "UNAUTHENTICATED",
    }
)
"""Codes (`mlflow/protos/databricks.proto`, 3.17.2) that say nothing against what a request holds, whatever their
status."""


class Unauthorized(StoreUnavailable):
    """The workspace does not accept who asks. Other credentials may have been set meanwhile."""


class Workspace(Connection):
    """A connection to a workspace."""

    name: ClassVar[str] = "Databricks"

    def __init__(self, credentials: Credentials, environ: Mapping[str, str]) -> None:
        # TLS and time are by MLflow's variables, as for any MLflow server.
        super().__init__(replace(Access.read(credentials.host, environ), authorize=None, headers={}))
        id = credentials.workspace_id or self._own_id()
        self.close()
        self.access = replace(
            self.access, authorize=credentials.authorize, headers={WORKSPACE_HEADER: id} if id else {}
        )

    def failure(self, status: int, code: str, words: str) -> Refused | StoreUnavailable:
        """See `Connection.failure`."""
        url, words = self.access.url, without(words, self._secrets())
        if status in (401, 403):
            return Unauthorized(
                f"Databricks at {url} refuses these credentials ({status}: {words}). Renew DATABRICKS_TOKEN, the "
                "client secret or the profile, or grant who it is CAN EDIT on the experiment, or MODIFY and SELECT on "
                "the tables."
            )
        if code in PASSING:
            return StoreUnavailable(f"Databricks at {url} takes no traces ({status} {code}): {words}")
        if status == UNSUPPORTED or (status in REFUSALS and not (status == 404 and not code)):
            return Refused(status, code, words)
        if status == 500:
            return ServerFault(f"Databricks at {url} failed: {words}")
        if status == 404 or 300 <= status < 400:
            return StoreUnavailable(
                f"{url} does not seem to be a Databricks workspace (status {status}). Is DATABRICKS_HOST right?"
            )
        return StoreUnavailable(f"Databricks at {url} answers with status {status}: {words}")

    def _own_id(self) -> str | None:
        """Which workspace this address is, where it says so. Some addresses serve several."""
        try:
            id = self.get(DISCOVERY).get("workspace_id")
        except Refused:
            return None
        except StoreUnavailable as error:
            if error.__cause__ is not None:  # There was no answer at all.
                raise
            return None
        return str(id) if id else None

    def _secrets(self) -> list[str]:
        authorize = self.access.authorize
        return [] if authorize is None else [value.rpartition(" ")[2] for value in authorize().values()]
