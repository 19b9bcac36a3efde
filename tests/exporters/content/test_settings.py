"""Which policy a destination has, by the variables that are set."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genspan.exporters.content import ContentPolicy, ContentSettings, redaction
from genspan.exporters.content.policy import Tally
from support.site import install


def policy(exporter: str, **given: str) -> ContentPolicy:
    found, problems = ContentSettings.read(given).of(exporter)
    assert problems == ()
    return found


def test_nothing_is_asked_for() -> None:
    assert not policy("otlp").changes
    assert (
        ContentSettings.read({"GENSPAN_SEMCONV": "latest", "GENSPAN_BLOB_LIMIT": "3", "GENSPAN_CONTENT": " "}).given
        == {}
    )


@pytest.mark.parametrize(
    ("exporter", "given", "asked"),
    [
        ("otlp", {"GENSPAN_CONTENT": "false"}, ContentPolicy(content=False)),
        ("otlp_proto_grpc", {"GENSPAN_OTLP_CONTENT": "FALSE"}, ContentPolicy(content=False)),
        ("mlflow", {"GENSPAN_OTLP_CONTENT": "false"}, ContentPolicy()),
        ("mlflow", {"GENSPAN_CONTENT": "false", "GENSPAN_MLFLOW_CONTENT": "true"}, ContentPolicy()),
        ("my-own", {"GENSPAN_MY_OWN_CONTENT": "false"}, ContentPolicy(content=False)),
        ("mlflow", {"GENSPAN_CONTENT_LIMIT": "10", "GENSPAN_MLFLOW_CONTENT_LIMIT": "20"}, ContentPolicy(limit=20)),
        ("mlflow", {"GENSPAN_CONTENT_LIMIT": "10", "GENSPAN_MLFLOW_CONTENT_LIMIT": "none"}, ContentPolicy()),
        ("otlp", {"GENSPAN_REDACT": "secrets, personal"}, ContentPolicy(redaction=redaction(["secrets", "personal"]))),
        ("otlp", {"GENSPAN_REDACT": "secrets", "GENSPAN_OTLP_REDACT": "none"}, ContentPolicy()),
        (
            "otlp",
            {"GENSPAN_OTLP_REDACT": "email,identities"},
            ContentPolicy(redaction=redaction(["email", "identities"])),
        ),
    ],
)
def test_a_policy(exporter: str, given: dict[str, str], asked: ContentPolicy) -> None:
    assert policy(exporter, **given) == asked


@pytest.mark.parametrize(
    "given",
    [
        *({"GENSPAN_CONTENT": "flase"}, {"GENSPAN_OTLP_CONTENT_LIMIT": "10kb"}, {"GENSPAN_CONTENT_LIMIT": "-1"}),
        *({"GENSPAN_REDACT": "secrets,persnal"}, {"GENSPAN_OTLP_REDACT": "nothing"}),
    ],
)
def test_what_cannot_be_understood_takes_all_content(given: dict[str, str]) -> None:
    found, problems = ContentSettings.read(given).of("otlp")
    (name,), (problem,) = given, problems
    assert problem.startswith(f"{name} is {given[name]!r}: ")
    assert problem.endswith("No content goes to otlp.")
    assert (found.content, bool(found.redaction)) == (False, True)


def test_a_wrong_value_of_one_destination_is_nothing_to_another() -> None:
    assert ContentSettings.read({"GENSPAN_OTLP_CONTENT": "flase"}).of("mlflow") == (ContentPolicy(), ())


def test_other_packages_bring_redactors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = "[genspan_redactor]\nacme = acme_redactor:redact\nabsent = acme_redactor:nothing\n"
    install(
        tmp_path, "acme", point, acme_redactor="def redact(text):\n    return text.replace('Ada', '[REDACTED:acme]')\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    tally = Tally()
    assert (
        policy("otlp", GENSPAN_REDACT="acme").redaction.value("Ada, Ada", tally) == "[REDACTED:acme], [REDACTED:acme]"
    )
    assert tally.count == 2
    _, problems = ContentSettings.read({"GENSPAN_REDACT": "absent"}).of("otlp")
    assert "nothing" in problems[0]


def test_a_destination_that_nobody_knows_is_a_stranger() -> None:
    given = dict.fromkeys(["GENSPAN_CONTENT", "GENSPAN_OTLP_CONTENT_LIMIT", "GENSPAN_OLTP_CONTENT"], "1")
    assert ContentSettings.read(given).strangers({"OTLP", "MLFLOW"}) == {"GENSPAN_OLTP_CONTENT"}
