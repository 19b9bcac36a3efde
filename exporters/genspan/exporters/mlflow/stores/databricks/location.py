"""Where in Databricks the traces of an experiment are: with the experiment, or in tables of Unity Catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MLFLOW_TRACING_DESTINATION: Final = "MLFLOW_TRACING_DESTINATION"

DESTINATION_TAG: Final = "mlflow.experiment.databricksTraceDestinationPath"
SPANS_TABLE_TAG: Final = "mlflow.experiment.databricksTraceSpanStorageTable"
"""Tags of an experiment that is linked to Unity Catalog (`utils.mlflow_tags`, 3.17.2)."""

SPANS_TABLE: Final = "mlflow_experiment_trace_otel_spans"
LOGS_TABLE: Final = "mlflow_experiment_trace_otel_logs"
"""Tables of a schema that was linked without a prefix (`entities.trace_location`, 3.17.2)."""


@dataclass(frozen=True, slots=True)
class CatalogLocation:
    """A schema of Unity Catalog, or the tables in it that share a prefix."""

    catalog: str
    schema: str
    prefix: str | None
    spans_table: str
    """Its full name."""

    @property
    def path(self) -> str:
        """`catalog.schema` or `catalog.schema.prefix`, which is part of the ids of traces there."""
        return ".".join(filter(None, (self.catalog, self.schema, self.prefix)))

    def described(self) -> dict[str, Any]:
        """MLflow's `TraceLocation` of the API 4.0, in protobuf's JSON."""
        place = {"catalog_name": self.catalog, "schema_name": self.schema}
        if self.prefix is not None:
            tables = {"table_prefix": self.prefix, "spans_table_name": self.spans_table}
            return {"type": "UC_TABLE_PREFIX", "uc_table_prefix": place | tables}
        tables = {"otel_spans_table_name": self.spans_table.rpartition(".")[2], "otel_logs_table_name": LOGS_TABLE}
        return {"type": "UC_SCHEMA", "uc_schema": place | tables}


def of_path(path: str, spans_table: str | None = None) -> CatalogLocation | None:
    """The location that `catalog.schema[.prefix]` names; None for another form."""
    names = path.split(".")
    if not 2 <= len(names) <= 3 or not all(names):
        return None
    # The name of a prefix's table is for Databricks to choose; this is how it does.
    table = f"{path}_otel_spans" if len(names) == 3 else f"{path}.{SPANS_TABLE}"
    catalog, schema, *prefix = names
    full = spans_table if not spans_table or "." in spans_table else f"{catalog}.{schema}.{spans_table}"
    return CatalogLocation(catalog, schema, prefix[0] if prefix else None, full or table)


def of_environment(environ: Mapping[str, str]) -> CatalogLocation | None:
    """The schema in `MLFLOW_TRACING_DESTINATION`; None where it is not set, or names an experiment.

    Raises ValueError where it names a prefix, as MLflow does: only an experiment can be linked to one.
    """
    path = environ.get(MLFLOW_TRACING_DESTINATION) or ""
    if path.count(".") > 1 or (path.count(".") and of_path(path) is None):
        raise ValueError(
            f"genspan cannot write to {MLFLOW_TRACING_DESTINATION}={path!r}, so no trace goes to MLflow: it has to be "
            "catalog.schema, or the id of an experiment. For tables with a prefix of their own, link an experiment to "
            "them and name it by MLFLOW_EXPERIMENT_NAME."
        )
    return of_path(path)


def of_experiment(experiment: Mapping[str, Any]) -> CatalogLocation | None:
    """The tables that an experiment is linked to; None where it keeps its traces itself."""
    tags = {tag["key"]: tag.get("value", "") for tag in experiment.get("tags", ())}
    return of_path(tags.get(DESTINATION_TAG, ""), tags.get(SPANS_TABLE_TAG))
