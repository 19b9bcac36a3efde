"""What of content goes to which destination, and whether the settings of that are understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from genspan.distro.cli.doctor.causes import SETUP, Fact, Finding, found
from genspan.distro.cli.doctor.reach import shown
from genspan.distro.config_file import name_of, processors
from genspan.exporters.content import ContentPolicy, ContentSettings
from genspan.exporters.content.settings import COMPONENT, destination, installed_destinations

if TYPE_CHECKING:
    from opentelemetry.configuration.models import OpenTelemetryConfiguration


def check(content: ContentSettings, exporters: Iterable[str]) -> Iterator[Fact | Finding]:
    """The policy of each of these exporters, where one is asked for."""
    if not content.given:
        return
    yield from _of_nobody(content)
    for name in sorted({destination(exporter) for exporter in exporters} - {"none"}):
        policy, problems = content.of(name)
        yield from _understood(problems)
        if not problems:
            yield Fact(SETUP, f"content to {name}", _told(policy))


def check_file(config: OpenTelemetryConfiguration, path: str, content: ContentSettings) -> Iterator[Fact | Finding]:
    """The policy of each exporter in a configuration file, where one is asked for, in the file or by a variable."""
    yield from _of_nobody(content)
    facts: list[Fact] = []
    not_understood: dict[str, None] = {}
    is_asked_for = bool(content.given)
    for signal, processor in processors(config):
        exporter = processor.exporter
        if name_of(exporter) == COMPONENT:
            is_asked_for = True
            try:
                exporter, policy = _declared(exporter)
            except Exception as error:  # noqa: BLE001 - whatever it is, the app fails by it
                yield found("config-file-wrong", "configuration", path=path, reason=error)
                continue
        else:
            policy, problems = content.of(name_of(exporter))
            not_understood |= dict.fromkeys(problems)
            if problems:
                continue
        facts.append(Fact(SETUP, f"content to {name_of(exporter)}", f"{_told(policy)}: {signal}{_address(exporter)}"))
    yield from _understood(not_understood)
    if is_asked_for:
        yield from facts


def _of_nobody(content: ContentSettings) -> Iterator[Finding]:
    known = installed_destinations()
    for name in sorted(content.strangers(known)):
        yield found("policy-of-nobody", name=name, known=", ".join(sorted(known)))


def _understood(problems: Iterable[str]) -> Iterator[Finding]:
    for problem in problems:
        yield found("policy-not-understood", reason=problem)


def _declared(component: Any) -> tuple[Any, ContentPolicy]:
    from genspan.exporters.content.declarative import declared

    return declared(type(component), **(component.additional_properties.get(COMPONENT) or {}))


def _address(exporter: Any) -> str:
    """` to …`, where the file says where to."""
    options = getattr(exporter, name_of(exporter), None) or exporter.additional_properties.get(name_of(exporter))
    said = options if isinstance(options, dict) else vars(options) if options is not None else {}
    address = said.get("endpoint") or said.get("tracking_uri")
    return f" to {shown(str(address))}" if address else ""


def _told(policy: ContentPolicy) -> str:
    if not policy.content:
        told = "none of it"
    elif policy.limit is not None:
        told = f"cut at {policy.limit:,} characters"
    else:
        told = "all of it"
    return f"{told}, redacted" if policy.redaction else told
