"""`genspan doctor` where something is really broken: it names the cause, and nothing else.

Each set-up is a folder, variables, and what stands in the way; doctor is a program of its own, as users start it.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from genspan.distro.cli.doctor import tracking
from genspan.distro.cli.doctor.causes import Fact
from genspan.exporters.mlflow import MlflowSpanExporter
from support import app
from support.collector import collector
from support.ports import free_port
from support.scripted_server import Body, ScriptedServer, Stall
from support.site import install

pytestmark = pytest.mark.slow

TYPO = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPANS_ONLY"}


def doctor(folder: Path, *options: str, limit: int | None = None, **given: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    done = subprocess.run(
        [sys.executable, "-m", "genspan.distro.cli", "doctor", "--json", *options],
        cwd=folder,
        env=app.environment({"GENSPAN_OUTBOX_DIR": str(folder / "outbox"), **given}),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def causes(report: Mapping[str, Any], level: str = "problems") -> list[str]:
    return [finding["cause"] for finding in report[level]]


def said(report: Mapping[str, Any], cause: str) -> str:
    (finding,) = [one for one in (*report["problems"], *report["warnings"]) if one["cause"] == cause]
    return f"{finding['message']} {finding['cure']}"


def with_prometheus(port: object) -> str:
    """A configuration file; what it says beside the port must come through as it is."""
    return f"""
file_format: "1.1"
tracer_provider:
  processors:
    - batch: {{exporter: {{mlflow: {{tracking_uri: "${{STORE:-sqlite:///declared.db}}"}}}}}}
meter_provider:
  readers:
    - pull:
        exporter:
          prometheus/development:
            host: 127.0.0.1
            port: {port}
