"""Page tokens: how far a search has come, as MLflow writes it (`SearchUtils.create_page_token`, 3.17.2)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

from genspan.mlflow.exceptions import MlflowException


def token_after(start: int) -> str:
    """The token of the page that begins after `start` results."""
    return b64encode(json.dumps({"offset": start}).encode()).decode()


def page_start(token: str | bytes | None) -> int:
    """How many results come before the page; 0 without a token. Raises MlflowException for what is no page token."""
    if not token:
        return 0
    try:
        start = int(json.loads(b64decode(token))["offset"])
    except (ValueError, TypeError, KeyError):
        start = 0
    if start <= 0:
        raise MlflowException.invalid_parameter_value(
            f"Invalid page token {token!r}. Pass on the `token` of the page before as it is, or none for the first."
        )
    return start
