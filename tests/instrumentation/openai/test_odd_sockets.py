"""Odd events over WebSocket, as many as hypothesis thinks of: all is taken, and each response begins and ends once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genspan.instrumentation.core import Call, Dialogue, Step
from genspan.instrumentation.openai.connections import Opened
from genspan.instrumentation.openai.live import LIVE
from genspan.instrumentation.openai.realtime import REALTIME
from genspan.instrumentation.openai.response_lanes import RESPONSES
from support.odd import WORDS

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "id", "text", "content", "code"]), inner, max_size=3)
    ),
    max_leaves=5,
)
IDS = st.sampled_from(["resp_1", "resp_2"]) | JUNK
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("item_1") | JUNK,
        "type": st.sampled_from(["message", "function_call", "mcp_call"]) | JUNK,
        "content": JUNK | st.lists(st.just({"type": "output_audio", "transcript": "x"}) | JUNK, max_size=2),
        "arguments": JUNK,
    },
)
RESPONSE = JUNK | st.fixed_dictionaries(
    {},
    optional={
        "id": IDS,
        "status": st.sampled_from(["in_progress", "completed", "failed", "cancelled", "incomplete"]) | JUNK,
        "status_details": JUNK,
        "incomplete_details": JUNK,
        "output": JUNK | st.lists(ITEM | JUNK, max_size=2),
        "usage": JUNK | st.just({"input_tokens": 1, "input_token_details": {"cached_tokens_details": 4}}),
        "metadata": JUNK | st.just({"a": "b"}),
        "previous_response_id": IDS,
        "audio": JUNK,
        "input": JUNK,
    },
)
KINDS = st.sampled_from(
    [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.function_call_arguments.delta",
        "response.completed",
        "response.failed",
        "response.done",
        "response.steer.failed",
        "error",
        "session.created",
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.completed",
    ]
)
FIELDS: dict[str, Any] = {
    "response": RESPONSE,
    "response_id": IDS,
    "item": ITEM | JUNK,
    "item_id": st.just("item_1") | JUNK,
    "delta": st.sampled_from(["AAAA", "A"]) | JUNK,
    "stream_id": st.sampled_from(["a", "b"]) | JUNK,
    "error": JUNK | st.just({"event_id": "mine", "code": "bad"}),
    "sequence_number": JUNK,
    "transcript": JUNK,
    "session": JUNK | st.just({"model": "m", "delegation": {"responses": {"model": "m"}}}),
}
PLAIN = st.fixed_dictionaries({"type": KINDS}, optional=FIELDS) | JUNK
NESTED = st.fixed_dictionaries({"type": st.just("response.event"), "event": PLAIN}, optional={"delegation_id": IDS})
SENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["response.create", "response.steer", "session.update", "conversation.item.create"])},
    optional={
        "response": RESPONSE,
        "input": JUNK,
        "event_id": st.just("mine") | JUNK,
        "previous_response_id": IDS,
        "stream_id": st.sampled_from(["a", "b"]) | JUNK,
        "session": JUNK,
        "item": ITEM | JUNK,
        "model": JUNK,
        "tools": JUNK,
    },
)
EVENTS = st.lists(st.tuples(st.just("sent"), SENT) | st.tuples(st.just("received"), PLAIN | NESTED), max_size=12)


def steps_of(dialogue: Dialogue, what: str, event: Any, heard: Any) -> list[Step]:
    if what == "received":
        return list(dialogue.received(event))
    taken = heard(event)
    return [] if taken is None else list(dialogue.sent(taken))


@pytest.mark.parametrize("connection", [RESPONSES, REALTIME, LIVE], ids=["responses", "realtime", "live"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=EVENTS)
def test_odd_events(connection: Any, events: list[tuple[str, Any]]) -> None:
    opened = Opened({}, "m")
    dialogue, method = connection.dialogue(opened), connection.method
    folds: dict[Hashable, Any] = {}
    ended: set[Hashable] = set()
    for what, event in events:
        for step in steps_of(dialogue, what, event, connection.event):
            assert step.key not in ended
            if step.begins is not None:
                assert step.key not in folds
                folds[step.key] = method.fold()
                call = Call(opened, step.begins)
                method.identity(call)
                method.request(call)
                method.request_content(call)
            assert step.key in folds
            if step.chunk is not None:
                folds[step.key].add(step.chunk)
            if step.ends:
                ended.add(step.key)
    for fold in folds.values():
        response = fold.response()
        for read in (method.response, method.response_content, method.failure):
            read(response)