"""


def write_trace(path: Path, start: int = 10**18) -> None:
    exporter = MlflowSpanExporter(f"sqlite:///{path}")
    context = SpanContext(7, 1, is_remote=False)
    exporter.export([ReadableSpan(name="one", context=context, start_time=start, end_time=start + 1)])
    exporter.shutdown()


@dataclass
class SetUp:
    """A folder to break things in; what has to be undone afterwards is given to `undo`."""

    folder: Path
    undo: ExitStack
    given: dict[str, str] = field(default_factory=dict)
    limit: int | None = None

    @property
    def file(self) -> Path:
        return self.folder / "mlflow.db"

    @property
    def site(self) -> Path:
        """A folder of installed packages, found before those of the environment."""
        self.given["PYTHONPATH"] = str(self.folder / "site")
        return self.folder / "site"

    def sql(self, *statements: str) -> None:
        write_trace(self.file)
        with sqlite3.connect(self.file) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def server(self, *answers: Any) -> ScriptedServer:
        server = self.undo.enter_context(ScriptedServer())
        server.script(*answers)
        return server


def nothing_listens(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"http://127.0.0.1:{free_port()}/v1/traces"


def nothing_listens_by_grpc(broken: SetUp) -> None:
    port = free_port()
    broken.given |= {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{port}"}
    broken.given |= {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


def no_such_host(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://collector.invalid:4318/v1/traces"


def wrong_credentials_for_otlp(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = broken.server(Body(b"", 401)).url
    broken.given["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20of-a-secret"


def wrong_path(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = broken.server(Body(b"", 404)).url


def mlflow_where_a_collector_should_be(broken: SetUp) -> None:
    # What MLflow 3.17.2 answers where the header is missing.
    missing = b'{"detail":[{"type":"missing","loc":["header","x-mlflow-experiment-id"],"msg":"Field required"}]}'
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{broken.server(Body(missing, 422)).url}/v1/traces"


def collector_that_hangs(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = broken.server(Stall()).url


def tls_where_there_is_none(broken: SetUp) -> None:
    url = broken.server(Body(b"")).url.replace("http:", "https:")
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = url


def endpoint_without_scheme(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_ENDPOINT"] = "collector"
    broken.given["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    broken.given |= {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


def endpoint_with_half_a_bracket(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://ada:secret@[::1"


def endpoint_with_a_wrong_port(broken: SetUp) -> None:
    broken.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://localhost:99999/v1/traces"


def unknown_protocol(broken: SetUp) -> None:
    broken.given |= {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}


def unknown_exporter(broken: SetUp) -> None:
    broken.given["OTEL_TRACES_EXPORTER"] = "mlfow"


def no_exporter(broken: SetUp) -> None:
    broken.given["OTEL_TRACES_EXPORTER"] = "none"


def sdk_disabled(broken: SetUp) -> None:
    broken.given["OTEL_SDK_DISABLED"] = "true"


def content_off_by_typo(broken: SetUp) -> None:
    broken.given |= TYPO


def setting_misspelt(broken: SetUp) -> None:
    broken.given["GENSPAN_LANGCHAIN_STEPS"] = "some"


def policy_misspelt(broken: SetUp) -> None:
    broken.given["GENSPAN_MLFLOW_CONTENT"] = "maybe"


def policy_of_nobody(broken: SetUp) -> None:
    broken.given["GENSPAN_OLTP_CONTENT"] = "false"


def sampled_away(broken: SetUp) -> None:
    broken.given["OTEL_TRACES_SAMPLER"] = "always_off"


def config_file_missing(broken: SetUp) -> None:
    broken.given["OTEL_CONFIG_FILE"] = "otel.yaml"


def config_file_wrong(broken: SetUp) -> None:
    (broken.folder / "otel.yaml").write_text("file_format: '1.1'\ntracer_provider: {processors: [{batch: 7}]}\n")
    broken.given["OTEL_CONFIG_FILE"] = "otel.yaml"


def policy_wrong_in_the_config_file(broken: SetUp) -> None:
    (broken.folder / "otel.yaml").write_text(
        "file_format: '1.1'\ntracer_provider: {processors: ["
        "{batch: {exporter: {genspan_content: {content: flase, exporter: {mlflow: }}}}}]}\n"
    )
    broken.given["OTEL_CONFIG_FILE"] = "otel.yaml"


def policy_misspelt_beside_a_config_file(broken: SetUp) -> None:
    (broken.folder / "otel.yaml").write_text(
        "file_format: '1.1'\ntracer_provider: {processors: [{batch: {exporter: {mlflow: }}}]}\n"
    )
    broken.given |= {"OTEL_CONFIG_FILE": "otel.yaml", "GENSPAN_MLFLOW_CONTENT": "flase"}


def prometheus_port_of_another_program(broken: SetUp) -> None:
    port = urlsplit(broken.server(Body(b"<html>", 200, "text/html")).url).port
    broken.given |= {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": str(port)}


def prometheus_port_of_another_program_in_the_config_file(broken: SetUp) -> None:
    port = urlsplit(broken.server(Body(b"<html>", 200, "text/html")).url).port
    (broken.folder / "otel.yaml").write_text(with_prometheus(port))
    broken.given["OTEL_CONFIG_FILE"] = "otel.yaml"


def prometheus_address_of_another_machine(broken: SetUp) -> None:
    broken.given |= {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST": "192.0.2.1"}


def prometheus_port_misspelt(broken: SetUp) -> None:
    broken.given |= {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "http"}


def distro_that_fails(broken: SetUp) -> None:
    point = "[opentelemetry_distro]\nacme = acme_distro:Distro\n"
    install(broken.site, "acme-distro", point, acme_distro="raise RuntimeError('bad day')")
    broken.given["OTEL_PYTHON_DISTRO"] = "acme"


def library_too_old(broken: SetUp) -> None:
    install(broken.site, "openai", "")
    (broken.site / "openai-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: openai\nVersion: 0.28\n"
    )


def other_distribution_and_two_instrumentors(broken: SetUp, name: str = "Instrumentor") -> None:
    instrumentor = f"""
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

class {name}(BaseInstrumentor):
    def instrumentation_dependencies(self):
        return ()

    def _instrument(self, **kwargs):
        pass

    def _uninstrument(self, **kwargs):
        pass
