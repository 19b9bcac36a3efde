"""Traces into MLflow's databases (PostgreSQL, MySQL, SQL Server), by the MLflow that is installed."""
