"""`mlflow.tracking`: where MLflow has its client, too."""

from .client import MlflowClient
from .settings import is_tracking_uri_set, set_tracking_uri
from .settings import tracking_uri as get_tracking_uri

__all__ = ["MlflowClient", "get_tracking_uri", "is_tracking_uri_set", "set_tracking_uri"]