"""
    plain = "from opentelemetry.instrumentation.distro import BaseDistro\nclass Distro(BaseDistro):\n"
    plain += "    def _configure(self, **kwargs):\n        pass\n"
    point = f"[opentelemetry_instrumentor]\nopenai = acme_openai:{name}\n"
    install(broken.site, "acme-openai", point, acme_openai=instrumentor)
    install(broken.site, "acme-distro", "[opentelemetry_distro]\nacme = acme_distro:Distro\n", acme_distro=plain)
    broken.given["OTEL_PYTHON_DISTRO"] = "acme"


def file_locked(broken: SetUp) -> None:
    broken.sql()
    connection = sqlite3.connect(broken.file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    broken.undo.callback(connection.close)


def newer_schema(broken: SetUp) -> None:
    broken.sql("UPDATE alembic_version SET version_num = 'a5c0ffee2030'")


def not_a_database(broken: SetUp) -> None:
    broken.file.write_text("no database at all, but text\n" * 100)


def somebody_elses_database(broken: SetUp) -> None:
    with sqlite3.connect(broken.file) as connection:
        connection.execute("CREATE TABLE customers (id)")
    connection.close()


def folder_read_only(broken: SetUp) -> None:
    # Nobody may write there, not even root.
    broken.given["MLFLOW_TRACKING_URI"] = "sqlite:////proc/mlflow.db"


def disk_full(broken: SetUp) -> None:
    """A limit on the size of files stands in for the disk."""
    broken.sql()
    broken.limit = 200_000


def folder_of_plain_files(broken: SetUp) -> None:
    broken.given["MLFLOW_TRACKING_URI"] = "./mlruns"


def experiment_deleted(broken: SetUp) -> None:
    broken.sql("UPDATE experiments SET lifecycle_stage = 'deleted'")


def experiment_missing(broken: SetUp) -> None:
    broken.sql()
    broken.given["MLFLOW_EXPERIMENT_ID"] = "77"


def mlflow_not_started(broken: SetUp) -> None:
    broken.given["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{free_port()}"


def wrong_credentials_for_mlflow(broken: SetUp) -> None:
    broken.given["MLFLOW_TRACKING_URI"] = broken.server(Body(b"", 401)).url.replace("//", "//ada:a-secret@")


def another_server(broken: SetUp) -> None:
    broken.given["MLFLOW_TRACKING_URI"] = broken.server(Body(b"<html>", 200, "text/html")).url


def tracing_switched_off(broken: SetUp) -> None:
    broken.given["ENABLE_MLFLOW_TRACING"] = "false"


def outbox_nowhere(broken: SetUp) -> None:
    broken.given["GENSPAN_OUTBOX_DIR"] = "/proc/outbox"


def traces_set_aside(broken: SetUp) -> None:
    os.environ["GENSPAN_OUTBOX_DIR"] = str(broken.folder / "outbox")
    try:
        write_trace(broken.file, start=2**70)
    finally:
        del os.environ["GENSPAN_OUTBOX_DIR"]


BROKEN: Mapping[Callable[[SetUp], None], tuple[str, ...]] = {
    nothing_listens: ("connection-refused",),
    nothing_listens_by_grpc: ("connection-refused",),
    no_such_host: ("host-unknown",),
    wrong_credentials_for_otlp: ("otlp-credentials",),
    wrong_path: ("otlp-path",),
    mlflow_where_a_collector_should_be: ("otlp-is-mlflow",),
    collector_that_hangs: ("no-answer",),
    tls_where_there_is_none: ("tls-failed",),
    endpoint_without_scheme: ("endpoint-invalid",),
    endpoint_with_half_a_bracket: ("endpoint-invalid",),
    endpoint_with_a_wrong_port: ("endpoint-invalid",),
    unknown_protocol: ("protocol-unknown",),
    unknown_exporter: ("exporter-unknown",),
    no_exporter: ("traces-nowhere",),
    sdk_disabled: ("sdk-disabled",),
    content_off_by_typo: ("content-unknown",),
    setting_misspelt: ("setting-not-understood",),
    policy_misspelt: ("policy-not-understood",),
    policy_of_nobody: ("policy-of-nobody",),
    sampled_away: ("not-sampled",),
    config_file_missing: ("config-file-missing",),
    config_file_wrong: ("config-file-wrong",),
    policy_wrong_in_the_config_file: ("config-file-wrong",),
    policy_misspelt_beside_a_config_file: ("policy-not-understood",),
    prometheus_port_of_another_program: ("prometheus-port",),
    prometheus_port_of_another_program_in_the_config_file: ("prometheus-port",),
    prometheus_address_of_another_machine: ("prometheus-port",),
    prometheus_port_misspelt: ("setting-not-understood",),
    distro_that_fails: ("startup-failed",),
    library_too_old: ("library-too-old",),
    other_distribution_and_two_instrumentors: ("instrumented-twice",),
    file_locked: ("file-locked",),
    newer_schema: ("schema-unknown",),
    not_a_database: ("file-not-mlflow",),
    somebody_elses_database: ("file-not-mlflow",),
    folder_read_only: ("file-not-writable",),
    disk_full: ("span-waits",),
    folder_of_plain_files: ("tracking-uri-unsupported",),
    experiment_deleted: ("experiment-unusable",),
    experiment_missing: ("experiment-unusable",),
    mlflow_not_started: ("connection-refused",),
    wrong_credentials_for_mlflow: ("mlflow-credentials",),
    another_server: ("mlflow-not-there",),
    tracing_switched_off: ("mlflow-switched-off",),
    outbox_nowhere: ("outbox-folder",),
    traces_set_aside: ("outbox-rejected",),
}


@contextmanager
def set_up(folder: Path, breaks: Callable[[SetUp], None]) -> Iterator[SetUp]:
    with ExitStack() as undo:
        broken = SetUp(folder, undo)
        breaks(broken)
        yield broken


@pytest.mark.parametrize(("breaks", "expected"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_the_cause_is_named(breaks: Callable[[SetUp], None], expected: tuple[str, ...], tmp_path: Path) -> None:
    with set_up(tmp_path, breaks) as broken:
        code, report = doctor(tmp_path, limit=broken.limit, **broken.given)
    assert tuple(causes(report)) == expected, report
    assert (code, report["ok"]) == (1, False)
    assert "secret" not in json.dumps(report)


def test_where_all_is_well_a_span_is_written_and_read_back_and_nothing_stays(tmp_path: Path) -> None:
    write_trace(tmp_path / "mlflow.db")
    with collector() as received:
        code, report = doctor(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=received.url)
        assert [span.name for span in received.spans] == ["genspan doctor"]
    assert (code, report["problems"], report["warnings"]) == (0, [], [])
    told = {(fact["area"], fact["subject"]): fact["told"] for fact in report["facts"]}
    assert told["Test span", "MLflow"].startswith("written, read back")
    assert told["Test span", "taken by"] == "OTLP"
    assert told["Libraries", "openai"].endswith("genspan_openai is active")
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        assert connection.execute("SELECT count(*) FROM trace_info").fetchone() == (1,)
    connection.close()


def test_policies_are_told_and_the_span_goes_through_them(tmp_path: Path) -> None:
    code, report = doctor(tmp_path, GENSPAN_MLFLOW_CONTENT_LIMIT="100", GENSPAN_REDACT="secrets")
    assert (code, report["problems"]) == (0, [])
    told = {(fact["area"], fact["subject"]): fact["told"] for fact in report["facts"]}
    assert told["Set-up", "content to mlflow"] == "cut at 100 characters, redacted"
    assert told["Test span", "MLflow"].startswith("written, read back")


POLICIES = """
file_format: "1.1"
tracer_provider:
  processors:
    - batch: {exporter: {mlflow: {tracking_uri: "sqlite:///declared.db"}}}
    - batch:
        exporter:
          genspan_content:
            redact: [email]
            limit: 10000
            exporter: {otlp_http: {endpoint: "http://ada:hidden@127.0.0.1:9/v1/traces"}}
    - simple:
        exporter:
          genspan_content:
            content: ${PROMPTS:-false}
            exporter: {console: }
