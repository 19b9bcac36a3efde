"""What a server's refusals and silence are in MLflow's API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from genspan.exporters.mlflow.stores.contract import StoreUnavailable
from genspan.exporters.mlflow.stores.server.connection import Refused, ServerFault
from genspan.mlflow.exceptions import INTERNAL_ERROR, TEMPORARILY_UNAVAILABLE, MlflowException, RestException


@contextmanager
def explained() -> Iterator[None]:
    """Raises MlflowException in place of what a connection raises: with the server's own code, where it gives one."""
    try:
        yield
    except Refused as refused:
        raise RestException({"error_code": refused.code or str(refused.status), "message": str(refused)}) from refused
    except ServerFault as fault:
        raise MlflowException(str(fault), INTERNAL_ERROR) from fault
    except StoreUnavailable as unavailable:
        raise MlflowException(str(unavailable), TEMPORARILY_UNAVAILABLE) from unavailable
