"""Embeddings."""

from __future__ import annotations

import base64
import struct
from typing import Any

import openai

from support.openai_families_wire import embeddings
from support.openai_scenario import App, scenario
from support.scripted_server import Json

MODEL = "text-embedding-3-small"
BASE64 = base64.b64encode(struct.pack("<4f", 0.5, 0.25, -1.0, 2.0)).decode()

DECODES = "responses.create"
"""SDKs from before it decode base64 with numpy alone, and take any answer."""


async def create(app: App, **arguments: Any) -> Any:
    return await app.call(app.client.embeddings.create, **{"model": MODEL, "input": "Paris", **arguments})


@scenario(
    Json(embeddings(BASE64)),
    needs=DECODES,
    attributes={
        "gen_ai.operation.name": "embeddings",
        "gen_ai.embeddings.dimension.count": 4,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": None,
        # The SDK asks for base64 by itself; the app did not.
        "gen_ai.request.encoding_formats": None,
        "gen_ai.input.messages": None,
    },
)
async def test_create(app: App) -> object:
    answer = await create(app)
    app.saw(answer.data[0].embedding)
    return answer


@scenario(
    Json(embeddings(BASE64)),
    attributes={"gen_ai.embeddings.dimension.count": 4, "gen_ai.request.encoding_formats": ("base64",)},
)
async def test_base64(app: App) -> object:
    return await create(app, encoding_format="base64")


@scenario(Json(embeddings(BASE64)), attributes={"gen_ai.embeddings.dimension.count": 4})
async def test_base64_in_a_raw_response(app: App) -> object:
    raw = await app.call(app.client.embeddings.with_raw_response.create, model=MODEL, input="Paris")
    return (await app.call(raw.parse)).data[0].embedding


@scenario(Json(embeddings()), attributes={"gen_ai.embeddings.dimension.count": 3})
async def test_floats_where_base64_was_asked_for(app: App) -> object:
    return await create(app)


@scenario(Json(embeddings([0.5] * 8)), attributes={"gen_ai.embeddings.dimension.count": 8})
async def test_dimensions(app: App) -> object:
    return await create(app, dimensions=8, encoding_format="float", user="me")


@scenario(Json(embeddings([1.0], [2.0])), attributes={"gen_ai.embeddings.dimension.count": 1})
async def test_several_texts(app: App) -> object:
    return await create(app, input=["a", "b"], encoding_format="float")


@scenario(Json(embeddings()), attributes={"gen_ai.usage.input_tokens": 5})
async def test_token_ids(app: App) -> object:
    return await create(app, input=[[1, 2], [3]], encoding_format="float", dimensions=openai.NOT_GIVEN)


@scenario(
    Json(embeddings()), attributes={"gen_ai.request.model": "other", "gen_ai.request.encoding_formats": ("float",)}
)
async def test_extra_body_wins(app: App) -> object:
    return await create(app, extra_body={"model": "other", "encoding_format": "float"})


@scenario(Json({"object": "list", "data": [], "model": MODEL}), needs=DECODES, error="ValueError")
async def test_no_data(app: App) -> object:
    return await create(app)


@scenario(Json(embeddings(usage=None)), attributes={"gen_ai.usage.input_tokens": None})
async def test_no_usage(app: App) -> object:
    return await create(app, encoding_format="float")
