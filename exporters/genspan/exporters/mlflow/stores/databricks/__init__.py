"""Traces into Databricks: MLflow experiments of a workspace, and tables of Unity Catalog."""
