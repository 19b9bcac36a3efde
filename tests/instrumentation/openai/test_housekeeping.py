"""Calls that ask no model make no span."""

from __future__ import annotations

from support.openai_families_wire import response
from support.openai_scenario import App, scenario
from support.scripted_server import Json

EMPTY = Json({"object": "list", "data": [], "has_more": False})


@scenario(EMPTY, spans=0)
async def test_lists(app: App) -> object:
    for resource in (app.client.models, app.client.files, app.client.batches, app.client.fine_tuning.jobs):
        await app.read(resource.list())


@scenario(Json({"id": "gpt-5-mini", "object": "model", "created": 1, "owned_by": "openai"}), spans=0)
async def test_model(app: App) -> object:
    return await app.call(app.client.models.retrieve, "gpt-5-mini")


@scenario(Json({"id": "file_1", "object": "file", "purpose": "batch"}), spans=0)
async def test_file(app: App) -> object:
    app.saw(await app.call(app.client.files.create, file=b"{}", purpose="batch"))
    return await app.call(app.client.files.delete, "file_1")


@scenario(Json({"id": "batch_1", "object": "batch", "status": "validating"}), spans=0)
async def test_batch(app: App) -> object:
    return await app.call(
        app.client.batches.create, completion_window="24h", endpoint="/v1/responses", input_file_id="file_1"
    )


@scenario(Json(response(status="cancelled")), spans=0, needs="responses.cancel")
async def test_cancelled_response(app: App) -> object:
    return await app.call(app.client.responses.cancel, "resp_1")


@scenario(Json({}), spans=0, needs="responses.delete")
async def test_deleted_response(app: App) -> object:
    return await app.call(app.client.responses.delete, "resp_1")


@scenario(EMPTY, spans=0, needs="responses.input_items.list")
async def test_items_of_a_response(app: App) -> object:
    await app.read(app.client.responses.input_items.list("resp_1"))


@scenario(
    Json({"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}),
    spans=0,
    needs="conversations.create",
)
async def test_conversation(app: App) -> object:
    return await app.call(app.client.conversations.create)


@scenario(Json({"id": "vs_1", "object": "vector_store"}), spans=0, needs="vector_stores.create")
async def test_vector_store(app: App) -> object:
    return await app.call(app.client.vector_stores.create, name="docs")
