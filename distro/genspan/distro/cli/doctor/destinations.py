"""Where traces, metrics and logs go, and whether that can be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.environment_variables import OTEL_METRICS_EXPORTER, OTEL_TRACES_EXPORTER
from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_CERTIFICATE,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_EXPORTER_OTLP_PROTOCOL,
)
from opentelemetry.util._importlib_metadata import entry_points
from opentelemetry.util.re import parse_env_headers

from genspan.distro.cli.doctor import prometheus
from genspan.distro.cli.doctor.causes import CLOCK, DESTINATIONS, Fact, Finding, found
from genspan.distro.cli.doctor.clock import differing
from genspan.distro.cli.doctor.reach import Place, ask, connect, is_proxied
from genspan.distro.settings import SIGNALS, Signal
from genspan.exporters.mlflow.tracking import MLFLOW_TRACKING_URI

PROTOCOLS: Final = {"grpc": 4317, "http/protobuf": 4318}
"""What the Python SDK speaks, and the ports that are registered for it."""

OTLP: Final = {"otlp": None, "otlp_proto_grpc": "grpc", "otlp_proto_http": "http/protobuf"}
"""OTLP exporters, and the protocol of those that have but one."""


def check(given: Mapping[str, str], defaults: Mapping[str, str], *, reach: bool = True) -> Iterator[Fact | Finding]:
    """The exporters of each signal. `defaults` is what the distribution adds to the variables that are given."""
    environ = {**given, **defaults}
    for signal in SIGNALS:
        names = exporters(environ, signal)
        yield from _known(signal, names)
        if signal.exporter == OTEL_TRACES_EXPORTER:
            yield from _of_traces(given, names)
        for name in names:
            if name in OTLP:
                yield from _otlp(environ, signal, name, reach=reach)
            elif name == "prometheus" and signal.exporter == OTEL_METRICS_EXPORTER:
                yield prometheus.check(prometheus.of_variables(environ), reach=reach)
            elif name not in ("mlflow", "none"):
                yield Fact(DESTINATIONS, kind(signal), name)
        if not names:
            yield Fact(DESTINATIONS, kind(signal), "not exported")


def exporters(environ: Mapping[str, str], signal: Signal) -> list[str]:
    """Names of a signal's exporters."""
    return [name.strip() for name in environ.get(signal.exporter, "").split(",") if name.strip()]


def kind(signal: Signal) -> str:
    """`traces`, `metrics` or `logs`."""
    return signal.exporter.removeprefix("OTEL_").removesuffix("_EXPORTER").lower()


def _known(signal: Signal, names: list[str]) -> Iterator[Finding]:
    groups = [f"opentelemetry_{kind(signal)}_exporter"]
    known = {point.name for group in groups for point in entry_points(group=group)} | {"none"}
    offered = sorted(known | ({"otlp"} if known & OTLP.keys() else set()))
    for name in names:
        if name not in offered and not (name in ("console", "prometheus") and name in known):
            yield found("exporter-unknown", kind(signal), variable=signal.exporter, name=name, known=", ".join(offered))


def _of_traces(given: Mapping[str, str], names: list[str]) -> Iterator[Finding]:
    if names in ([], ["none"]):
        yield found("traces-nowhere", "traces")
    elif "mlflow" not in names and given.get(MLFLOW_TRACKING_URI):
        yield found("mlflow-not-chosen", exporters=",".join(names))