logger_provider:
  processors:
    - batch: {exporter: {otlp_grpc: }}
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {},
            [
                ("content to mlflow", "all of it: traces to sqlite:///declared.db"),
                ("content to otlp_http", "cut at 10,000 characters, redacted: traces to http://127.0.0.1:9/v1/traces"),
                ("content to console", "none of it: traces"),
                ("content to otlp_grpc", "all of it: logs"),
            ],
        ),
        (
            {"GENSPAN_CONTENT_LIMIT": "9", "GENSPAN_OTLP_CONTENT": "false", "PROMPTS": "true"},
            [
                ("content to mlflow", "cut at 9 characters: traces to sqlite:///declared.db"),
                ("content to otlp_http", "cut at 10,000 characters, redacted: traces to http://127.0.0.1:9/v1/traces"),
                ("content to console", "all of it: traces"),
                ("content to otlp_grpc", "none of it: logs"),
            ],
        ),
    ],
    ids=["of the file", "of variables, too"],
)
def test_policies_of_a_configuration_file_are_told(
    given: dict[str, str], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "otel.yaml").write_text(POLICIES)
    code, report = doctor(tmp_path, "--no-send", OTEL_CONFIG_FILE="otel.yaml", **given)
    assert (code, report["problems"]) == (0, [])
    told = [(fact["subject"], fact["told"]) for fact in report["facts"] if fact["subject"].startswith("content to")]
    assert told == expected


