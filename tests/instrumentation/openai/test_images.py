"""Images."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from genspan.instrumentation.core.content import blob_limit
from support.openai_families_wire import PIXEL, images
from support.openai_scenario import NO_CONNECTION, App, scenario
from support.scripted_server import Json, Sse

BYTES = b"\x89PNG" + bytes(range(256))


async def generate(app: App, **arguments: Any) -> Any:
    return await app.call(app.client.images.generate, **{"model": "gpt-image-1", "prompt": "A cat.", **arguments})


def shown(*parts: str) -> str:
    """The output messages of images."""
    return "[" + ",".join(f'{{"role":"assistant","parts":[{part}],"finish_reason":"stop"}}' for part in parts) + "]"


BLOB = f'{{"type":"blob","modality":"image","content":"{PIXEL}","mime_type":"image/png"}}'


@scenario(
    Json(images()),
    attributes={
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "image",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"A cat."}]}]',
        "gen_ai.output.messages": shown(BLOB),
        "gen_ai.request.choice.count": None,
        "gen_ai.request.stream": None,
    },
)
async def test_generate(app: App) -> object:
    return await generate(app, n=1, size="1024x1024", quality="low")


@scenario(
    Json(images({"url": "https://i.example/1", "revised_prompt": "A grey cat."}, {"url": "https://i.example/2"})),
    attributes={
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.finish_reasons": ("stop", "stop"),
        "gen_ai.output.messages": shown(
            '{"type":"text","content":"A grey cat."},{"type":"uri","modality":"image","uri":"https://i.example/1"}',
            '{"type":"uri","modality":"image","uri":"https://i.example/2"}',
        ),
    },
)
async def test_several(app: App) -> object:
    return await generate(app, model="dall-e-3", n=2, response_format="url", style="vivid")


@scenario(
    Json(images(output_format="webp")),
    attributes={"gen_ai.output.messages": shown(BLOB.replace("image/png", "image/webp"))},
)
async def test_format(app: App) -> object:
    return await generate(app)


@scenario(Json(images()), attributes={"gen_ai.request.model": None}, tolerated=["required attribute"])
async def test_default_model(app: App) -> object:
    return await app.call(app.client.images.generate, prompt="A cat.")


@scenario(Json(images()), attributes={"gen_ai.request.model": "other", "gen_ai.request.choice.count": 3})
async def test_extra_body_wins(app: App) -> object:
    return await generate(app, extra_body={"model": "other", "n": 3})


@scenario(
    Json(images()),
    attributes={"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"A hat."}]}]'},
)
async def test_edit_of_an_open_file(app: App) -> object:
    with Path(__file__).open("rb") as file:
        answer = await app.call(app.client.images.edit, model="gpt-image-1", prompt="A hat.", image=file)
        app.saw([file.closed, file.tell()])
    return answer


@scenario(Json(images()))
async def test_edit_of_bytes_with_a_mask(app: App) -> object:
    mask = io.BytesIO(BYTES)
    answer = await app.call(
        app.client.images.edit, model="dall-e-2", prompt="A hat.", image=("a.png", BYTES, "image/png"), mask=mask
    )
    app.saw([mask.closed, mask.tell()])
    return answer


@scenario(Json(images()))
async def test_variation_of_a_path(app: App) -> object:
    return await app.call(app.client.images.create_variation, model="dall-e-2", image=Path(__file__))


@scenario(Json(images()), error="ValueError")
async def test_edit_of_a_closed_file(app: App) -> object:
    file = io.BytesIO(BYTES)
    file.close()
    return await app.call(app.client.images.edit, model="gpt-image-1", prompt="A hat.", image=file)


def event(kind: str, **more: Any) -> dict[str, Any]:
    facts = {"b64_json": PIXEL, "background": "auto", "created_at": 1, "output_format": "jpeg", "quality": "low"}
    return {"type": kind, **facts, "size": "auto", **more}


PARTIAL = event("image_generation.partial_image", partial_image_index=0)
DONE = event("image_generation.completed", usage=images()["usage"])


@scenario(
    Sse([PARTIAL, PARTIAL, DONE], done=False),
    needs="responses.create",
    attributes={
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.output_tokens": 40,
        "gen_ai.output.messages": shown(BLOB.replace("png", "jpeg")),
    },
)
async def test_streamed(app: App) -> object:
    await app.read(await generate(app, stream=True, partial_images=2))


@scenario(
    Sse([PARTIAL, DONE], done=False),
    needs="responses.create",
    attributes={"gen_ai.response.finish_reasons": ("error",), "gen_ai.output.messages": None},
)
async def test_streamed_and_left(app: App) -> object:
    async with app.way.using(await generate(app, stream=True)) as stream:
        await app.read(stream, limit=1)


@scenario(
    Sse([PARTIAL, DONE, PARTIAL, DONE], done=False),
    needs="responses.create",
    attributes={"gen_ai.response.finish_reasons": ("stop", "stop"), "gen_ai.request.choice.count": 2},
)
async def test_two_streamed(app: App) -> object:
    await app.read(await generate(app, stream=True, n=2))


@scenario(Sse([PARTIAL], cut=True), needs="responses.create", error=NO_CONNECTION)
async def test_streamed_and_cut(app: App) -> object:
    await app.read(await generate(app, stream=True))


@scenario(
    Sse([event("image_edit.completed", usage=images()["usage"])], done=False),
    needs="responses.create",
    attributes={"gen_ai.usage.image.input_tokens": 40},
)
async def test_streamed_edit(app: App) -> object:
    stream = await app.call(
        app.client.images.edit, model="gpt-image-1", prompt="A hat.", image=io.BytesIO(BYTES), stream=True
    )
    await app.read(stream)


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GENSPAN_BLOB_LIMIT", "11")
    blob_limit.cache_clear()
    yield
    blob_limit.cache_clear()


@pytest.mark.usefixtures("limit")
class TestLimit:
    @staticmethod
    @scenario(
        Json(images()),
        attributes={
            "gen_ai.output.messages": shown(
                '{"type":"blob","modality":"image","content":"","size":8,"mime_type":"image/png"}'
            )
        },
    )
    async def test_large_image(app: App) -> object:
        return await generate(app)

    @staticmethod
    @scenario(
        Json(images({"b64_json": "AAAA"})), attributes={"gen_ai.output.messages": shown(BLOB.replace(PIXEL, "AAAA"))}
    )
    async def test_small_image(app: App) -> object:
        return await generate(app)
