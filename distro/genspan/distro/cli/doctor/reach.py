"""Whether something answers at an address, within a bound."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from genspan.distro.cli.doctor.causes import Finding, found
from genspan.exporters.mlflow.stores import without_secrets

if TYPE_CHECKING:
    import requests

PATIENCE: Final = 3.0
"""Seconds for a connection, and for an answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address as the settings have it, and how it is spoken of."""

    url: str
    what: str
    """`Traces`, `MLflow`, …"""
    verb: str
    """What goes between that and the address: `go to OTLP`, `is`."""
    variable: str
    """The setting that names it."""
    certificate_variable: str
    """The setting that names whom TLS trusts."""
    where: str

    @property
    def shown(self) -> str:
        """The address without credentials."""
        return shown(self.url)

    def found(self, cause: str, /, **values: object) -> Finding:
        """A cause that is about this place."""
        spoken = {"what": self.what, "verb": self.verb, "address": self.shown, "variable": self.variable}
        return found(cause, self.where, **{**spoken, **values})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server said."""

    status: int
    ahead: float | None
    """Seconds by which its clock is ahead of ours; None where it does not say."""
    text: str


def shown(url: str) -> str:
    """An address without credentials."""
    try:
        return without_secrets(url)
    except ValueError:  # It is no address: nobody knows where in it a password is.
        return url.rpartition("@")[2]


def connect(place: Place, host: str, port: int) -> Finding | None:
    """Opens a connection and closes it; what keeps it from being opened."""
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except socket.gaierror as error:
        return place.found("host-unknown", host=host, reason=error.strerror)
    except ConnectionRefusedError:
        return place.found("connection-refused")
    except OSError as error:
        return place.found("no-answer", reason=error.strerror or str(error))
    return None


def is_proxied(url: str) -> bool:
    """Whether HTTP goes to that address by a proxy, so that a connection of our own says nothing."""
    from requests.utils import get_environ_proxies

    return bool(get_environ_proxies(url).get(urlsplit(url).scheme))


def ask(
    place: Place,
    method: str,
    *,
    headers: Mapping[str, str],
    verify: bool | str | None = None,
    certificate: str | None = None,
    auth: requests.auth.AuthBase | None = None,
    body: bytes | None = None,
) -> Answer | Finding:
    """The answer to a request, or what keeps it from being answered."""
    import requests

    try:
        answer = requests.request(
            method,
            place.url,
            headers=dict(headers),
            auth=auth,
            data=body,
            verify=verify,
            cert=certificate,
            timeout=PATIENCE,
            allow_redirects=False,
        )
    except requests.exceptions.SSLError as error:
        return place.found("tls-failed", reason=_reason(error), variable=place.certificate_variable)
    except requests.Timeout:
        return place.found("no-answer", reason=f"nothing came within {PATIENCE:.0f} s")
    except (requests.RequestException, OSError, ValueError) as error:
        return place.found("no-answer", reason=_reason(error))
    return Answer(answer.status_code, _ahead(answer.headers.get("Date")), answer.text[:500])


def _ahead(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp() - time.time()
    except (TypeError, ValueError):
        return None


def _reason(error: BaseException) -> str:
    """What lies at the bottom of it."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
