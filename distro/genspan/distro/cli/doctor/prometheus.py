"""The port at which Prometheus asks a process for its metrics, which one process alone can have."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.environment_variables import (
    OTEL_CONFIG_FILE,
    OTEL_EXPORTER_PROMETHEUS_HOST,
    OTEL_EXPORTER_PROMETHEUS_PORT,
)

from genspan.distro.cli.doctor.causes import DESTINATIONS, Fact, Finding, found
from genspan.distro.cli.doctor.reach import PATIENCE

if TYPE_CHECKING:
    from opentelemetry.configuration.models import OpenTelemetryConfiguration
    from yaml import Node  # type: ignore[import-untyped]

WHERE: Final = "prometheus"
"""Of findings."""
HOST: Final = "localhost"
PORT: Final = 9464
"""By OpenTelemetry's specification, where the settings say none."""

_COMPONENT: Final = "prometheus/development"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Prometheus is to be answered."""

    host: str
    port: int
    setting: str
    """What names it: variables, or a place in the configuration file."""

    @property
    def address(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def of_variables(environ: Mapping[str, str]) -> Endpoint | Finding:
    """The endpoint of the exporter that `OTEL_METRICS_EXPORTER` names."""
    port = environ.get(OTEL_EXPORTER_PROMETHEUS_PORT, str(PORT))
    if not (port.strip().isdecimal() and int(port) < 2**16):
        return found(
            "setting-not-understood",
            WHERE,
            name=OTEL_EXPORTER_PROMETHEUS_PORT,
            value=port,
            allowed="a port, from 0 to 65535",
        )
    host = environ.get(OTEL_EXPORTER_PROMETHEUS_HOST, HOST)
    return Endpoint(host, int(port), f"{OTEL_EXPORTER_PROMETHEUS_HOST} or {OTEL_EXPORTER_PROMETHEUS_PORT}")


def of_file(config: OpenTelemetryConfiguration) -> Iterator[Endpoint]:
    """The endpoints in a configuration file."""
    for reader in config.meter_provider.readers if config.meter_provider else ():
        exporter = reader.pull.exporter.prometheus_development if reader.pull else None
        if exporter is not None:
            host = exporter.host if exporter.host is not None else HOST
            port = exporter.port if exporter.port is not None else PORT
            yield Endpoint(host, port, f"host or port of {_COMPONENT} in the file of OTEL_CONFIG_FILE")


def check(endpoint: Endpoint | Finding, *, reach: bool) -> Fact | Finding:
    """Whether a process can have it, or an app in Python has it already: the user's, as long as it runs."""
    if isinstance(endpoint, Finding):
        return endpoint
    told = f"prometheus, at {endpoint.address}"
    trouble = _listening(endpoint)
    if trouble is None:
        return Fact(DESTINATIONS, "metrics", told)
    if trouble.errno == errno.EADDRINUSE:
        holder = _holder(endpoint) if reach else "perhaps by your app"
        if holder is not None:
            return Fact(DESTINATIONS, "metrics", f"{told}: in use, {holder} ({endpoint.setting})")
        reason = "it is in use, by what does not answer as an app in Python does"
    else:
        reason = trouble.strerror or str(trouble)
    return found("prometheus-port", WHERE, address=endpoint.address, reason=reason, setting=endpoint.setting)


def elsewhere(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Variables by which a program has any port in place of the one that is set, which a running app may have.

    A configuration file is copied to the folder for that.
    """
    changed = {OTEL_EXPORTER_PROMETHEUS_PORT: "0"}
    path = environ.get(OTEL_CONFIG_FILE, "").strip()
    copied = _at_any_port(Path(path)) if path else None
    if copied is not None:
        copy = folder / "otel.yaml"
        copy.write_text(copied, encoding="utf-8")
        changed[OTEL_CONFIG_FILE] = str(copy)
    return changed


def _listening(endpoint: Endpoint) -> OSError | None:
    """What keeps a server from listening there, as prometheus-client has it listen."""
    try:
        family, *_, address = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            tried.listen()
    except OSError as error:
        return error
    return None


def _holder(endpoint: Endpoint) -> str | None:
    """Who answers there; None where it is no app in Python."""
    import requests

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(endpoint.host, endpoint.host)
    session = requests.Session()
    session.trust_env = False  # No proxy leads to this machine.
    with session:
        try:
            answer = session.get(f"http://{Endpoint(host, endpoint.port, '').address}/metrics", timeout=PATIENCE)
        except (requests.RequestException, ValueError):
            return None
        # Every prometheus-client says that, an app's that has measured nothing, too.
        return "by an app in Python: yours, if it runs" if "python_info{" in answer.text else None


def _at_any_port(path: Path) -> str | None:
    """The text of a configuration file with port 0; None where it answers no Prometheus, or cannot be read.

    References to variables stay as they are: what they stand for is read from the copy.
    """
    try:
        import yaml  # It comes with opentelemetry-configuration.

        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except Exception:  # noqa: BLE001 - the program fails by the same, and is heard
        return None
    exporters = [_under(reader, "pull", "exporter") for reader in _items(_under(root, "meter_provider", "readers"))]
    answering = [exporter for exporter in exporters if _under(exporter, _COMPONENT) is not None]
    for exporter in answering:
        exporter.value = [
            (name, _with_any_port(options) if name.value == _COMPONENT else options) for name, options in exporter.value
        ]
    return yaml.serialize(root, Dumper=yaml.SafeDumper) if answering else None


def _with_any_port(options: Node) -> Node:
    from yaml import MappingNode, ScalarNode

    kept = [(name, value) for name, value in _items(options) if name.value != "port"]
    any_port = ScalarNode("tag:yaml.org,2002:str", "port"), ScalarNode("tag:yaml.org,2002:int", "0")
    return MappingNode("tag:yaml.org,2002:map", [*kept, any_port])


def _under(node: Node | None, *path: str) -> Any:
    """The node at a path of names; None where there is none."""
    for name in path:
        node = next((value for key, value in _items(node, "mapping") if key.value == name), None)
    return node


def _items(node: Node | None, kind: str | None = None) -> list[Any]:
    """The items of a list, or the names and values of a mapping; none where it is neither, or not of that kind."""
    if node is None or node.id not in ((kind,) if kind else ("mapping", "sequence")):
        return []
    return list(node.value)
