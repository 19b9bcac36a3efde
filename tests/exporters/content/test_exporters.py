"""The exporters that stand before others, and what happens when something goes wrong in them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from exporters.content.conftest import KEY, Recording
from genspan.exporters.content import (
    ContentLogRecordExporter,
    ContentPolicy,
    ContentSpanExporter,
    behind,
    mark,
    redaction,
)

EVENT = "gen_ai.client.inference.operation.details"


class Kept(SpanExporter):
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.calls.append(list(spans))
        return SpanExportResult.FAILURE

    def announce(self, spans: Sequence[ReadableSpan]) -> None:
        self.calls.append(("announce", list(spans)))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.calls.append(("flush", timeout_millis))
        return False

    def shutdown(self, timeout_millis: float = 1) -> None:
        self.calls.append(("shutdown", timeout_millis))


def test_it_is_the_exporter_behind_that_answers(recorded: Recording) -> None:
    span, _ = recorded(ContentPolicy(), {"input.value": "hello"})
    kept = Kept()
    exporter = ContentSpanExporter(kept, ContentPolicy(content=False))
    assert behind(ContentSpanExporter(exporter, ContentPolicy())) is kept
    assert exporter.export([span]) is SpanExportResult.FAILURE
    exporter.announce([span])
    assert exporter.force_flush(7) is False
    exporter.shutdown(timeout_millis=9)
    (exported,), (_, (announced,)), *others = kept.calls
    assert others == [("flush", 7), ("shutdown", 9)]
    assert dict(exported.attributes) == dict(announced.attributes) == {}


def test_a_redactor_in_code_comes_after_the_rules(recorded: Recording) -> None:
    policy = ContentPolicy(redaction=redaction(["secrets"], names=lambda text: text.replace("Ada", mark("names"))))
    given = {"input.value": f'["Ada has {KEY}", "Ada"]', "gen_ai.request.model": "Ada"}
    _, after = recorded(policy, given)
    assert dict(after.attributes or {}) == {
        "input.value": '["[REDACTED:names] has [REDACTED:openai_api_key]","[REDACTED:names]"]',
        "gen_ai.request.model": "Ada",
        "genspan.redacted": 3,
    }


def broken(text: str) -> str:
    if "bad" in text:
        raise ValueError(text)
    return text


@pytest.mark.parametrize("redactor", [broken, lambda text: None if "bad" in text else text])
def test_a_redactor_that_fails_takes_the_value_with_it(
    redactor: Any, recorded: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    policy = ContentPolicy(redaction=redaction(["secrets"], mine=redactor))
    given = {"input.value": '{"a": "bad day"}', "output.value": "bad night", "n": 1, "other": "fine"}
    with caplog.at_level(logging.ERROR, "genspan"):
        _, after = recorded(policy, given)
    assert dict(after.attributes or {}) == {
        "input.value": '"[REDACTED:mine]"',
        "output.value": "[REDACTED:mine]",
        "n": 1,
        "other": "fine",
        "genspan.redacted": 2,
    }
    (record,) = caplog.records
    assert "bad day" not in record.getMessage()


def test_a_policy_that_fails_lets_nothing_out(recorded: Recording, caplog: pytest.LogCaptureFixture) -> None:
    span, _ = recorded(ContentPolicy(), {"input.value": "hello"}, {"e": {"a": "hello"}}, {"b": "hello"}, "hello")
    kept = Kept()
    exporter = ContentSpanExporter(kept, ContentPolicy(limit="many"))  # type: ignore[arg-type]
    exporter.export([span])
    exporter.export([span])
    assert "hello" not in kept.calls[0][0].to_json()
    assert kept.calls[0][0].context == span.context
    assert len(caplog.records) == 1


def emitted(
    policy: ContentPolicy, record: LogRecord, scope: str = "app"
) -> tuple[ReadableLogRecord, ReadableLogRecord]:
    alone, under = InMemoryLogRecordExporter(), InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(alone))
    provider.add_log_record_processor(SimpleLogRecordProcessor(ContentLogRecordExporter(under, policy)))
    provider.get_logger(scope).emit(record)
    provider.shutdown()
    return alone.get_finished_logs()[0], under.get_finished_logs()[0]


def test_events_without_content() -> None:
    messages = [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
    attributes = {"gen_ai.request.model": "gpt-5", "gen_ai.input.messages": messages}
    event = LogRecord(event_name=EVENT, body={"messages": messages}, attributes=attributes)
    before, after = emitted(ContentPolicy(content=False), event)
    assert "hello" in before.to_json()
    assert after.log_record.body is None
    assert dict(after.log_record.attributes or {}) == {"gen_ai.request.model": "gpt-5"}
    assert after.log_record.event_name == EVENT


def test_events_redacted_and_cut() -> None:
    messages = [{"role": "user", "parts": [{"type": "text", "content": f"{KEY} {'x' * 500}"}]}]
    policy = ContentPolicy(redaction=redaction(["secrets"]), limit=100)
    event = LogRecord(
        event_name=EVENT, body={"password": "p", "text": KEY}, attributes={"gen_ai.input.messages": messages}
    )
    before, after = emitted(policy, event)
    assert before.to_json().count(KEY) == 2
    assert KEY not in after.to_json()
    assert after.log_record.body == {"password": "[REDACTED:named_secret]", "text": "[REDACTED:openai_api_key]"}
    assert after.log_record.attributes is not None
    assert after.log_record.attributes["genspan.redacted"] == 3
    assert "CUT" in after.to_json()


@pytest.mark.parametrize(("scope", "body"), [("shop.orders", "hello"), ("openai._base_client", None)])
def test_what_apps_log_stays_and_what_model_libraries_log_goes(scope: str, body: str | None) -> None:
    _, after = emitted(ContentPolicy(content=False), LogRecord(body="hello"), scope)
    assert after.log_record.body == body


def test_a_record_that_nothing_is_found_in_is_not_copied() -> None:
    policy = ContentPolicy(redaction=redaction(["secrets", "personal"]), limit=100)
    before, after = emitted(policy, LogRecord(body="hello", attributes={"a": "b"}))
    assert after.log_record is before.log_record