DECLARED = """
file_format: "1.1"
tracer_provider:
  processors:
    - batch: {exporter: {mlflow: {tracking_uri: "sqlite:///declared.db"}}}
instrumentation/development:
  python:
    genspan_openai: {capture: NO_CONTENT}
    genspan_langchain: {enabled: false}
"""


def test_an_instrumentor_that_the_configuration_file_turns_off_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(DECLARED)
    code, report = doctor(tmp_path, OTEL_CONFIG_FILE="otel.yaml")
    assert (code, report["problems"], report["warnings"]) == (0, [], [])
    told = {fact["subject"]: fact["told"] for fact in report["facts"]}
    assert told["openai"].endswith("genspan_openai is active")
    assert told["content"].endswith("(SPAN_ONLY, the default; where the configuration file says nothing else)")
    assert told["langchain-core"].endswith("off: the configuration file has genspan_langchain disabled")


def test_what_is_so_for_three_signals_is_said_once(tmp_path: Path) -> None:
    given = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert causes(doctor(tmp_path, "--no-send", **given)[1]) == ["protocol-unknown"]


def test_a_configuration_file_without_policies_has_none_told(tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(with_prometheus(0))
    report = doctor(tmp_path, "--no-send", OTEL_CONFIG_FILE="otel.yaml")[1]
    assert report["problems"] == []
    assert not [fact for fact in report["facts"] if fact["subject"].startswith("content to")]


@pytest.mark.parametrize("is_declared", [False, True], ids=["by variables", "by a file"])
def test_beside_an_app_that_prometheus_asks(is_declared: bool, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.prometheus")
    port = str(free_port())
    if is_declared:
        (tmp_path / "otel.yaml").write_text(with_prometheus("${PORT}"))
        given, setting = {"OTEL_CONFIG_FILE": "otel.yaml", "PORT": port}, "OTEL_CONFIG_FILE"
    else:
        given = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": port}
        setting = "OTEL_EXPORTER_PROMETHEUS_PORT"
    with app.start("print('up', flush=True); input()", tmp_path, given, stdin=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        code, report = doctor(tmp_path, **given)
        running.communicate("done\n", timeout=30)
    assert (code, report["problems"], report["warnings"]) == (0, [], [])
    told = {fact["subject"]: fact["told"] for fact in report["facts"]}
    assert f"{port}: in use, by an app in Python" in told["metrics"]
    assert setting in told["metrics"]
    assert told["MLflow"].startswith("written, read back")
    assert told["openai"].endswith("genspan_openai is active")
    code, report = doctor(tmp_path, "--no-send", **given)
    assert f"prometheus, at {'127.0.0.1' if is_declared else 'localhost'}:{port}" in json.dumps(report["facts"])
    assert "in use" not in json.dumps(report["facts"])


def test_without_sending_nothing_is_written(tmp_path: Path) -> None:
    code, report = doctor(tmp_path, "--no-send")
    assert (code, report["problems"]) == (0, [])
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]


def test_a_rival_is_a_warning_that_says_how_to_choose(tmp_path: Path) -> None:
    point = "[opentelemetry_instrumentor]\nopenai = acme_openai:Instrumentor\n"
    install(tmp_path / "site", "acme-openai", point, acme_openai="")
    code, report = doctor(tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert (code, causes(report), causes(report, "warnings")) == (0, [], ["rival-installed"])
    assert "acme-openai" in said(report, "rival-installed")
    assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=genspan_openai" in said(report, "rival-installed")
    assert doctor(tmp_path, "--strict", "--no-send", PYTHONPATH=str(tmp_path / "site"))[0] == 1


def test_a_rival_that_another_distribution_turned_on_is_a_warning(tmp_path: Path) -> None:
    def breaks(broken: SetUp) -> None:
        other_distribution_and_two_instrumentors(broken, "OpenAIInstrumentor")

    with set_up(tmp_path, breaks) as broken:
        code, report = doctor(tmp_path, **broken.given)
    assert (code, causes(report)) == (0, [])
    assert "rival-runs" in causes(report, "warnings")
    assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai (to have genspan's)" in said(report, "rival-runs")


def test_what_the_user_turned_off_is_no_problem(tmp_path: Path) -> None:
    code, report = doctor(tmp_path, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="genspan_openai")
    assert (code, report["problems"], report["warnings"]) == (0, [], [])
    (openai,) = [fact["told"] for fact in report["facts"] if fact["subject"] == "openai"]
    assert "off: OTEL_PYTHON_DISABLED_INSTRUMENTATIONS holds genspan_openai" in openai


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        ({"OTEL_SDK_DISABLED": "1"}, "sdk-disabled-not-understood"),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "genspan_opnai"}, "disabled-unknown"),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai"}, "disabled-unknown"),
        ({"MLFLOW_TRACE_SAMPLING_RATIO": "0.5"}, "mlflow-samples"),
        ({"OTEL_TRACES_EXPORTER": "console", "MLFLOW_TRACKING_URI": "sqlite:///a.db"}, "mlflow-not-chosen"),
    ],
)
def test_warnings(given: dict[str, str], warning: str, tmp_path: Path) -> None:
    code, report = doctor(tmp_path, "--no-send", **given)
    assert (code, causes(report, "warnings")) == (0, [warning])


