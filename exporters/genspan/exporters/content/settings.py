"""The content policies that the environment asks for, by destination."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from opentelemetry.util._importlib_metadata import entry_points

from genspan.exporters.content.policy import ContentPolicy
from genspan.exporters.content.redacting import Redaction

CONTENT: Final = "CONTENT"
CONTENT_LIMIT: Final = "CONTENT_LIMIT"
REDACT: Final = "REDACT"

COMPONENT: Final = "genspan_content"
"""The name of the component that puts an exporter under a policy in OpenTelemetry's declarative configuration."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class ContentSettings:
    """The variables `GENSPAN_CONTENT`, `GENSPAN_REDACT` and `GENSPAN_CONTENT_LIMIT`, and those of one destination.

    `GENSPAN_OTLP_CONTENT`, `GENSPAN_MLFLOW_REDACT` and so on win over them for the exporter of that name, whatever its
    signal. Names of exporters are those of `OTEL_TRACES_EXPORTER` and `OTEL_LOGS_EXPORTER`, in capitals.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    """The variables of that form that are set, and not empty, by name."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> ContentSettings:
        """What these variables ask for."""
        return cls(
            {
                name: value.strip()
                for name, value in environment.items()
                if re.fullmatch(rf"GENSPAN_(?:\w+_)?(?:{CONTENT}|{REDACT}|{CONTENT_LIMIT})", name) and value.strip()
            }
        )

    def of(self, exporter: str) -> tuple[ContentPolicy, tuple[str, ...]]:
        """The policy of an exporter by its entry point's name, and what is wrong with the variables that it hangs on.

        A value that cannot be understood takes all content from the destination, and what is left passes all built-in
        rules: the safe side.
        """
        problems: list[str] = []
        content = self._read(exporter, CONTENT, _switch, True, problems)
        limit = self._read(exporter, CONTENT_LIMIT, _number, None, problems)
        rules = self._read(exporter, REDACT, _redaction, Redaction(), problems)
        if problems:
            from genspan.exporters.content.rules import PERSONAL_GROUP, SECRETS_GROUP, redaction

            policy = ContentPolicy(content=False, redaction=redaction((SECRETS_GROUP, PERSONAL_GROUP)))
            return policy, tuple(f"{problem}. No content goes to {destination(exporter)}." for problem in problems)
        return ContentPolicy(content, rules, limit), ()

    def strangers(self, known: Collection[str]) -> set[str]:
        """The variables for one destination that is none of these, given as they stand in variables (`OTLP`)."""
        kinds = (CONTENT_LIMIT, CONTENT, REDACT)
        about = {name: name.removeprefix("GENSPAN_") for name in self.given}
        return {
            name
            for name, rest in about.items()
            if rest not in kinds and not any(rest == f"{part}_{kind}" for part in known for kind in kinds)
        }

    def _read(
        self, exporter: str, kind: str, read: Callable[[str], Value], default: Value, problems: list[str]
    ) -> Value:
        for name in (f"GENSPAN_{variable_part(exporter)}_{kind}", f"GENSPAN_{kind}"):
            if name in self.given:
                try:
                    return read(self.given[name])
                except Exception as error:  # noqa: BLE001 - an entry point may raise what it likes as it is loaded
                    problems.append(f"{name} is {self.given[name]!r}: {error}")
                    return default
        return default


def destination(exporter: str) -> str:
    """The name by which settings have an exporter: OTLP is one, whichever protocol it speaks."""
    return "otlp" if exporter.startswith("otlp") else exporter


def variable_part(exporter: str) -> str:
    """An exporter's name as it stands in variables."""
    return re.sub(r"\W", "_", destination(exporter)).upper()


def installed_destinations() -> set[str]:
    """The exporters of traces and logs that are installed, each as it stands in variables."""
    groups = ("opentelemetry_traces_exporter", "opentelemetry_logs_exporter")
    points = (point for group in groups for point in entry_points(group=group))
    return {variable_part(point.name) for point in points if point.name != COMPONENT}


def _switch(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise ValueError("it should be true or false")
    return values[text.lower()]


def _number(text: str) -> int | None:
    if text.lower() == "none":
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("it should be a number of characters, or none")
    return int(text)


def _redaction(text: str) -> Redaction:
    if text.lower() == "none":
        return Redaction()
    # Its patterns take time to compile, which a process that asks for none does not spend.
    from genspan.exporters.content.rules import redaction

    return redaction(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
