"""Tracking URIs of databases, in a form that may be shown."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

WHICH: Final = frozenset({"host", "hostaddr", "port", "dbname", "service", "unix_socket", "driver"})
"""Parameters of drivers that say which database is meant. Others may be secrets, or are how to talk to it."""


def shown(uri: str) -> str:
    """The URI without user name, password and parameters that do not say which database it is."""
    parts = urlsplit(uri)
    query = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] in WHICH])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query and '?'}{query}"
