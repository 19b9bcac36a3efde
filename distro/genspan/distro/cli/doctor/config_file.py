"""What the file of `OTEL_CONFIG_FILE` says, and whether it is understood."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from genspan.distro.cli.doctor import policies, prometheus
from genspan.distro.cli.doctor.causes import Fact, Finding, found
from genspan.exporters.content import ContentSettings

WHERE = "configuration"
"""Of findings."""


def check(path: str, content: ContentSettings, *, reach: bool = True) -> Iterator[Fact | Finding]:
    """The content policies of its exporters, and the ports at which it has Prometheus answered."""
    if not os.path.isfile(path):
        return  # Which `setup` tells.
    try:
        with _silence():
            from opentelemetry.configuration import load_config_file

            config = load_config_file(path)
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being read is what is asked for
        yield found("config-file-wrong", WHERE, path=path, reason=error)
        return
    yield from policies.check_file(config, path, content)
    for endpoint in prometheus.of_file(config):
        yield prometheus.check(endpoint, reach=reach)


@contextmanager
def _silence() -> Iterator[None]:
    """What OpenTelemetry would log of the file goes nowhere: it is said in the report."""
    logger = logging.getLogger("opentelemetry.configuration")
    nowhere, propagated = logging.NullHandler(), logger.propagate
    logger.addHandler(nowhere)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(nowhere)
