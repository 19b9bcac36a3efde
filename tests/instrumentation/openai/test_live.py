"""The Live API: the responses that a session has another model give."""

from __future__ import annotations

from typing import Any

import pytest

from support.openai_families_wire import text_events
from support.openai_scenario import App, scenario
from support.scripted_socket import Break, Heard, Say, ScriptedSocket

SESSION = {
    "model": "gpt-live-1",
    "delegation": {"type": "responses", "responses": {"model": "gpt-5-mini"}},
}
NESTED = text_events()


def delegated(*events: Any, to: str) -> list[dict[str, Any]]:
    return [{"type": "response.event", "event_id": "e", "delegation_id": to, "event": event} for event in events]


TWO = [event for pair in zip(delegated(*NESTED, to="one"), delegated(*NESTED, to="two"), strict=True) for event in pair]
HEARD = {"type": "session.output_transcript.delta", "event_id": "e", "delta": "Hm.", "start_ms": 0, "end_ms": 5}
WHOLE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.request.stream": True,
    "openai.api.type": "responses",
    "server.address": "127.0.0.1",
    "gen_ai.response.id": "resp_1",
    "gen_ai.usage.output_tokens": 10,
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
    '"finish_reason":"stop"}]',
}


@pytest.fixture
def server(socket: ScriptedSocket) -> ScriptedSocket:
    return socket


@scenario(Heard("session.start"), Say(HEARD, *TWO), needs="live.connect", spans=2, attributes=WHOLE)
async def test_two_delegations(app: App) -> object:
    async with app.way.using(app.client.live.connect()) as connection:
        await app.call(connection.session.start, session=SESSION)
        await app.read(connection, limit=1 + len(TWO))


@scenario(
    Say(*delegated(*NESTED[:5], to="one")),
    Break(),
    needs="live.sideband.connect",
    error="websockets.exceptions.ConnectionClosedError",
    attributes={"gen_ai.response.id": "resp_1", "gen_ai.response.finish_reasons": ("error",)},
)
async def test_a_sideband_that_breaks(app: App) -> object:
    async with app.way.using(app.client.live.sideband.connect(session_id="sess_1")) as connection:
        await app.read(connection)


@scenario(Say(HEARD), needs="live.connect", spans=0)
async def test_a_voice_without_turns(app: App) -> object:
    async with app.way.using(app.client.live.connect()) as connection:
        await app.read(connection, limit=1)