def _otlp(environ: Mapping[str, str], signal: Signal, name: str, *, reach: bool) -> Iterator[Fact | Finding]:
    variable = signal.protocol if environ.get(signal.protocol) else OTEL_EXPORTER_OTLP_PROTOCOL
    protocol = OTLP[name] or (environ.get(variable) or "grpc").strip()
    if protocol not in PROTOCOLS:
        yield found("protocol-unknown", kind(signal), variable=variable, value=protocol)
        return
    place = _place(environ, signal, protocol)
    where = _address(place.url, protocol)
    if isinstance(where, str):
        yield found(
            "endpoint-invalid",
            place.where,
            signal=place.what,
            endpoint=place.shown,
            reason=where,
            variable=place.variable,
        )
        return
    host, port = where
    told = f"OTLP, {protocol}, {place.shown}{_headers_told(environ, signal)}"
    (other,) = PROTOCOLS.keys() - {protocol}
    if port == PROTOCOLS[other]:
        yield found(
            "protocol-of-other-port",
            signal=place.what,
            endpoint=place.shown,
            protocol=protocol,
            port=port,
            other=other,
            right=PROTOCOLS[protocol],
            variable=OTEL_EXPORTER_OTLP_PROTOCOL,
        )
    trouble = None
    if reach:
        if not (protocol != "grpc" and is_proxied(place.url)):
            trouble = connect(place, host, port)
        if trouble is None and protocol == "http/protobuf":
            for said in _by_http(environ, signal, place):
                trouble = said if isinstance(said, Finding) and said.cause.area != CLOCK else trouble
                yield said
        elif trouble is not None:
            yield trouble
    if trouble is None:
        yield Fact(DESTINATIONS, kind(signal), told + (", reached" if reach else ""))


def _place(environ: Mapping[str, str], signal: Signal, protocol: str) -> Place:
    """Where the exporter sends to, by OpenTelemetry's rules: a signal's own endpoint is taken as it stands."""
    own = environ.get(signal.endpoint, "").strip()
    base = environ.get(OTEL_EXPORTER_OTLP_ENDPOINT, "").strip() or f"http://localhost:{PROTOCOLS[protocol]}"
    path = f"/v1/{kind(signal)}" if protocol == "http/protobuf" else ""
    return Place(
        own or base.rstrip("/") + path,
        what=kind(signal).capitalize(),
        verb="go to OTLP",
        variable=signal.endpoint if own else OTEL_EXPORTER_OTLP_ENDPOINT,
        certificate_variable=OTEL_EXPORTER_OTLP_CERTIFICATE,
        where=f"otlp {kind(signal)}",
    )


def _address(url: str, protocol: str) -> tuple[str, int] | str:
    """Host and port; else what is wrong with the URL."""
    try:
        parts = urlsplit(url)
        if protocol == "grpc" and parts.scheme not in ("http", "https"):
            parts = urlsplit(f"//{url}")
        elif parts.scheme not in ("http", "https"):
            return "it does not begin with http:// or https://"
        port = parts.port
    except ValueError as error:
        return str(error)
    if not parts.hostname:
        return "it names no host"
    return parts.hostname, port or (443 if parts.scheme == "https" else 80 if parts.scheme == "http" else 4317)


def _of(environ: Mapping[str, str], signal: Signal, general: str) -> str | None:
    """The value of a signal's own variable, else of the general one."""
    own = general.replace("OTLP_", f"OTLP_{kind(signal).upper()}_")
    return environ.get(own) or environ.get(general) or None


def _headers_told(environ: Mapping[str, str], signal: Signal) -> str:
    names = parse_env_headers(_of(environ, signal, OTEL_EXPORTER_OTLP_HEADERS) or "", liberal=True)
    return f", with the headers {', '.join(sorted(names))}" if names else ""


def _by_http(environ: Mapping[str, str], signal: Signal, place: Place) -> Iterator[Finding]:
    """Sends a request without any telemetry in it, which OTLP allows."""
    headers = parse_env_headers(_of(environ, signal, OTEL_EXPORTER_OTLP_HEADERS) or "", liberal=True)
    answer = ask(
        place,
        "POST",
        headers={"Content-Type": "application/x-protobuf", "User-Agent": "genspan doctor", **headers},
        verify=_of(environ, signal, OTEL_EXPORTER_OTLP_CERTIFICATE),
        certificate=_of(environ, signal, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE),
        body=b"",
    )
    if isinstance(answer, Finding):
        yield answer
        return
    told = {"signal": kind(signal), "status": answer.status}
    if answer.status == 422 and "x-mlflow-experiment-id" in answer.text:
        yield place.found("otlp-is-mlflow", **told)
    elif answer.status in (401, 403, 407):
        yield place.found("otlp-credentials", **told)
    elif answer.status in (404, 405) or 300 <= answer.status < 400:
        yield place.found("otlp-path", path=kind(signal), **{**told, "variable": signal.endpoint})
    elif not 200 <= answer.status < 300 and answer.status != 400:  # Some take nothing for a mistake.
        yield place.found("otlp-refuses", **told)
    yield from differing(answer.ahead, place.shown)
