"""Which variables the distribution sets, by what the user has set."""

from __future__ import annotations

import pytest

from genspan.distro.settings import Settings, exit_time, otlp_protocol

ALWAYS = {"OTEL_PYTHON_CONFIGURATOR": "genspan", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}
HTTP = {
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
}
GRPC = dict.fromkeys(HTTP, "grpc")
ALL_OTLP = {"OTEL_TRACES_EXPORTER": "mlflow,otlp", "OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}


@pytest.mark.parametrize(
    ("given", "defaults"),
    [
        ({}, {"OTEL_TRACES_EXPORTER": "mlflow"} | HTTP | ALWAYS),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {"OTEL_TRACES_EXPORTER": "mlflow"} | HTTP | ALWAYS),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, ALL_OTLP | HTTP | ALWAYS),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, ALL_OTLP | GRPC | ALWAYS),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317"},
            {"OTEL_TRACES_EXPORTER": "mlflow,otlp"} | HTTP | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"} | ALWAYS,
        ),
        (
            {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://c/v1/metrics"},
            {"OTEL_TRACES_EXPORTER": "mlflow", "OTEL_METRICS_EXPORTER": "otlp"} | HTTP | ALWAYS,
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ALL_OTLP | ALWAYS),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc"},
            ALL_OTLP
            | {name: value for name, value in HTTP.items() if name != "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"}
            | ALWAYS,
        ),
        ({"OTEL_TRACES_EXPORTER": "none"}, HTTP | ALWAYS),
        ({"OTEL_TRACES_EXPORTER": "console"}, HTTP | ALWAYS),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_METRICS_EXPORTER": "none"},
            {"OTEL_TRACES_EXPORTER": "mlflow,otlp", "OTEL_LOGS_EXPORTER": "otlp"} | HTTP | ALWAYS,
        ),
        ({"OTEL_CONFIG_FILE": "otel.yaml", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, ALWAYS),
        (
            {
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "false",
                "OTEL_PYTHON_CONFIGURATOR": "other",
                "OTEL_CONFIG_FILE": "otel.yaml",
            },
            {},
        ),
    ],
)
def test_defaults(given: dict[str, str], defaults: dict[str, str]) -> None:
    assert Settings.read(given).defaults == defaults


def test_reading_twice_changes_nothing() -> None:
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    assert Settings.read({**given, **Settings.read(given).defaults}).defaults == {}


@pytest.mark.parametrize(
    ("endpoint", "protocol"),
    [
        (None, "http/protobuf"),
        ("http://localhost:4318", "http/protobuf"),
        ("http://localhost", "http/protobuf"),
        ("https://otlp.example.com/v1/traces", "http/protobuf"),
        ("http://[::1]:4318", "http/protobuf"),
        ("http://localhost:not-a-port", "http/protobuf"),
        ("http://[::1", "http/protobuf"),
        ("http://localhost:4317", "grpc"),
        ("https://localhost:4317", "grpc"),
        ("http://[::1]:4317", "grpc"),
        ("localhost:4317", "grpc"),
        ("collector:55680", "grpc"),
        ("unix:/run/otel.sock", "grpc"),
    ],
)
def test_protocol_by_endpoint(endpoint: str | None, protocol: str) -> None:
    assert otlp_protocol(endpoint) == protocol


@pytest.mark.parametrize(("value", "disabled"), [("true", True), (" TRUE ", True), ("false", False), ("1", False)])
def test_sdk_disabled(value: str, disabled: bool) -> None:
    assert Settings.read({"OTEL_SDK_DISABLED": value}).disabled is disabled


def test_disabled_instrumentations_are_names() -> None:
    given = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests , genspan_openai,"}
    assert Settings.read(given).disabled_instrumentations == {"requests", "genspan_openai"}


@pytest.mark.parametrize(
    ("given", "seconds"), [("2.5", 2.5), ("0", 0), (" ", 10), ("ten", 10), ("-1", 10), ("inf", 10)]
)
def test_the_time_that_the_end_may_take(given: str, seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    assert exit_time({"GENSPAN_EXIT_TIMEOUT": given}) == seconds
    assert ("no number of seconds" in caplog.text) is (given in ("ten", "-1", "inf"))
