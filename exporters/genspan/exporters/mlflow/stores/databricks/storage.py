"""Files in the cloud storage of a workspace, by the signed addresses that Databricks hands out.

What each kind of storage wants to hear is as MLflow's client says it (`databricks_artifact_repo`, `azure.client`,
3.17.2).
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from genspan.exporters.mlflow.stores.contract import StoreUnavailable

if TYPE_CHECKING:
    import requests

CHUNK: Final = 10 * 1024 * 1024
"""Bytes in one request to Azure's storage (`MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE`)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where one file is read or written, for a short time. Whoever knows it may."""

    kind: str
    """`AWS_PRESIGNED_URL`, `GCP_SIGNED_URL`, `AZURE_SAS_URI` or `AZURE_ADLS_GEN2_SAS_URI`."""
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What has to go with the request."""

    @classmethod
    def read(cls, credential: Mapping[str, Any]) -> Address:
        """From MLflow's `ArtifactCredentialInfo`. Raises StoreUnavailable where it is not one."""
        try:
            headers = {header["name"]: header["value"] for header in credential.get("headers", ())}
            return cls(kind=credential["type"], url=credential["signed_uri"], headers=headers)
        except (KeyError, TypeError, AttributeError):
            raise StoreUnavailable("Databricks names a place for spans in words that are not MLflow's.") from None


class Storage:
    """Keeps connections to storage open; a forked child makes its own. No credentials but an address's go there."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        self._timeout = timeout
        self._session: requests.Session | None = None
        self._process = os.getpid()

    def read(self, address: Address) -> bytes | None:
        """The file; None where there is none. Raises StoreUnavailable."""
        answer = self._send("GET", address.url, address, missing_is_fine=True)
        return None if answer is None else answer.content

    def write(self, address: Address, content: bytes) -> None:
        """Puts a file there, in place of an earlier one. Raises StoreUnavailable."""
        _WAYS.get(address.kind, Storage._put)(self, address, content)

    def close(self) -> None:
        """Closes the connections; a later use opens others."""
        if self._session is not None and self._process == os.getpid():
            self._session.close()
        self._session = None

    def _put(self, address: Address, content: bytes) -> None:
        self._send("PUT", address.url, address, data=content)

    def _put_blocks(self, address: Address, content: bytes) -> None:
        ids = []
        for chunk in _chunks(content):
            # Another writer of the same file must not have its block taken for ours.
            id = b64encode(uuid4().hex.encode()).decode()
            url = _with_query(address.url, comp="block", blockid=id)
            self._send("PUT", url, address, data=chunk, also={"x-ms-blob-type": "BlockBlob"})
            ids.append(f"<Uncommitted>{id}</Uncommitted>")
        listed = f'<?xml version="1.0" encoding="utf-8"?>\n<BlockList>{"".join(ids)}</BlockList>'
        self._send("PUT", _with_query(address.url, comp="blocklist"), address, data=listed.encode())

    def _append(self, address: Address, content: bytes) -> None:
        self._send("PUT", _with_query(address.url, resource="file"), address)
        position = 0
        for chunk in _chunks(content):
            url = _with_query(address.url, action="append", position=str(position))
            self._send("PATCH", url, address, data=chunk)
            position += len(chunk)
        self._send("PATCH", _with_query(address.url, action="flush", position=str(position)), address)

    def _send(
        self,
        method: str,
        url: str,
        address: Address,
        data: bytes | None = None,
        also: Mapping[str, str] | None = None,
        missing_is_fine: bool = False,
    ) -> requests.Response | None:
        import requests

        headers = {**address.headers, **(also or {})}
        try:
            answer = self._opened().request(method, url, data=data, headers=headers, timeout=self._timeout)
        except (requests.RequestException, OSError, ValueError) as error:
            # The error's own words may show the address with its signature.
            raise StoreUnavailable(f"The storage at {_host(url)} cannot be reached: {_cause(error)}.") from None
        if answer.status_code == 404 and missing_is_fine:
            return None
        if not 200 <= answer.status_code < 300:
            raise StoreUnavailable(f"The storage at {_host(url)} refuses spans with status {answer.status_code}.")
        return answer

    def _opened(self) -> requests.Session:
        import requests

        if self._session is None or self._process != os.getpid():
            self._session, self._process = requests.Session(), os.getpid()
            # Or ~/.netrc would be asked, and storage refuses two ways to log in.
            self._session.auth = lambda request: request
        return self._session


_WAYS: Final[Mapping[str, Callable[[Storage, Address, bytes], None]]] = {
    "AZURE_SAS_URI": Storage._put_blocks,
    "AZURE_ADLS_GEN2_SAS_URI": Storage._append,
}
"""How a file is written; anywhere else by one PUT."""


def _chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


def _with_query(url: str, **query: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | query)).geturl()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _cause(error: BaseException) -> str:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return getattr(error, "strerror", None) or type(error).__name__
