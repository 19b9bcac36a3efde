"""Moderations, decisions, and searches of vector stores."""

from __future__ import annotations

from typing import Any

from support.openai_families_wire import PIXEL, decision, found, moderation
from support.openai_scenario import App, scenario
from support.scripted_server import Json


async def moderate(app: App, given: Any = "I will hit you.", **arguments: Any) -> Any:
    return await app.call(app.client.moderations.create, input=given, **arguments)


def judged(*words: str) -> str:
    return "[" + ",".join(f'{{"role":"assistant","parts":[{{"type":"text","content":"{w}"}}]}}' for w in words) + "]"


@scenario(
    Json(moderation("violence", "hate")),
    attributes={
        "gen_ai.operation.name": "moderation",
        "gen_ai.request.model": None,
        "gen_ai.response.model": "omni-moderation-2026",
        "gen_ai.output.messages": judged("hate, violence"),
    },
)
async def test_moderation(app: App) -> object:
    return await moderate(app)


@scenario(
    Json(moderation(results=2)),
    attributes={
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"a"},'
        '{"type":"text","content":"b"}]}]',
        "gen_ai.output.messages": judged("not flagged", "not flagged"),
        "gen_ai.request.model": "omni-moderation-latest",
    },
)
async def test_moderation_of_several(app: App) -> object:
    return await moderate(app, ["a", "b"], model="omni-moderation-latest")


@scenario(
    Json(moderation("violence")),
    attributes={
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"a"},{"type":"blob",'
        f'"modality":"image","content":"{PIXEL}","mime_type":"image/png"}}]}}]'
    },
)
async def test_moderation_of_a_picture(app: App) -> object:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    return await moderate(app, [{"type": "text", "text": "a"}, picture], model="omni-moderation-latest")


QUESTION = {"type": "predicate", "name": "polite", "question": "Is it polite?"}


@scenario(
    Json(decision()),
    needs="decisions.create",
    attributes={
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "json",
        "gen_ai.usage.reasoning.output_tokens": 3,
    },
)
async def test_decision(app: App) -> object:
    return await app.call(app.client.decisions.create, model="gpt-6-luna", input="Thanks!", questions=[QUESTION])


@scenario(Json(decision()), needs="decisions.create")
async def test_decision_of_generators(app: App) -> object:
    history = ({"role": "user", "content": words} for words in ("Hi.", "Thanks!"))
    return await app.call(app.client.decisions.create, model="gpt-6-luna", input=history, questions=iter([QUESTION]))


SEARCH = "vector_stores.search"
FOUND = {
    "gen_ai.operation.name": "retrieval",
    "gen_ai.data_source.id": "vs_1",
    "gen_ai.retrieval.query.text": "return policy",
}


@scenario(Json(found()), needs=SEARCH, attributes=FOUND)
async def test_search(app: App) -> object:
    page = await app.call(app.client.vector_stores.search, "vs_1", query="return policy")
    app.saw(page)
    await app.read(page)
    return page.has_next_page()


@scenario(Json(found()), needs=SEARCH, attributes=FOUND)
async def test_search_read_at_once(app: App) -> object:
    # The asynchronous client sends the request when the loop begins.
    await app.read(app.client.vector_stores.search("vs_1", query="return policy"))


@scenario(Json(found()), needs=SEARCH, attributes={"gen_ai.retrieval.query.text": "a\nb", "gen_ai.retrieval.top_k": 2})
async def test_search_by_several_queries(app: App) -> object:
    return await app.call(app.client.vector_stores.search, vector_store_id="vs_1", query=["a", "b"], max_num_results=2)


@scenario(Json(found(data=[])), needs=SEARCH, attributes={"gen_ai.retrieval.documents": "[]"})
async def test_search_in_vain(app: App) -> object:
    return await app.call(app.client.vector_stores.search, "vs_1", query="return policy")


@scenario(Json(found()), needs=SEARCH, attributes={"gen_ai.retrieval.top_k": 7})
async def test_extra_body_wins(app: App) -> object:
    search = app.client.vector_stores.search
    return await app.call(search, "vs_1", query="return policy", extra_body={"max_num_results": 7})


@scenario(error="ValueError", needs=SEARCH)
async def test_search_nowhere(app: App) -> object:
    return await app.call(app.client.vector_stores.search, "", query="return policy")
