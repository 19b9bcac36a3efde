"""Tokens of a service principal, by OAuth's client credentials grant (RFC 6749, 4.4).

databricks-sdk could fetch them too. To import it takes three seconds of CPU (0.156), which a program that traces at its
end does not have, and it waits for a token without limit.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final
from urllib.parse import urlencode

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.exporters.mlflow.stores.server.connection import Connection, Refused
from genspan.semconv.encoding import decode

PATH: Final = "/oidc/v1/token"
FORM: Final = urlencode({"grant_type": "client_credentials", "scope": "all-apis"}).encode()
FORM_TYPE: Final = {"Content-Type": "application/x-www-form-urlencoded"}

EARLY: Final = 60.0
"""Seconds before its end that a token is renewed."""


class ServicePrincipal:
    """An `Access.authorize`: a token that is fetched when one is needed. Raises StoreUnavailable."""

    def __init__(self, host: str, client_id: str, client_secret: str, environ: Mapping[str, str]) -> None:
        credentials = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        basic = {"Authorization": f"Basic {credentials}"}
        self._service = _TokenService(replace(Access.read(host, environ), authorize=lambda: basic, headers={}))
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] = {}
        self._renew_at = 0.0

    def __call__(self) -> Mapping[str, str]:
        """The headers to go with a request."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                asked_at = time.monotonic()
                token, seconds = self._service.token()
                self._headers = {"Authorization": f"Bearer {token}"}
                self._renew_at = asked_at + seconds - EARLY
            return self._headers


class _TokenService(Connection):
    name: ClassVar[str] = "Databricks"

    def token(self) -> tuple[str, float]:
        """A token, and how many seconds it lasts."""
        try:
            said = decode(self.post_bytes(PATH, FORM, FORM_TYPE))
            return str(said["access_token"]), float(said["expires_in"])
        except (ValueError, KeyError, TypeError):
            raise StoreUnavailable(f"{self.access.url}{PATH} gives no token. Is DATABRICKS_HOST right?") from None
        finally:
            self.close()

    def failure(self, status: int, code: str, words: str) -> Refused | StoreUnavailable:
        """See `Connection.failure`. Nothing that the service says is shown: it may be the secret."""
        if status in (400, 401, 403):
            return StoreUnavailable(
                f"Databricks at {self.access.url} does not know this service principal ({status}). Set "
                "DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET to those of one that may write."
            )
        return StoreUnavailable(f"{self.access.url}{PATH} answers with status {status}. Is DATABRICKS_HOST right?")
