"""Every cause that `genspan doctor` can name, with what to do about it; `docs/troubleshooting.md` is made from this."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


class Level(enum.Enum):
    """How bad it is."""

    PROBLEM = "problem"
    """Traces are lost, or are not what was asked for."""
    WARNING = "warning"
    """It works, though perhaps not as was meant."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that can be wrong. `message` and `cure` are templates of `str.format`."""

    name: str
    area: str
    level: Level
    message: str
    cure: str
    meaning: str
    """More of it, for the page."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is as it should be, or as the user has it."""

    area: str
    subject: str
    told: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause, found."""

    cause: Cause
    values: Mapping[str, Any]
    where: str = ""
    """The destination that it is about; empty where it is about none."""

    @property
    def message(self) -> str:
        """What is wrong here."""
        return self.cause.message.format_map(self.values)

    @property
    def cure(self) -> str:
        """What to do about it here."""
        return self.cause.cure.format_map(self.values)


def found(cause: str, where: str = "", /, **values: Any) -> Finding:
    """The cause of that name, with what its templates need."""
    return Finding(CAUSES[cause], values, where)


SETUP, LIBRARIES, DESTINATIONS, MLFLOW, OUTBOX, CLOCK, TEST_SPAN = AREAS = (
    "Set-up",
    "Libraries",
    "Destinations",
    "MLflow",
    "Outbox",
    "Clock",
    "Test span",
)
"""In the order of the report and of the page."""

_PROBLEM, _WARNING = Level.PROBLEM, Level.WARNING

_ALL: Final = (
    Cause(
        "sdk-disabled",
        SETUP,
        _PROBLEM,
        "OTEL_SDK_DISABLED is {value}: OpenTelemetry is off, and nothing is traced.",
        "Unset OTEL_SDK_DISABLED, or set it to false.",
        "OpenTelemetry's own switch turns off every provider and exporter, whatever else is set.",
    ),
    Cause(
        "sdk-disabled-not-understood",
        SETUP,
        _WARNING,
        "OTEL_SDK_DISABLED is {value!r}, which turns nothing off.",
        "Set it to true to turn OpenTelemetry off, or unset it.",
        "OpenTelemetry's specification knows `true` alone (in any case); all else means `false`.",
    ),
    Cause(
        "config-file-missing",
        SETUP,
        _PROBLEM,
        "OTEL_CONFIG_FILE names {path}, which cannot be read: {reason}.",
        "Correct the path, or unset OTEL_CONFIG_FILE to be configured by the other variables.",
        "With `OTEL_CONFIG_FILE`, that file says it all, and the other variables are not looked at; without the file, "
        "there is no provider.",
    ),
    Cause(
        "config-file-wrong",
        SETUP,
        _PROBLEM,
        "{path}, which OTEL_CONFIG_FILE names, is not understood: {reason}",
        "Correct the file, or unset OTEL_CONFIG_FILE to be configured by the other variables.",
        "With a mistake in that file nothing is set up: the app runs, and nothing is recorded. Reading it takes "
        "`pip install opentelemetry-configuration`.",
    ),
    Cause(
        "distro-other",
        SETUP,
        _WARNING,
        "The distribution {chosen} is chosen in place of genspan's ({installed} are installed).",
        "Set OTEL_PYTHON_DISTRO=genspan to have genspan's.",
        "OpenTelemetry runs one distribution. genspan's precedes `opentelemetry-distro`, but not those of other "
        "vendors, and not one that `OTEL_PYTHON_DISTRO` names.",
    ),
    Cause(
        "configurator-other",
        SETUP,
        _WARNING,
        "OTEL_PYTHON_CONFIGURATOR is {chosen}: it sets up tracing in place of genspan's.",
        "Set OTEL_PYTHON_CONFIGURATOR=genspan to have genspan's.",
        "The configurator makes the providers. Another one may not know the `mlflow` exporter's defaults, and its "
        "resource does not name genspan.",
    ),
    Cause(
        "startup-failed",
        SETUP,
        _PROBLEM,
        "OpenTelemetry does not start in the app: {reason}",
        "See what is said above of settings and packages; opentelemetry-instrument python app.py shows it in full.",
        "The distribution was started as `opentelemetry-instrument` starts it, and failed. OpenTelemetry then logs "
        "`Failed to auto initialize OpenTelemetry`, and the app runs without it.",
    ),
    Cause(
        "content-unknown",
        SETUP,
        _PROBLEM,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is {value!r}: prompts and answers are not recorded.",
        "Set it to one of {allowed}.",
        "A value that is not understood counts as `NO_CONTENT`, the safe side.",
    ),
    Cause(
        "setting-not-understood",
        SETUP,
        _PROBLEM,
        "{name} is {value!r}, which is not understood.",
        "Set it to {allowed}, or unset it.",
        "The setting's default is used in its place, which is not what was asked for.",
    ),
    Cause(
        "policy-not-understood",
        SETUP,
        _PROBLEM,
        "{reason}",
        "Correct the variable, or unset it.",
        "A content policy that is not understood keeps all content from the destination, and redacts the rest: the "
        "safe side.",
    ),
    Cause(
        "policy-of-nobody",
        SETUP,
        _PROBLEM,
        "{name} does nothing: no exporter has that name.",
        "Use one of {known} in the variable's name.",
        "A slip here would let content out that was to be kept back, so it counts as a problem.",
    ),
    Cause(
        "disabled-unknown",
        SETUP,
        _WARNING,
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names {name!r}, and no instrumentor has that name.",
        "Use one of {known}.",
        "Instrumentors are named by their entry points; genspan's are `genspan_<library>`.",
    ),
    Cause(
        "library-none",
        LIBRARIES,
        _WARNING,
        "None of the libraries that genspan records is installed in {prefix}.",
        "Run genspan doctor with the Python of your app: its own virtual environment must hold genspan, too.",
        "genspan was perhaps installed in another environment than the app.",
    ),
    Cause(
        "library-too-old",
        LIBRARIES,
        _PROBLEM,
        "{library} {version} is installed, and genspan records {requirement}.",
        "pip install --upgrade {library}",
        "The library is not touched, and its calls make no spans.",
    ),
    Cause(
        "instrumentor-broken",
        LIBRARIES,
        _PROBLEM,
        "The instrumentor {name} cannot be loaded: {reason}.",
        "Install genspan anew: pip install --force-reinstall genspan",
        "Its package is not whole, or needs a newer version of another one.",
    ),
    Cause(
        "instrumentor-inactive",
        LIBRARIES,
        _PROBLEM,
        "The instrumentor {name} is not active in the app, though {library} {version} is supported and it is not "
        "disabled{reason}.",
        "See the other findings: something else has to be mended first, or another distribution leaves it out.",
        "The distribution was started as `opentelemetry-instrument` starts it, and this instrumentor was then asked.",
    ),
    Cause(
        "rival-installed",
        LIBRARIES,
        _WARNING,
        "{rivals} would record {library}, too, and {verb} off: genspan's instrumentor runs.",
        "Uninstall what is not needed. To have the other in place of genspan's: "
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={ours}",
        "Instrumentors of two vendors for one library would make two spans of every call, so one alone runs.",
    ),
    Cause(
        "rival-runs",
        LIBRARIES,
        _WARNING,
        "{library} is recorded by {rivals}: genspan's instrumentor stands aside.",
        "Set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={names} (to have genspan's), or to {ours} (to keep the other).",
        "Another distribution is in charge here, and turned the other on. Two would make two spans of every call.",
    ),
    Cause(
        "instrumented-twice",
        LIBRARIES,
        _PROBLEM,
        "{library} is recorded by genspan and by {rivals}: every call makes two spans.",
        "Set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={names} (to keep genspan's), or to {ours} (to keep the other).",
        "genspan's distribution turns the other off, but another distribution is in charge here.",
    ),
    Cause(
        "exporter-unknown",
        DESTINATIONS,
        _PROBLEM,
        "{variable} names {name!r}, an exporter that no installed package has: OpenTelemetry does not start.",
        "Use one of {known}, or install the package that has it.",
        "With one exporter that is not there, OpenTelemetry makes no provider at all.",
    ),
    Cause(
        "traces-nowhere",
        DESTINATIONS,
        _PROBLEM,
        "OTEL_TRACES_EXPORTER is none: spans are made and go nowhere.",
        "Unset OTEL_TRACES_EXPORTER (MLflow, and OTLP with an endpoint), or name the exporters.",
        "`none` is OpenTelemetry's word for no exporter.",
    ),
    Cause(
        "mlflow-not-chosen",
        DESTINATIONS,
        _WARNING,
        "MLFLOW_TRACKING_URI is set, but OTEL_TRACES_EXPORTER={exporters} sends no traces to MLflow.",
        "Set OTEL_TRACES_EXPORTER={exporters},mlflow, or unset it.",
        "A list of exporters that the user gives is not added to.",
    ),
    Cause(
        "protocol-unknown",
        DESTINATIONS,
        _PROBLEM,
        "{variable} is {value!r}, which OpenTelemetry for Python does not speak: it does not start.",
        "Set it to grpc or http/protobuf, or unset it: genspan finds out by the endpoint.",
        "OTLP has a third protocol, `http/json`, which the Python SDK has no exporter for.",
    ),
    Cause(
        "protocol-of-other-port",
        DESTINATIONS,
        _WARNING,
        "{signal} go to {endpoint} by {protocol}, and port {port} is registered for {other}.",
        "Set {variable}={other}, or use port {right}.",
        "By default, collectors take gRPC at 4317 and HTTP at 4318.",
    ),
    Cause(
        "endpoint-invalid",
        DESTINATIONS,
        _PROBLEM,
        "{signal} cannot go to {endpoint!r}: {reason}.",
        "Set {variable} to an address like http://collector:4318 or https://otlp.example.com.",
        "An OTLP endpoint is a URL with a scheme and a host; by gRPC it may also be `host:port`.",
    ),
    Cause(
        "host-unknown",
        DESTINATIONS,
        _PROBLEM,
        "{what} {verb} at {address}, and there is no host {host}: {reason}.",
        "Correct the name in {variable}, or the network's name service.",
        "The name was looked up and not found.",
    ),
    Cause(
        "connection-refused",
        DESTINATIONS,
        _PROBLEM,
        "{what} {verb} at {address}, where nothing listens (connection refused).",
        "Start what should listen there, or correct host and port in {variable}.",
        "The host answers, and no program has that port.",
    ),
    Cause(
        "no-answer",
        DESTINATIONS,
        _PROBLEM,
        "{what} {verb} at {address}, which does not answer: {reason}.",
        "Look for a firewall or a proxy in between (HTTPS_PROXY, NO_PROXY), or correct {variable}.",
        "A connection or a small request was tried for some seconds.",
    ),
    Cause(
        "tls-failed",
        DESTINATIONS,
        _PROBLEM,
        "The TLS of {address} is not trusted, or it speaks none: {reason}.",
        "Set {variable} to the file of those who sign its certificate, or use http:// where the server has no TLS.",
        "The certificate is not signed by anyone that this machine trusts, is for another name, or has expired.",
    ),
    Cause(
        "otlp-credentials",
        DESTINATIONS,
        _PROBLEM,
        "{address} refuses the credentials for {signal} (status {status}).",
        "Set the headers that the service asks for in OTEL_EXPORTER_OTLP_HEADERS, as in "
        "authorization=Bearer%20<token> (a space is %20).",
        "An empty request was sent, with the headers of the settings.",
    ),
    Cause(
        "otlp-path",
        DESTINATIONS,
        _PROBLEM,
        "{address} takes no {signal} (status {status}).",
        "OTEL_EXPORTER_OTLP_ENDPOINT is the base address, to which /v1/{path} is added; {variable} is the whole one.",
        "A server answers, but not at this path, or not to OTLP by HTTP.",
    ),
    Cause(
        "otlp-is-mlflow",
        DESTINATIONS,
        _PROBLEM,
        "{address} is an MLflow server: it takes OTLP's traces for one experiment alone, which no header names.",
        "Unset {variable}, and set MLFLOW_TRACKING_URI to the server's address.",
        "By its tracking URI an MLflow server gets whole traces: with names, previews, sessions and cost, by the "
        "experiment's name. It takes neither metrics nor events.",
    ),
    Cause(
        "otlp-refuses",
        DESTINATIONS,
        _PROBLEM,
        "{address} does not take {signal}: it answers with status {status}.",
        "Look into the log of the collector or service.",
        "An empty request of OTLP was answered with an error.",
    ),
    Cause(
        "prometheus-port",
        DESTINATIONS,
        _PROBLEM,
        "Prometheus is to be answered at {address}, which cannot be had: {reason}.",
        "Set {setting} to what is free on this machine, or send metrics over OTLP.",
        "OpenTelemetry does not start in a process that cannot have the address: neither metrics nor traces are made. "
        "An app in Python that answers Prometheus there is taken for yours, which is no problem.",
    ),
    Cause(
        "mlflow-switched-off",
        MLFLOW,
        _PROBLEM,
        "{variable} keeps all traces from MLflow.",
        "Unset it, or in Databricks model serving set ENABLE_MLFLOW_TRACING=true.",
        "MLflow's own switches: `ENABLE_MLFLOW_TRACING=false`, `MLFLOW_TRACE_SAMPLING_RATIO=0`, or Databricks model "
        "serving, where tracing must be asked for.",
    ),
    Cause(
        "mlflow-samples",
        MLFLOW,
        _WARNING,
        "MLFLOW_TRACE_SAMPLING_RATIO is {ratio}: MLflow gets that share of the traces.",
        "Unset it to have all of them.",
        "The others go to the other exporters alone.",
    ),
    Cause(
        "tracking-uri-unsupported",
        MLFLOW,
        _PROBLEM,
        "{reason}",
        "Set MLFLOW_TRACKING_URI to one of these.",
        "No store of this version writes to the tracking URI.",
    ),
    Cause(
        "file-not-writable",
        MLFLOW,
        _PROBLEM,
        "{path} cannot be written: {reason}.",
        "Give the user that runs the app the right to write the file and its folder (SQLite keeps its journal beside "
        "the file), or set MLFLOW_TRACKING_URI to a file elsewhere.",
        "The file or its folder is read-only, belongs to somebody else, or cannot be made.",
    ),
    Cause(
        "file-locked",
        MLFLOW,
        _PROBLEM,
        "{path} is locked by another process, for longer than {seconds:.0f} s.",
        "Find who holds it (fuser {path}); traces wait in the outbox meanwhile.",
        "SQLite lets one process write at a time. A transaction that somebody left open keeps all others out.",
    ),
    Cause(
        "file-not-mlflow",
        MLFLOW,
        _PROBLEM,
        "{path} is no database of MLflow's: {reason}.",
        "Set MLFLOW_TRACKING_URI to another file; one that is not there is made.",
        "It is damaged, something else, or an unfinished database of MLflow's.",
    ),
    Cause(
        "schema-unknown",
        MLFLOW,
        _PROBLEM,
        "{path} has MLflow's schema at revision {revision}, which genspan {version} does not know{lacking}.",
        "If a newer MLflow has made it: pip install --upgrade genspan. If an older one: "
        "mlflow db upgrade sqlite:///{path} (back it up first).",
        "What is written to unknown tables might be shown wrongly, so nothing is; traces wait in the outbox.",
    ),
    Cause(
        "disk-full",
        MLFLOW,
        _PROBLEM,
        "The disk of {path} has {free} left.",
        "Make room there, or set {variable} to another disk.",
        "Below {needed} SQLite's journal and a batch of traces do not fit.".replace("{needed}", "10 MB"),
    ),
    Cause(
        "mlflow-credentials",
        MLFLOW,
        _PROBLEM,
        "MLflow at {address} refuses these credentials (status {status}).",
        "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, to ones that may write.",
        "The server knows nobody of that name, password or token, or does not let them use the experiment.",
    ),
    Cause(
        "mlflow-not-there",
        MLFLOW,
        _PROBLEM,
        "{address} answers, but not as an MLflow server does: {reason}",
        "Correct MLFLOW_TRACKING_URI: scheme, host, port, and the path where a proxy adds one.",
        "Another program has that port, or a proxy answers in its place.",
    ),
    Cause(
        "experiment-unusable",
        MLFLOW,
        _PROBLEM,
        "{reason}",
        "Correct MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID; a name that is not there is created.",
        "The experiment that the settings name is not there, has been deleted, or its id and name do not agree.",
    ),
    Cause(
        "mlflow-fails",
        MLFLOW,
        _PROBLEM,
        "{reason}",
        "Look into the log of MLflow, and into docs/mlflow-destinations.md.",
        "MLflow could be asked, and failed for a reason of its own.",
    ),
    Cause(
        "outbox-folder",
        OUTBOX,
        _PROBLEM,
        "Traces that cannot be written now have nowhere to wait: {path} cannot be used ({reason}).",
        "Set GENSPAN_OUTBOX_DIR to a folder that the app may write to.",
        "They are held in memory then, and lost when the program ends.",
    ),
    Cause(
        "outbox-waiting",
        OUTBOX,
        _WARNING,
        "{traces} {verb} for {uri}, the oldest for {age}{reason}.",
        "What waits is written as soon as that is mended; genspan status --retry tries it now.",
        "A store that could not take traces gets them from the outbox later.",
    ),
    Cause(
        "outbox-rejected",
        OUTBOX,
        _PROBLEM,
        "{traces} for {uri} {verb} set aside: MLflow does not take {them}.",
        "genspan status shows why; --requeue tries them again, --discard deletes them.",
        "The store was asked, and will not take them as they are.",
    ),
    Cause(
        "outbox-dropped",
        OUTBOX,
        _PROBLEM,
        "{traces} for {uri} {verb} lost for want of room in the outbox.",
        "Mend what keeps traces from being written; genspan status --discard forgets what was lost.",
        "The outbox is bounded; when it is full, the oldest traces go.",
    ),
    Cause(
        "outbox-unreadable",
        OUTBOX,
        _PROBLEM,
        "The outbox cannot be read: {reason}.",
        "Have the user that runs the app run genspan doctor; move a damaged file away.",
        "It belongs to somebody else, is damaged, or is another version's.",
    ),
    Cause(
        "clock-differs",
        CLOCK,
        _WARNING,
        "The clock here is {difference} {direction} that of {address}.",
        "Have the machine's clock set by the network (NTP).",
        "Spans are dated by the clock of the machine that makes them: they are out of order beside those of others, "
        "and pages that show the last hour may not show them.",
    ),
    Cause(
        "clock-behind-traces",
        CLOCK,
        _WARNING,
        "The newest trace of {path} is {difference} in the future.",
        "Have the clocks of this machine, and of all that write to the file, set by the network (NTP).",
        "The clock here is slow, or that of whoever wrote the trace was fast.",
    ),
    Cause(
        "not-sampled",
        TEST_SPAN,
        _PROBLEM,
        "No test span is sampled ({sampler}): spans are not recorded.",
        "Unset OTEL_TRACES_SAMPLER, or set it to parentbased_always_on.",
        "Of {tries} spans the sampler took none.".replace("{tries}", "200"),
    ),
    Cause(
        "not-exported",
        TEST_SPAN,
        _PROBLEM,
        "The test span was not taken by {destination}: {reason}",
        "Mend what it says; then run genspan doctor again.",
        "A span was made in an app started as yours is, and its exporter failed.",
    ),
    Cause(
        "span-waits",
        TEST_SPAN,
        _PROBLEM,
        "The test span could not be written to {uri}: {reason}",
        "Mend what it says. Your app's traces wait in the outbox meanwhile: genspan status.",
        "A span was made in an app started as yours is, and MLflow did not take it.",
    ),
    Cause(
        "not-read-back",
        TEST_SPAN,
        _PROBLEM,
        "The test span was sent to {uri}, and its trace {trace_id} cannot be read there: {reason}",
        "Look into the log of MLflow. If reading alone is not allowed to you, use --no-send.",
        "MLflow took the trace and does not give it back.",
    ),
    Cause(
        "not-deleted",
        TEST_SPAN,
        _WARNING,
        "The test span's trace {trace_id} is still in {uri}: {reason}",
        "Delete it in MLflow's UI; it is named genspan doctor.",
        "The test span was written and read, and these credentials may not delete.",
    ),
    Cause(
        "no-end",
        TEST_SPAN,
        _PROBLEM,
        "A program that makes one span and ends was not done after {seconds:.0f} s.",
        "See the other findings; a destination that hangs, or an instrumentor of another vendor, may hold it up.",
        "It was started as `opentelemetry-instrument` starts your app.",
    ),
)

CAUSES: Final[Mapping[str, Cause]] = {cause.name: cause for cause in _ALL}
"""By name, in the order of the page."""
