"""Where a trace is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from genspan.mlflow.exceptions import MlflowException


@dataclass
class TraceLocationBase(ABC):
    """A place for traces."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""

    @classmethod
    @abstractmethod
    def from_dict(cls, d: dict[str, Any]) -> TraceLocationBase:
        """What `to_dict` wrote."""


@dataclass
class MlflowExperimentLocation(TraceLocationBase):
    """An MLflow experiment."""

    experiment_id: str

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        return {"experiment_id": self.experiment_id}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> MlflowExperimentLocation:
        """What `to_dict` wrote."""
        return cls(d["experiment_id"])


@dataclass
class InferenceTableLocation(TraceLocationBase):
    """A Databricks inference table."""

    full_table_name: str
    """`<catalog>.<schema>.<table>`."""

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        return {"full_table_name": self.full_table_name}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> InferenceTableLocation:
        """What `to_dict` wrote."""
        return cls(d["full_table_name"])


@dataclass
class UCSchemaLocation(TraceLocationBase):
    """A schema of Databricks' Unity Catalog, with the tables that Databricks names for it."""

    catalog_name: str
    schema_name: str
    _otel_spans_table_name: str | None = "mlflow_experiment_trace_otel_spans"
    _otel_logs_table_name: str | None = "mlflow_experiment_trace_otel_logs"

    @property
    def schema_location(self) -> str:
        """`<catalog>.<schema>`."""
        return f"{self.catalog_name}.{self.schema_name}"

    @property
    def full_otel_spans_table_name(self) -> str | None:
        """The table of spans, with catalog and schema."""
        table = self._otel_spans_table_name
        return f"{self.schema_location}.{table}" if table else None

    @property
    def full_otel_logs_table_name(self) -> str | None:
        """The table of logs, with catalog and schema."""
        table = self._otel_logs_table_name
        return f"{self.schema_location}.{table}" if table else None

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        tables = {
            "otel_spans_table_name": self._otel_spans_table_name,
            "otel_logs_table_name": self._otel_logs_table_name,
        }
        names = {"catalog_name": self.catalog_name, "schema_name": self.schema_name}
        return names | {name: table for name, table in tables.items() if table}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> UCSchemaLocation:
        """What `to_dict` wrote."""
        location = cls(d["catalog_name"], d["schema_name"])
        location._otel_spans_table_name = d.get("otel_spans_table_name") or location._otel_spans_table_name
        location._otel_logs_table_name = d.get("otel_logs_table_name") or location._otel_logs_table_name
        return location


@dataclass
class UnityCatalog(TraceLocationBase):
    """Tables of Databricks' Unity Catalog that begin with a prefix."""

    catalog_name: str
    schema_name: str
    table_prefix: str | None = None
    # Databricks sets these, with catalog and schema.
    _otel_spans_table_name: str | None = field(default=None, compare=False, repr=False)
    _otel_logs_table_name: str | None = field(default=None, compare=False, repr=False)
    _annotations_table_name: str | None = field(default=None, compare=False, repr=False)

    @property
    def schema_location(self) -> str:
        """`<catalog>.<schema>`."""
        return f"{self.catalog_name}.{self.schema_name}"

    @property
    def full_table_prefix(self) -> str:
        """`<catalog>.<schema>.<prefix>`. Raises MlflowException where there is no prefix."""
        if self.table_prefix is None:
            raise MlflowException.invalid_parameter_value("table_prefix is required but was not set.")
        return f"{self.schema_location}.{self.table_prefix}"

    @property
    def full_otel_spans_table_name(self) -> str | None:
        """The table of spans, with catalog and schema."""
        return self._otel_spans_table_name

    @property
    def full_otel_logs_table_name(self) -> str | None:
        """The table of logs, with catalog and schema."""
        return self._otel_logs_table_name

    @property
    def full_annotations_table_name(self) -> str | None:
        """The table of annotations, with catalog and schema."""
        return self._annotations_table_name

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        prefix = {} if self.table_prefix is None else {"table_prefix": self.table_prefix}
        tables = {
            "otel_spans_table_name": self._otel_spans_table_name,
            "otel_logs_table_name": self._otel_logs_table_name,
            "annotations_table_name": self._annotations_table_name,
        }
        names = {"catalog_name": self.catalog_name, "schema_name": self.schema_name}
        return names | prefix | {name: table for name, table in tables.items() if table}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> UnityCatalog:
        """What `to_dict` wrote."""
        return cls(
            d["catalog_name"],
            d["schema_name"],
            d.get("table_prefix"),
            # A trace's own JSON has no `otel_` before these names.
            d.get("otel_spans_table_name") or d.get("spans_table_name"),
            d.get("otel_logs_table_name") or d.get("logs_table_name"),
            d.get("annotations_table_name"),
        )


