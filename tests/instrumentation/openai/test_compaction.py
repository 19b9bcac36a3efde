"""Responses whose history, or whose answer, holds a compaction of what went before."""

from __future__ import annotations

from typing import Any

from support import openai_families_wire as wire
from support.openai_scenario import App, scenario
from support.openai_wire import MODEL, QUESTION
from support.scripted_server import Json

COMPACTION: dict[str, Any] = {"id": "cmp_1", "type": "compaction", "encrypted_content": "…"}
COMPACTED = {"gen_ai.conversation.compacted": True, "gen_ai.response.finish_reasons": ("stop",)}


@scenario(Json(wire.response()), attributes=COMPACTED, needs="responses")
async def test_in_the_history(app: App) -> object:
    return await app.call(app.client.responses.create, model=MODEL, input=[COMPACTION, *QUESTION])


@scenario(Json(wire.response(COMPACTION, wire.said())), attributes=COMPACTED, needs="responses")
async def test_in_the_answer(app: App) -> object:
    return await app.call(app.client.responses.create, **wire.SAY)


@scenario(Json(wire.response()), attributes={"gen_ai.conversation.compacted": None}, needs="responses")
async def test_in_neither(app: App) -> object:
    return await app.call(app.client.responses.create, **wire.SAY)
