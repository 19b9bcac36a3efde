"""What the file of `OTEL_CONFIG_FILE` says, and whether it is understood."""

from __future__ import annotations

import os
from collections.abc import Iterator

from genspan.distro.cli.doctor import policies, prometheus
from genspan.distro.cli.doctor.causes import Fact, Finding, found
from genspan.distro.config_file import silence
from genspan.exporters.content import ContentSettings

WHERE = "configuration"
"""Of findings."""


def check(path: str, content: ContentSettings, *, reach: bool = True) -> Iterator[Fact | Finding]:
    """The content policies of its exporters, and the ports at which it has Prometheus answered."""
    if not os.path.isfile(path):
        return  # Which `setup` tells.
    try:
        with silence():
            from opentelemetry.configuration import load_config_file

            config = load_config_file(path)
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being read is what is asked for
        yield found("config-file-wrong", WHERE, path=path, reason=error)
        return
    yield from policies.check_file(config, path, content)
    for endpoint in prometheus.of_file(config):
        yield prometheus.check(endpoint, reach=reach)
