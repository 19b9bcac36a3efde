"""Writes configuration.md: every environment variable that genspan reads, from the table here.

`python docs/configuration.py` writes the page, `--check` fails where it is not up to date. Defaults come from the code;
that no variable of the code is missing is for tests/docs/test_configuration.py to see.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genspan.distro.settings import EXIT_TIME, FLUSH_TIME, GENSPAN_EXIT_TIMEOUT, Settings
from genspan.exporters.content.rules import IDENTITIES_GROUP, PERSONAL_GROUP, SECRETS_GROUP
from genspan.exporters.content.settings import CONTENT, CONTENT_LIMIT, REDACT
from genspan.exporters.mlflow.delivery import EXPORT_TIME, SHUTDOWN_TIME
from genspan.exporters.mlflow.stores.server.access import CREDENTIALS_FILE, REQUEST_TIMEOUT
from genspan.exporters.mlflow.tracking import DEFAULT_TRACKING_URI
from genspan.instrumentation.core.content import CAPTURE_MESSAGE_CONTENT, DEFAULT_BLOB_LIMIT, ContentCapture
from genspan.instrumentation.langchain import Steps

PAGE: Final = Path(__file__).with_suffix(".md")

NOTHING: Final = ""
"""The default of a variable that stands for nothing as long as it is not set."""


@dataclass(frozen=True)
class Variable:
    """One environment variable, or several that belong together."""

    names: tuple[str, ...]
    default: str
    """In the words of the variable's values; NOTHING where there is none."""
    meaning: str
    """Markdown."""

    def row(self) -> str:
        """Its row of the table."""
        names = ", ".join(f"`{name}`" for name in self.names)
        default = f"`{self.default}`" if self.default else ""
        return f"| {names} | {default} | {self.meaning} |"


@dataclass(frozen=True)
class Group:
    """Variables about one thing."""

    title: str
    about: str
    """Markdown, before the table; may be empty."""
    variables: tuple[Variable, ...]
    own: bool = True
    """Whether genspan reads them; else OpenTelemetry's SDK alone does."""


def _variable(names: str, default: object, meaning: str) -> Variable:
    return Variable(tuple(names.split()), str(default), meaning)


def _values(members: type[ContentCapture] | type[Steps]) -> str:
    return ", ".join(f"`{member.value}`" for member in members)


_NO_ENDPOINT: Final = Settings.read({}).defaults
_ENDPOINT: Final = Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}).defaults