def test_a_trace_of_the_future_betrays_the_clock(tmp_path: Path) -> None:
    write_trace(tmp_path / "mlflow.db", start=4 * 10**18)
    report = doctor(tmp_path, "--no-send")[1]
    assert causes(report, "warnings") == ["clock-behind-traces"]


def test_a_server_with_another_date_betrays_the_clock(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.script(Body(b"", headers={"Date": "Tue, 01 Nov 2022 10:00:00 GMT"}))
        report = doctor(tmp_path, "--no-send", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url)[1]
    assert causes(report, "warnings") == ["clock-differs"]
    assert "ahead of" in said(report, "clock-differs")


def test_traces_that_wait_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    (tmp_path / "mlflow.db").mkdir()
    write_trace(tmp_path / "mlflow.db")
    (tmp_path / "mlflow.db").rmdir()
    code, report = doctor(tmp_path)
    assert (code, causes(report), causes(report, "warnings")) == (0, [], ["outbox-waiting"])
    assert said(report, "outbox-waiting").startswith("1 trace waits for sqlite:////")


def test_traces_of_another_app_that_wait_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSPAN_OUTBOX_DIR", str(tmp_path / "outbox"))
    (tmp_path / "theirs.db").mkdir()
    write_trace(tmp_path / "theirs.db")
    code, report = doctor(tmp_path, "--no-send")
    assert (code, causes(report), causes(report, "warnings")) == (0, [], [])
    told = {fact["subject"]: fact["told"] for fact in report["facts"] if fact["area"] == "Outbox"}
    assert told["waiting"] == "nothing"
    assert f"sqlite:///{tmp_path}/theirs.db" in told["of other apps"]
    report = doctor(tmp_path, "--no-send", MLFLOW_TRACKING_URI="sqlite:///theirs.db")[1]
    assert "outbox-waiting" in causes(report, "warnings")


@pytest.mark.parametrize(
    ("package", "told"), [("genai-prices", "by genai-prices "), ("no-prices", "pip install 'genspan[prices]'")]
)
def test_where_prices_come_from_is_told(package: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "PRICES", package)
    facts = [one for one in tracking.check({}, reach=False) if isinstance(one, Fact) and one.subject == "cost"]
    assert [told in fact.told for fact in facts] == [True]


@pytest.mark.parametrize("limit", [200_000, 20_000])
def test_a_full_disk_is_named_where_the_outbox_has_room_and_where_it_has_none(limit: int, tmp_path: Path) -> None:
    with set_up(tmp_path, disk_full):
        report = doctor(tmp_path, limit=limit)[1]
    assert "disk" in said(report, "span-waits")
