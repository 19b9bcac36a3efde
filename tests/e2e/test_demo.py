"""The example agent under the distribution: what leaves the process is valid, and what MLflow reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from genspan.semconv.attributes import CONTENT_ATTRIBUTES
from support import agent, tree
from support.collector import Collector, collector
from support.conventions import assert_conventional, sampling_faults
from support.site import install

pytestmark = pytest.mark.slow

REMEMBERING = """
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

class Remembering(Sampler):
    def __init__(self, argument):
        pass

    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, links=None, trace_state=None):
        noted = {**(attributes or {}), "test.at_start": list(attributes or ())}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, noted)

    def get_description(self):
        return "Takes all; notes on each span which attributes it started with."
"""


@dataclass(frozen=True)
class Demo:
    content: bool
    sent: Collector
    traces: list[Any]


@pytest.fixture(scope="module", params=["SPAN_AND_EVENT", "NO_CONTENT"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One run, with content captured as the parameter says."""
    folder = tmp_path_factory.mktemp("demo")
    point = "[opentelemetry_traces_sampler]\nremembering = remembering:Remembering\n"
    install(folder / "site", "remembering", point, remembering=REMEMBERING)
    with collector() as sent:
        traces = agent.run(
            folder,
            PYTHONPATH=str(folder / "site"),
            OTEL_TRACES_SAMPLER="remembering",
            OTEL_EXPORTER_OTLP_ENDPOINT=sent.url,
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=request.param,
        )
    return Demo(request.param != "NO_CONTENT", sent, traces)


def test_every_span_event_and_metric_is_as_the_conventions_say(demo: Demo) -> None:
    assert Counter(span.name for span in demo.sent.spans) == agent.SPANS
    assert "gen_ai.client.inference.duration" in {metric.name for metric in demo.sent.metrics}
    assert_conventional(demo.sent.spans, demo.sent.events, demo.sent.metrics)


def test_content_is_where_it_was_asked_for(demo: Demo) -> None:
    chats = [span.attributes or {} for span in demo.sent.spans if span.name.startswith("chat ")]
    events = [event.log_record.attributes or {} for event in demo.sent.events]
    assert (len(chats), len(events)) == (3, 3 if demo.content else 0)
    messages = {"gen_ai.input.messages", "gen_ai.output.messages"}
    assert all(messages <= attributes.keys() for attributes in [*chats, *events]) is demo.content
    everywhere = [*(span.attributes or {} for span in demo.sent.spans), *events]
    assert any(CONTENT_ATTRIBUTES & attributes.keys() for attributes in everywhere) is demo.content


def test_samplers_see_what_they_should(demo: Demo) -> None:
    faults = [
        fault
        for span in demo.sent.spans
        for fault in sampling_faults(span, dict(span.attributes or {})["test.at_start"])  # type: ignore[arg-type]
    ]
    # LangChain starts the span of a model call before its client knows where it goes.
    late = {fault for fault in faults if fault.detail.startswith("server.")}
    assert set(faults) - late == set()


def test_mlflow_holds_the_spans_that_were_sent(demo: Demo) -> None:
    assert tree.of_mlflow(demo.traces) == tree.of_otel(demo.sent.spans)
    assert {trace.info.state for trace in demo.traces} == {"OK"}