GROUPS: Final = (
    Group(
        "Where traces go",
        "",
        (
            _variable(
                "MLFLOW_TRACKING_URI",
                DEFAULT_TRACKING_URI,
                "a file, a server, a database or Databricks: [MLflow](mlflow-destinations.md)",
            ),
            _variable(
                "MLFLOW_EXPERIMENT_NAME MLFLOW_EXPERIMENT_ID",
                "Default",
                "the experiment, by one of the two; a name that does not exist is created",
            ),
            _variable(
                "MLFLOW_TRACING_DESTINATION",
                NOTHING,
                "an experiment's id, or `catalog.schema` in [Databricks](databricks.md); wins over the experiment",
            ),
            _variable(
                "OTEL_TRACES_EXPORTER",
                _NO_ENDPOINT["OTEL_TRACES_EXPORTER"],
                f"names of exporters, with commas; `{_ENDPOINT['OTEL_TRACES_EXPORTER']}` where an OTLP endpoint is set",
            ),
            _variable(
                "OTEL_METRICS_EXPORTER OTEL_LOGS_EXPORTER",
                NOTHING,
                f"for metrics and events; `{_ENDPOINT['OTEL_METRICS_EXPORTER']}` where an OTLP endpoint is set",
            ),
            _variable(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                NOTHING,
                "an [OTLP backend](otlp.md), which gets traces, metrics and events",
            ),
            _variable(
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_ENDPOINT "
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                NOTHING,
                "the same for one signal alone, with the whole path",
            ),
            _variable(
                "OTEL_EXPORTER_OTLP_PROTOCOL OTEL_EXPORTER_OTLP_TRACES_PROTOCOL OTEL_EXPORTER_OTLP_METRICS_PROTOCOL "
                "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
                _ENDPOINT["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"],
                "`http/protobuf` or `grpc`; `grpc` where the endpoint's port is 4317 or it has no `http://` before it",
            ),
        ),
    ),
    Group(
        "What is recorded",
        "",
        (
            _variable(
                CAPTURE_MESSAGE_CONTENT,
                _NO_ENDPOINT[CAPTURE_MESSAGE_CONTENT],
                f"prompts and answers: {_values(ContentCapture)}, or `true` and `false`. "
                "An instrumentor in a set-up of your own has `NO_CONTENT`",
            ),
            _variable(
                "GENSPAN_BLOB_LIMIT",
                DEFAULT_BLOB_LIMIT,
                "characters of base64 beyond which an image, recording or file is recorded by its size alone",
            ),
            _variable(
                "GENSPAN_LANGCHAIN_STEPS",
                Steps.NAMED.value,
                f"which [LangChain steps](langchain.md#steps) become spans of their own: {_values(Steps)}",
            ),
            _variable(
                "GENSPAN_SEMCONV",
                NOTHING,
                "[names of metrics](metrics.md#which-names): `latest` or `1.37`; both where it is not set",
            ),
            _variable(
                "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
                NOTHING,
                "instrumentors to leave out, as `genspan_openai,genspan_langchain`; `*` for all",
            ),
            _variable(
                "GENSPAN_PROPAGATE_TO_MODELS",
                "false",
                "`true`: requests to model vendors carry `traceparent` and baggage as all others do",
            ),
        ),
    ),
    Group(
        "What leaves the process",
        "See [privacy](privacy.md). Each also for one destination, by the name of its exporter, which wins: "
        "`GENSPAN_OTLP_CONTENT`, `GENSPAN_MLFLOW_REDACT`, `GENSPAN_CONSOLE_CONTENT_LIMIT`. With `OTEL_CONFIG_FILE`, "
        "for exporters that the file gives no [policy of their own](privacy.md#in-a-configuration-file).",
        (
            _variable(f"GENSPAN_{CONTENT}", "true", "`false`: metadata alone, as models, tokens, times and ids"),
            _variable(
                f"GENSPAN_{REDACT}",
                "none",
                f"`{SECRETS_GROUP}`, `{PERSONAL_GROUP}`, `{IDENTITIES_GROUP}`, names of single rules and of your own, "
                "with commas",
            ),
            _variable(f"GENSPAN_{CONTENT_LIMIT}", "none", "characters that one attribute of content may have"),
        ),
    ),
    Group(
        "Traces in MLflow",
        "For files, servers, databases and Databricks alike.",
        (
            _variable("ENABLE_MLFLOW_TRACING", "true", "`false`: nothing goes to MLflow"),
            _variable(
                "MLFLOW_TRACE_SAMPLING_RATIO", "1.0", "the share of traces that go to MLflow; other exporters get all"
            ),
            _variable(
                "GENSPAN_MLFLOW_IN_PROGRESS",
                "false",
                "`true`: traces are seen [while they run](mlflow-destinations.md#traces-that-still-run)",
            ),
            _variable(
                "GENSPAN_OUTBOX_DIR",
                NOTHING,
                "where traces wait that cannot be written now: [delivery](delivery.md). Where it is not set, "
                "`genspan/outbox` in the user's state folder",
            ),
            _variable("XDG_STATE_HOME LOCALAPPDATA", "~/.local/state", "the user's state folder"),
            _variable("USERNAME", NOTHING, "the user, in the name of the last resort, a folder for temporary files"),
            _variable("MLFLOW_RUN_ID", NOTHING, "the run on whose page traces are shown"),
            _variable("MLFLOW_ACTIVE_MODEL_ID", NOTHING, "the model that traces are linked to"),
            _variable(
                "IS_IN_DB_MODEL_SERVING_ENV",
                NOTHING,
                "set by Databricks model serving, where traces need `ENABLE_MLFLOW_TRACING=true`",
            ),
            _variable(
                "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "false", "`true`: [metrics of the exporter](delivery.md)"
            ),
        ),
    ),
    Group(
        "An MLflow server",
        f"Also Databricks, but for users. An export waits {EXPORT_TIME:g} s for an answer, the end of a program "
        f"{SHUTDOWN_TIME:g} s; what was not taken by then waits on disk.",
        (
            _variable(
                "MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD",
                NOTHING,
                f"who asks; else the section `mlflow` of `{CREDENTIALS_FILE}`. The name is also the traces' user",
            ),
            _variable("MLFLOW_TRACKING_TOKEN", NOTHING, "a bearer token in their place"),
            _variable("MLFLOW_TRACKING_INSECURE_TLS", "false", "`true`: certificates are not checked"),
            _variable(
                "MLFLOW_TRACKING_SERVER_CERT_PATH", NOTHING, "file of those who may sign the server's certificate"
            ),
            _variable("MLFLOW_TRACKING_CLIENT_CERT_PATH", NOTHING, "file with the client's own certificate and key"),
            _variable("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{REQUEST_TIMEOUT:g}", "seconds to wait for an answer"),
            _variable("MLFLOW_WORKSPACE", NOTHING, "the workspace of the server"),
        ),
    ),
    Group(
        "Databricks",
        "See [Databricks](databricks.md). The names are databricks-sdk's, which reads more of them if it is installed.",
        (
            _variable("DATABRICKS_HOST", NOTHING, "the workspace"),
            _variable("DATABRICKS_TOKEN", NOTHING, "a token for it"),
            _variable("DATABRICKS_CLIENT_ID DATABRICKS_CLIENT_SECRET", NOTHING, "a service principal in its place"),
            _variable("DATABRICKS_CONFIG_PROFILE", "DEFAULT", "the profile"),
            _variable("DATABRICKS_CONFIG_FILE", "~/.databrickscfg", "the file that it is in"),
            _variable("DATABRICKS_AUTH_TYPE", NOTHING, "which way to log in, where several are set"),
            _variable("DATABRICKS_WORKSPACE_ID", NOTHING, "which workspace, where one address serves several"),
            _variable(
                "DATABRICKS_USERNAME DATABRICKS_PASSWORD GOOGLE_CREDENTIALS ARM_CLIENT_ID ARM_CLIENT_SECRET",
                NOTHING,
                "other logins; databricks-sdk has to be installed",
            ),
        ),
    ),
    Group(
        "MLflow's API",
        "For [`from genspan import mlflow`](mlflow-api.md).",
        (
            _variable(
                "MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK",
                "10",
                "how many traces one [notebook](notebook.md) cell shows",
            ),
            _variable(
                "MLFLOW_NOTEBOOK_TRACE_RENDERER_BASE_URL",
                NOTHING,
                "where the browser reaches the tracking server, if not at the tracking URI",
            ),
            _variable(
                "MLFLOW_TRUNCATE_LONG_VALUES", "true", "`false`: a tag that is too long is an error, and not cut"
            ),
            _variable("MLFLOW_TRACING_SQL_WAREHOUSE_ID", NOTHING, "the warehouse that reads Unity Catalog's tables"),
            _variable(
                "MLFLOW_GET_TRACE_OTEL_RETRY_TIMEOUT_SECONDS", "15", "seconds to wait for a trace in those tables"
            ),
        ),
    ),
    Group(
        "How OpenTelemetry is set up",
        "",
        (
            _variable("OTEL_SERVICE_NAME", "unknown_service", "the program's name in every backend"),
            _variable("OTEL_SDK_DISABLED", "false", "`true`: nothing is recorded"),
            _variable(
                GENSPAN_EXIT_TIMEOUT,
                f"{EXIT_TIME:g}",
                "seconds that the [end of a program](set-up.md#how-long-the-end-of-a-program-takes) may take to send "
                f"what is left, to all destinations together; {FLUSH_TIME:g} where it is not set and a worker is ended "
                "from outside",
            ),
            _variable("OTEL_CONFIG_FILE", NOTHING, "declarative configuration, which then says it all"),
            _variable(
                "OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER_ARG",
                "parentbased_always_on",
                "which traces are recorded at all, as `parentbased_traceidratio` and `0.1`",
            ),
            _variable(
                "OTEL_PYTHON_DISTRO OTEL_PYTHON_CONFIGURATOR",
                _NO_ENDPOINT["OTEL_PYTHON_CONFIGURATOR"],
                "which distribution sets OpenTelemetry up; the first has no default where another vendor's is there",
            ),
        ),
    ),
    Group(
        "Read by OpenTelemetry's SDK alone",
        "The ones that are needed most; [its documentation](https://opentelemetry.io/docs/specs/otel/configuration/"
        "sdk-environment-variables/) has all.",
        (
            _variable(
                "OTEL_RESOURCE_ATTRIBUTES", NOTHING, "facts of the program, as `deployment.environment.name=test`"
            ),
            _variable("OTEL_EXPORTER_OTLP_HEADERS", NOTHING, "headers of OTLP requests, as `authorization=Bearer%20…`"),
            _variable(
                "OTEL_EXPORTER_OTLP_TIMEOUT OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                "10",
                "seconds that one OTLP request may take",
            ),
            _variable(
                "OTEL_EXPORTER_OTLP_CERTIFICATE OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                NOTHING,
                "files for TLS to an OTLP backend",
            ),
            _variable(
                "OTEL_EXPORTER_PROMETHEUS_HOST OTEL_EXPORTER_PROMETHEUS_PORT",
                "localhost:9464",
                "where [Prometheus](metrics.md#prometheus) is answered, with `OTEL_METRICS_EXPORTER=prometheus`",
            ),
            _variable("OTEL_BSP_SCHEDULE_DELAY", 5000, "ms between batches"),
            _variable("OTEL_BSP_MAX_QUEUE_SIZE", 2048, "spans that wait at most"),
            _variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, "spans in a batch"),
            _variable("OTEL_PROPAGATORS", "tracecontext,baggage", "headers between services"),
        ),
        own=False,
    ),
)


def page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Configuration"
    yield ""
    yield "Written by `python docs/configuration.py`; not to be edited."
    yield ""
    yield "Everything is an environment variable: OpenTelemetry's or MLflow's own where they have one, with the meaning"
    yield "that it has there. Set but empty is not set. In code,"
    yield "[`genspan.distro.configure()`](index.md#in-code) takes the ones that are needed most as arguments."
    for group in GROUPS:
        yield ""
        yield f"## {group.title}"
        yield ""
        if group.about:
            yield group.about
            yield ""
        yield "| variable | default | meaning |"
        yield "|---|---|---|"
        for variable in group.variables:
            yield variable.row()
    yield ""


def main() -> None:
    """Writes the page, or says whether it is up to date."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE} is not up to date: run python docs/configuration.py")


if __name__ == "__main__":
    main()
