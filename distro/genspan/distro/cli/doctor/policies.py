"""What of content goes to which destination, and whether the settings of that are understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genspan.distro.cli.doctor.causes import SETUP, Fact, Finding, found
from genspan.exporters.content import ContentPolicy, ContentSettings
from genspan.exporters.content.settings import destination, installed_destinations


def check(content: ContentSettings, exporters: Iterable[str]) -> Iterator[Fact | Finding]:
    """The policy of each of these exporters, where one is asked for."""
    if not content.given:
        return
    known = installed_destinations()
    for name in sorted(content.strangers(known)):
        yield found("policy-of-nobody", name=name, known=", ".join(sorted(known)))
    for name in sorted({destination(exporter) for exporter in exporters} - {"none"}):
        policy, problems = content.of(name)
        for problem in problems:
            yield found("policy-not-understood", reason=problem)
        if not problems:
            yield Fact(SETUP, f"content to {name}", _told(policy))


def _told(policy: ContentPolicy) -> str:
    if not policy.content:
        told = "none of it"
    elif policy.limit is not None:
        told = f"cut at {policy.limit:,} characters"
    else:
        told = "all of it"
    return f"{told}, redacted" if policy.redaction else told
