"""How a server is reached: its address, and what MLflow's settings say of credentials, TLS and time."""

from __future__ import annotations

import configparser
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

CREDENTIALS_FILE: Final = "~/.mlflow/credentials"
WORKSPACE_HEADER: Final = "X-MLFLOW-WORKSPACE"

CONNECT_TIMEOUT: Final = 5.0
"""Seconds to wait for a connection."""

REQUEST_TIMEOUT: Final = 30.0
"""Seconds to wait for an answer, unless `MLFLOW_HTTP_REQUEST_TIMEOUT` says otherwise. MLflow's own 120 would hold up
the end of a program."""


@dataclass(frozen=True, slots=True)
class Access:
    """The way to one server. Its `repr` shows no secret."""

    url: str
    """Without credentials, query and slash at the end."""
    authorize: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)
    """Headers that say who asks, for each request anew, since some credentials are short-lived. May raise
    StoreUnavailable."""
    headers: Mapping[str, str] = field(default_factory=dict)
    verify: bool | str | None = None
    """Whether the server's certificate is checked, or the file of those who may sign it. None leaves it to `requests`,
    which looks at `REQUESTS_CA_BUNDLE`."""
    certificate: str | None = None
    """File with the client's own certificate and key."""
    timeout: tuple[float, float] = (CONNECT_TIMEOUT, REQUEST_TIMEOUT)
    """Seconds for a connection, and for an answer."""

    @classmethod
    def read(cls, uri: str, environ: Mapping[str, str]) -> Access:
        """From a tracking URI and MLflow's variables, as MLflow's client reads them (`utils.credentials`, 3.17.2).

        Credentials in the URI win over the variables, these over the file `~/.mlflow/credentials`, and a user name
        with password over a token.
        """
        parts = urlsplit(uri)
        netloc = parts.netloc.rpartition("@")[2]
        ca, workspace = environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"), environ.get("MLFLOW_WORKSPACE", "").strip()
        return cls(
            url=parts._replace(netloc=netloc, query="", fragment="").geturl().rstrip("/"),
            authorize=_authorization(_basic(parts.username, parts.password, environ), environ),
            headers={WORKSPACE_HEADER: workspace} if workspace else {},
            verify=False if _is_true(environ.get("MLFLOW_TRACKING_INSECURE_TLS")) else ca or None,
            certificate=environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None,
            timeout=(CONNECT_TIMEOUT, _seconds(environ.get("MLFLOW_HTTP_REQUEST_TIMEOUT")) or REQUEST_TIMEOUT),
        )


def bearer(token: str) -> Callable[[], Mapping[str, str]]:
    """An `Access.authorize` by a token."""
    return lambda: {"Authorization": f"Bearer {token}"}


def _authorization(basic: tuple[str, str] | None, environ: Mapping[str, str]) -> Callable[[], Mapping[str, str]] | None:
    if basic is not None:
        # UTF-8, where `requests` would have Latin-1.
        credentials = b64encode(":".join(basic).encode()).decode()
        return lambda: {"Authorization": f"Basic {credentials}"}
    token = environ.get("MLFLOW_TRACKING_TOKEN")
    return bearer(token) if token else None


def _basic(user: str | None, password: str | None, environ: Mapping[str, str]) -> tuple[str, str] | None:
    if user:
        return unquote(user), unquote(password or "")
    stored = _stored_credentials()
    user = environ.get("MLFLOW_TRACKING_USERNAME") or stored.get("mlflow_tracking_username")
    password = environ.get("MLFLOW_TRACKING_PASSWORD") or stored.get("mlflow_tracking_password")
    return (user, password) if user and password else None


def _stored_credentials() -> Mapping[str, str]:
    file = configparser.ConfigParser(interpolation=None)
    try:
        file.read(os.path.expanduser(CREDENTIALS_FILE))
    except (OSError, UnicodeError, configparser.Error):
        return {}
    return dict(file["mlflow"]) if file.has_section("mlflow") else {}


def _is_true(value: str | None) -> bool:
    return (value or "").lower() in ("true", "1")


def _seconds(value: str | None) -> float | None:
    try:
        return float(value or "")
    except ValueError:
        return None
