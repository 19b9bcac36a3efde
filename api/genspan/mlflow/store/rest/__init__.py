"""Traces of MLflow servers and Databricks workspaces, over MLflow's REST API."""
