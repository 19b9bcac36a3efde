"""Legacy completions."""

from __future__ import annotations

from typing import Any

from support.openai_families_wire import text_completion
from support.openai_scenario import NO_CONNECTION, App, scenario
from support.scripted_server import Json, Sse

MODEL = "gpt-3.5-turbo-instruct"


async def create(app: App, **arguments: Any) -> Any:
    return await app.call(app.client.completions.create, **{"model": MODEL, "prompt": "Paris is", **arguments})


def piece(text: str, index: int = 0, finish: str | None = None) -> dict[str, Any]:
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
    return text_completion(choices=[choice], usage=None)


USAGE = text_completion(choices=[])
CHUNKS = [piece("in "), piece("big", 1), piece("France", finish="stop"), piece(".", 1, "length"), USAGE]


@scenario(
    Json(text_completion("in France.")),
    attributes={
        "gen_ai.operation.name": "text_completion",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Paris is"}]}]',
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"in France."}],'
        '"finish_reason":"stop"}]',
        "gen_ai.request.stream": None,
        "openai.api.type": None,
    },
)
async def test_create(app: App) -> object:
    return await create(app)


@scenario(
    Json(text_completion("a", "b")),
    attributes={
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.request.frequency_penalty": 0.5,
        "gen_ai.request.presence_penalty": -0.5,
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.finish_reasons": ("stop", "stop"),
    },
)
async def test_every_parameter(app: App) -> object:
    return await create(
        app,
        max_tokens=5,
        temperature=0,
        top_p=1,
        seed=7,
        stop="x",
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        n=2,
        echo=True,
        best_of=2,
        suffix="!",
        logprobs=1,
        user="me",
    )


@scenario(
    Json(text_completion("a", "b")),
    attributes={
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"one"}]},'
        '{"role":"user","parts":[{"type":"text","content":"two"}]}]'
    },
)
async def test_several_prompts(app: App) -> object:
    return await create(app, prompt=["one", "two"])


@scenario(Json(text_completion()), attributes={"gen_ai.input.messages": None})
async def test_token_ids(app: App) -> object:
    return await create(app, prompt=[1, 2, 3])


@scenario(Json(text_completion()), attributes={"gen_ai.input.messages": None})
async def test_lists_of_token_ids(app: App) -> object:
    return await create(app, prompt=[[1, 2], [3]])


@scenario(Json(text_completion()), attributes={"gen_ai.request.model": "other"})
async def test_extra_body_wins(app: App) -> object:
    return await create(app, extra_body={"model": "other"})


@scenario(
    Sse(CHUNKS),
    attributes={
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("stop", "length"),
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"in France"}],'
        '"finish_reason":"stop"},{"role":"assistant","parts":[{"type":"text","content":"big."}],'
        '"finish_reason":"length"}]',
    },
)
async def test_streamed(app: App) -> object:
    await app.read(await create(app, stream=True, n=2))


@scenario(Sse(CHUNKS), attributes={"gen_ai.response.finish_reasons": ("error",), "gen_ai.response.id": "cmpl-1"})
async def test_streamed_and_left(app: App) -> object:
    async with app.way.using(await create(app, stream=True)) as stream:
        await app.read(stream, limit=1)


@scenario(Sse(CHUNKS[:1], cut=True), error=NO_CONNECTION, attributes={"gen_ai.response.finish_reasons": ("error",)})
async def test_streamed_and_cut(app: App) -> object:
    await app.read(await create(app, stream=True))


@scenario(Sse(CHUNKS), attributes={"gen_ai.response.finish_reasons": ("stop", "length")})
async def test_streamed_raw(app: App) -> object:
    resource = app.client.completions.with_raw_response
    raw = await app.call(resource.create, model=MODEL, prompt="Paris is", stream=True)
    await app.read(await app.call(raw.parse))
