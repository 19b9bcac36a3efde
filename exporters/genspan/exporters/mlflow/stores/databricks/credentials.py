"""Who asks, and at which Databricks workspace."""

from __future__ import annotations

import configparser
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.databricks.service_principal import ServicePrincipal
from genspan.exporters.mlflow.stores.server.access import CONNECT_TIMEOUT, bearer

VARIABLES: Final[Mapping[str, str]] = {
    "host": "DATABRICKS_HOST",
    "token": "DATABRICKS_TOKEN",
    "client_id": "DATABRICKS_CLIENT_ID",
    "client_secret": "DATABRICKS_CLIENT_SECRET",
    "username": "DATABRICKS_USERNAME",
    "password": "DATABRICKS_PASSWORD",
    "google_credentials": "GOOGLE_CREDENTIALS",
    "azure_client_secret": "ARM_CLIENT_SECRET",
    "azure_client_id": "ARM_CLIENT_ID",
    "auth_type": "DATABRICKS_AUTH_TYPE",
    "workspace_id": "DATABRICKS_WORKSPACE_ID",
}
"""Settings as databricks-sdk (0.156) names them in a profile, and the environment variables that win over it."""

SECRET: Final = ("token", "client_secret", "password", "google_credentials", "azure_client_secret")

LOGINS: Final = ("auth_type", "azure_", "client_", "google_", "oidc_", "password", "token", "username")
"""How settings begin that are about a way to log in."""

TOKEN: Final = frozenset({"token"})
CLIENT: Final = frozenset({"client_id", "client_secret"})

CHOSEN: Final[Mapping[str, frozenset[str]]] = {"pat": TOKEN, "oauth-m2m": CLIENT}
"""The settings of a way to log in that `auth_type` chooses among several."""

CONFIG_FILE: Final = "~/.databrickscfg"
DEFAULT_PROFILE: Final = "DEFAULT"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A workspace, and what goes with requests to it. Its `repr` shows no secret."""

    host: str
    """URL without a slash at the end."""
    authorize: Callable[[], Mapping[str, str]] = field(repr=False)
    """See `Access.authorize`."""
    workspace_id: str | None = None
    """Which workspace is meant, where one address serves several."""


def profile_in(uri: str) -> str | None:
    """The profile that `databricks://profile` names; None for `databricks`, which leaves it to the environment.

    Raises ValueError for `databricks://scope:prefix`, MLflow's old way to secrets that only notebooks can read.
    """
    place = urlsplit(uri).netloc
    if ":" in place:
        raise ValueError(
            f"genspan cannot read credentials from a secret scope ({uri}), so no trace goes to MLflow. Use "
            "MLFLOW_TRACKING_URI=databricks with DATABRICKS_HOST and DATABRICKS_TOKEN, or databricks://profile."
        )
    return place or None


def host_of(profile: str | None, environ: Mapping[str, str]) -> str | None:
    """The workspace's URL, where settings say it; inside Databricks they need not."""
    host = _settings(profile, environ).get("host")
    return _url(host) if host else None


def find(profile: str | None, environ: Mapping[str, str]) -> Credentials:
    """Credentials by the rules of databricks-sdk, which MLflow's client follows too.

    A host with a token, or with a service principal's client id and secret, from the environment or a profile, needs
    nothing installed. Every other way needs databricks-sdk: the logins of the Databricks and Azure command lines,
    Databricks' own runtimes. Raises StoreUnavailable where there are none, or they do not work.
    """
    settings = _settings(profile, environ)
    logins = {name for name in settings if name.startswith(LOGINS)}
    if "host" in settings and logins in (TOKEN, CLIENT):
        host = _url(settings["host"])
        authorize = (
            bearer(settings["token"].strip())
            if logins == TOKEN
            else ServicePrincipal(host, settings["client_id"], settings["client_secret"], environ)
        )
        return Credentials(host, authorize, settings.get("workspace_id"))
    return _from_sdk(profile or environ.get("DATABRICKS_CONFIG_PROFILE"), settings)


def _settings(profile: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """What environment and profile say. A profile that nobody named counts only where the environment is silent."""
    own = {name: environ[variable] for name, variable in VARIABLES.items() if environ.get(variable)}
    named = profile or environ.get("DATABRICKS_CONFIG_PROFILE")
    stored = _stored(named, environ) if named or not own.keys() - {"auth_type", "workspace_id"} else {}
    settings = {**stored, **own}
    chosen = CHOSEN.get(settings.get("auth_type", ""))
    if chosen is None:
        return settings
    return {name: value for name, value in settings.items() if name in chosen or not name.startswith(LOGINS)}


def _stored(profile: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    file = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        file.read(os.path.expanduser(environ.get("DATABRICKS_CONFIG_FILE") or CONFIG_FILE))
    except (OSError, UnicodeError, configparser.Error):
        return {}
    name = profile or file.get("__settings__", "default_profile", fallback=None) or DEFAULT_PROFILE
    return {key: value for key, value in file[name].items() if value} if file.has_section(name) else {}


def _from_sdk(profile: str | None, settings: Mapping[str, str]) -> Credentials:
    try:
        from databricks.sdk.core import Config
    except ImportError as error:
        raise StoreUnavailable(
            "Databricks needs DATABRICKS_HOST with DATABRICKS_TOKEN, or with DATABRICKS_CLIENT_ID and "
            "DATABRICKS_CLIENT_SECRET. Any other way to log in (databricks auth login, the Azure command line, "
            "Databricks' own runtimes) needs databricks-sdk: pip install 'genspan[databricks]'."
        ) from error
    secrets = [settings[name] for name in SECRET if name in settings]
    # Without limits of our own it would try for five minutes (0.156).
    options: dict[str, Any] = {"http_timeout_seconds": CONNECT_TIMEOUT, "retry_timeout_seconds": CONNECT_TIMEOUT}
    if profile:  # None would keep it from looking at the environment.
        options["profile"] = profile
    try:
        config = Config(**options, disable_async_token_refresh=True)
        config.authenticate()
    except Exception as error:  # noqa: BLE001 - whatever it is, the traces wait
        raise _refused(error, secrets) from None

    def authorize() -> Mapping[str, str]:
        try:
            headers: dict[str, str] = config.authenticate()
        except Exception as error:  # noqa: BLE001 - whatever it is, the traces wait
            raise _refused(error, secrets) from None
        return headers

    return Credentials(_url(config.host), authorize, _workspace_id(config))


def _workspace_id(config: Any) -> str | None:
    id = getattr(config, "workspace_id", None)
    return str(id) if id else None


def _refused(error: Exception, secrets: Iterable[str]) -> StoreUnavailable:
    return StoreUnavailable(
        f"databricks-sdk cannot log in: {without(str(error) or type(error).__name__, secrets)} Set DATABRICKS_HOST "
        "with DATABRICKS_TOKEN or with DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or run databricks auth login."
    )


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _url(host: str) -> str:
    """As Databricks' own tools have it: https unless said otherwise, without what a browser shows after `?`."""
    parts = urlsplit(host.strip() if "://" in host else f"https://{host.strip()}")
    return parts._replace(query="", fragment="").geturl().rstrip("/")
