"""Requests to one server, and what its refusals mean."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.access import Access
from genspan.semconv.encoding import decode, encode

if TYPE_CHECKING:
    import requests

REFUSALS: Final = frozenset({400, 404, 409, 413, 422})
"""Statuses by which a server speaks of what a request holds. Any other but 2xx may pass: wrong credentials are
corrected, a busy server recovers."""

MISSING: Final = "RESOURCE_DOES_NOT_EXIST"
EXISTING: Final = "RESOURCE_ALREADY_EXISTS"

_JSON: Final = {"Content-Type": "application/json"}

LONGEST_REASON: Final = 500
"""Characters of a server's own words."""


class Refused(Exception):
    """The server will not take what a request holds; the message is the server's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """MLflow's name for the error, such as `RESOURCE_DOES_NOT_EXIST`; empty where it gives none."""


class Forbidden(StoreUnavailable):
    """The server knows who asks, and does not allow it (403)."""


class ServerFault(StoreUnavailable):
    """The server failed (500) at a request. That may be for what the request holds, or for anything else."""


class Connection:
    """Keeps a connection to the server open; a forked child makes its own."""

    name: ClassVar[str] = "MLflow"
    """What answers, in messages."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._session: requests.Session | None = None
        self._process = os.getpid()

    def get(self, path: str, **query: str | Sequence[str]) -> dict[str, Any]:
        """The JSON object that answers a GET. Raises Refused or StoreUnavailable."""
        return _json(self._send("GET", path, params=query))

    def get_bytes(self, path: str, **query: str | Sequence[str]) -> bytes:
        """What answers a GET. Raises Refused or StoreUnavailable."""
        answer: bytes = self._send("GET", path, params=query).content
        return answer

    def post(self, path: str, body: object) -> dict[str, Any]:
        """The JSON object that answers a POST of JSON. Raises Refused or StoreUnavailable."""
        return _json(self._send("POST", path, data=encode(body).encode(), headers=_JSON))

    def patch(self, path: str, body: object) -> dict[str, Any]:
        """The JSON object that answers a PATCH of JSON. Raises Refused or StoreUnavailable."""
        return _json(self._send("PATCH", path, data=encode(body).encode(), headers=_JSON))

    def delete(self, path: str, body: object) -> dict[str, Any]:
        """The JSON object that answers a DELETE with JSON. Raises Refused or StoreUnavailable."""
        return _json(self._send("DELETE", path, data=encode(body).encode(), headers=_JSON))

    def post_bytes(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """What answers a POST of bytes. Raises Refused or StoreUnavailable."""
        answer: bytes = self._send("POST", path, data=body, headers=headers).content
        return answer

    def close(self) -> None:
        """Closes the connection; a later request opens another."""
        if self._session is not None and self._process == os.getpid():
            self._session.close()
        self._session = None

    def _send(self, method: str, path: str, **content: Any) -> requests.Response:
        import requests

        session, url = self._opened(), self.access.url + path
        # A request's own `verify` wins over REQUESTS_CA_BUNDLE, a session's does not (requests 2.34). A redirected POST
        # would arrive as a GET.
        content.update(timeout=self.access.timeout, verify=self.access.verify, allow_redirects=False)
        for is_last in (False, True):
            try:
                answer = session.request(method, url, **content)
                break
            except requests.Timeout as error:
                raise StoreUnavailable(f"{self.name} at {self.access.url} does not answer in time.") from error
            except requests.ConnectionError as error:
                # A server closes a connection that nobody used for a while (MLflow's after five seconds), perhaps in
                # the very moment of its next use. Whatever we send may be sent twice.
                if is_last:
                    raise StoreUnavailable(
                        f"{self.name} at {self.access.url} cannot be reached: {_reason(error)}."
                    ) from error
            except (requests.RequestException, OSError, ValueError) as error:
                raise StoreUnavailable(
                    f"{self.name} at {self.access.url} cannot be asked: {_reason(error)}."
                ) from error
        if not 200 <= answer.status_code < 300:
            self._raise(answer)
        return answer

    def _opened(self) -> requests.Session:
        if self._session is None or self._process != os.getpid():
            self._session, self._process = _session(self.access), os.getpid()
        return self._session

    def failure(self, status: int, code: str, words: str) -> Refused | StoreUnavailable:
        """What an answer means whose status is not 2xx, from MLflow's code for it and the server's own words."""
        if status in REFUSALS and not (status == 404 and not code):
            return Refused(status, code, words)
        url = self.access.url
        if status in (401, 403):
            return (Forbidden if status == 403 else StoreUnavailable)(
                f"MLflow at {url} refuses these credentials ({status}). Set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, to ones that may write."
            )
        if status == 501:
            return StoreUnavailable(
                f"MLflow at {url} keeps its data in plain files, which take no spans over HTTP ({words}). Start it "
                "with a database, as in mlflow server --backend-store-uri sqlite:///mlflow.db."
            )
        if status == 500:
            return ServerFault(f"MLflow at {url} failed: {words}")
        if status == 404 or 300 <= status < 400:
            return StoreUnavailable(
                f"{url} does not seem to be an MLflow server that takes traces by OTLP (status {status}; 3.17 does). "
                "Is MLFLOW_TRACKING_URI right?"
            )
        return StoreUnavailable(f"MLflow at {url} answers with status {status}: {words}")

    def _raise(self, answer: requests.Response) -> NoReturn:
        failure = self.failure(answer.status_code, *_words(answer))
        if isinstance(failure, StoreUnavailable):
            failure.retry_after = _retry_after(answer)
        raise failure


def _session(access: Access) -> requests.Session:
    import requests

    session = requests.Session()
    # Not as a header, which `requests` would replace by what ~/.netrc says of the host.
    if access.authorize is not None:
        session.auth = _Authorization(access.authorize)
    session.headers.update(access.headers)
    session.headers["User-Agent"] = "genspan"
    session.cert = access.certificate
    return session


class _Authorization:
    """Puts headers on requests that say who asks."""

    def __init__(self, authorize: Callable[[], Mapping[str, str]]) -> None:
        self._authorize = authorize

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        headers = self._authorize()
        if not all(value.isprintable() for value in headers.values()):
            # Here and not in http.client, whose message would show them.
            raise StoreUnavailable("The credentials for MLflow hold a line break or another control character.")
        request.headers.update(headers)
        return request


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        held = decode(answer.content)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise StoreUnavailable(f"{answer.url.partition('?')[0]} answers, but not as MLflow does.")
    return held


def _words(answer: requests.Response) -> tuple[str, str]:
    """MLflow's code and message, or FastAPI's, or whatever the answer holds."""
    try:
        said = decode(answer.content)
        code, message = said.get("error_code", ""), said.get("message") or said.get("detail")
        return str(code), str(message)[:LONGEST_REASON]
    except (ValueError, AttributeError):
        return "", answer.text[:LONGEST_REASON]


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds, from a header that gives them or a date (RFC 9110, 10.2.3)."""
    said = answer.headers.get("Retry-After", "").strip()
    try:
        return float(said) if said.isdigit() else max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


def _reason(error: BaseException) -> str:
    """What lies at the bottom of an error, without what differs from one try to the next."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return getattr(error, "strerror", None) or (str(error) if isinstance(error, OSError) else type(error).__name__)