class TraceLocationType(str, Enum):
    """Kinds of places for traces."""

    TRACE_LOCATION_TYPE_UNSPECIFIED = "TRACE_LOCATION_TYPE_UNSPECIFIED"
    MLFLOW_EXPERIMENT = "MLFLOW_EXPERIMENT"
    INFERENCE_TABLE = "INFERENCE_TABLE"
    UC_SCHEMA = "UC_SCHEMA"
    UC_TABLE_PREFIX = "UC_TABLE_PREFIX"

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> TraceLocationType:
        """The type that a location's JSON has."""
        return cls(d["type"])


@dataclass
class TraceLocation:
    """Where a trace is: one place, of the type that `type` says."""

    type: TraceLocationType
    mlflow_experiment: MlflowExperimentLocation | None = None
    inference_table: InferenceTableLocation | None = None
    uc_schema: UCSchemaLocation | None = None
    uc_table_prefix: UnityCatalog | None = None

    def __post_init__(self) -> None:
        given = self._given()
        if len(given) > 1:
            raise MlflowException.invalid_parameter_value(
                "Only one of mlflow_experiment, inference_table, uc_schema, or uc_table_prefix can be provided."
            )
        for type, location in given.items():
            if self.type != type:
                raise MlflowException.invalid_parameter_value(
                    f"Trace location type {self.type} does not match the provided location {location}."
                )

    def _given(self) -> dict[TraceLocationType, TraceLocationBase]:
        places = {
            TraceLocationType.MLFLOW_EXPERIMENT: self.mlflow_experiment,
            TraceLocationType.INFERENCE_TABLE: self.inference_table,
            TraceLocationType.UC_SCHEMA: self.uc_schema,
            TraceLocationType.UC_TABLE_PREFIX: self.uc_table_prefix,
        }
        return {type: place for type, place in places.items() if place is not None}

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        return {"type": self.type.value} | {type.lower(): place.to_dict() for type, place in self._given().items()}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> TraceLocation:
        """What `to_dict` wrote."""
        experiment, table = d.get("mlflow_experiment"), d.get("inference_table")
        schema, prefix = d.get("uc_schema"), d.get("uc_table_prefix")
        return cls(
            type=TraceLocationType(d["type"]),
            mlflow_experiment=MlflowExperimentLocation.from_dict(experiment) if experiment else None,
            inference_table=InferenceTableLocation.from_dict(table) if table else None,
            uc_schema=UCSchemaLocation.from_dict(schema) if schema else None,
            uc_table_prefix=UnityCatalog.from_dict(prefix) if prefix else None,
        )

    @classmethod
    def from_experiment_id(cls, experiment_id: str) -> TraceLocation:
        """An experiment's."""
        return cls(
            TraceLocationType.MLFLOW_EXPERIMENT, mlflow_experiment=MlflowExperimentLocation(experiment_id=experiment_id)
        )

    @classmethod
    def from_databricks_uc_schema(cls, catalog_name: str, schema_name: str) -> TraceLocation:
        """A Unity Catalog schema's."""
        return cls(TraceLocationType.UC_SCHEMA, uc_schema=UCSchemaLocation(catalog_name, schema_name))

    @classmethod
    def from_databricks_uc_table_prefix(cls, catalog_name: str, schema_name: str, table_prefix: str) -> TraceLocation:
        """That of Unity Catalog tables with a prefix."""
        return cls(
            TraceLocationType.UC_TABLE_PREFIX, uc_table_prefix=UnityCatalog(catalog_name, schema_name, table_prefix)
        )
