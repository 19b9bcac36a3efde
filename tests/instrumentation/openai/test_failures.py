"""Calls that fail, hang, are retried, or are answered with what nobody expects."""

from __future__ import annotations

import socket
from typing import Any

from support.openai_scenario import App, scenario
from support.openai_wire import ASK, USAGE, choice, chunk, completion, delta, text_chunks
from support.scripted_server import Body, Disconnect, Failure, Json, Sse, Stall

ANSWER = Json(completion())

STATUSES = {
    400: "openai.BadRequestError",
    401: "openai.AuthenticationError",
    403: "openai.PermissionDeniedError",
    404: "openai.NotFoundError",
    409: "openai.ConflictError",
    422: "openai.UnprocessableEntityError",
    429: "openai.RateLimitError",
    500: "openai.InternalServerError",
    503: "openai.InternalServerError",
    418: "openai.APIStatusError",
}


async def create(app: App) -> object:
    """`create`, and what its failure says."""
    return await app.create()


for status, name in STATUSES.items():
    globals()[f"test_status_{status}"] = scenario(Failure(status, code="odd", x_request_id="r"), error=name)(create)


@scenario(Body(b"<html>Bad gateway</html>", 502, "text/html"), error="openai.InternalServerError")
async def test_error_page(app: App) -> object:
    return await app.create()


@scenario(Failure(429), Failure(500), ANSWER, attributes={"gen_ai.response.id": "chatcmpl-1"})
async def test_retried(app: App) -> object:
    client = app.make(max_retries=2)
    return await app.call(client.chat.completions.create, **ASK)


@scenario(Failure(429), error="openai.RateLimitError")
async def test_retried_in_vain(app: App) -> object:
    client = app.make(max_retries=2)
    return await app.call(client.chat.completions.create, **ASK)


@scenario(Stall(), error="openai.APITimeoutError")
async def test_timeout(app: App) -> object:
    return await app.create(timeout=0.1)


@scenario(Stall(), error="openai.APITimeoutError")
async def test_timeout_of_the_client(app: App) -> object:
    client = app.make(timeout=0.1)
    return await app.call(client.chat.completions.create, **ASK)


@scenario(Disconnect(), error="openai.APIConnectionError")
async def test_disconnect(app: App) -> object:
    return await app.create()


def _closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


_REFUSING = f"http://127.0.0.1:{_closed_port()}/v1"


@scenario(ANSWER, error="openai.APIConnectionError")
async def test_connection_refused(app: App) -> object:
    return await app.call(app.make(base_url=_REFUSING).chat.completions.create, **ASK)


# What gateways answer. All of it is status 200, so the SDK takes it, and gives the app whatever it is.

ODD: dict[str, Any] = {
    "choices_null": {**completion(), "choices": None},
    "choices_of_null": {**completion(), "choices": [None]},
    "choices_empty": {**completion(), "choices": []},
    "choices_text": {**completion(), "choices": "none"},
    "choices_number": {**completion(), "choices": 5},
    "choices_mapping": {**completion(), "choices": {"0": choice()}},
    "message_null": completion({**choice(), "message": None}),
    "message_text": completion({**choice(), "message": "Paris."}),
    "content_list": completion(
        {**choice(), "message": {"role": "assistant", "content": [{"type": "text", "text": "A"}]}}
    ),
    "content_number": completion(choice(5)),
    "content_mapping": completion(choice({"a": 1})),
    "role_null": completion({**choice(), "message": {"role": None, "content": "A"}}),
    "finish_reason_null": completion({**choice(), "finish_reason": None}),
    "finish_reason_number": completion({**choice(), "finish_reason": 3}),
    "usage_null": completion(usage=None),
    "usage_text": completion(usage="many"),
    "usage_of_text": completion(usage={**USAGE, "prompt_tokens": "19", "completion_tokens": None}),
    "usage_of_floats": completion(usage={**USAGE, "prompt_tokens": 19.0, "completion_tokens": 1.5}),
    "usage_negative": completion(usage={**USAGE, "prompt_tokens": -1}),
    "usage_huge": completion(usage={**USAGE, "prompt_tokens": 2**70}),
    "usage_details_text": completion(usage={**USAGE, "prompt_tokens_details": "x", "completion_tokens_details": [1]}),
    "id_null": completion(id=None),
    "id_number": completion(id=7),
    "model_null": completion(model=None),
    "model_mapping": completion(model={"name": "x"}),
    "created_text": completion(created="today"),
    "tier_number": completion(service_tier=1, system_fingerprint=[1]),
    "tool_calls_text": completion(choice(None, tool_calls="x")),
    "tool_calls_of_null": completion(choice(None, tool_calls=[None])),
    "tool_call_without_function": completion(choice(None, tool_calls=[{"id": "c", "type": "function"}])),
    "tool_call_arguments_null": completion(
        choice(None, tool_calls=[{"id": None, "type": "function", "function": {"name": None, "arguments": None}}])
    ),
    "tool_call_arguments_broken": completion(
        choice(None, tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}])
    ),
    "tool_call_custom": completion(
        choice(None, tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}])
    ),
    "function_call": completion(choice(None, function_call={"name": "f", "arguments": "{}"})),
    "audio": completion(choice(None, audio={"id": "a", "data": "AAAA", "transcript": "hi", "expires_at": 1})),
    "annotations_null": completion(choice(annotations=None)),
    "unknown_fields": completion(choice(odd={"a": [1]}), odd=[{"b": None}]),
    "no_fields": {},
    "list": [1, 2],
    "text": "Paris.",
    "number": 5,
    "null": None,
    "surrogates": completion(choice("\ud800 lone")),
    "error_in_an_answer": {"error": {"message": "no", "code": 500}},
}

for name, body in ODD.items():
    globals()[f"test_odd_{name}"] = scenario(Json(body))(create)


BODIES = {
    "empty": Body(b""),
    "html": Body(b"<html>", content_type="text/html"),
    "of_no_type": Body(b'{"id": "x"}', content_type=""),
}

for name, answer in BODIES.items():
    globals()[f"test_body_{name}"] = scenario(
        answer, error="json.decoder.JSONDecodeError" if name == "empty" else None
    )(create)


@scenario(Body(b'{"id": "chatcmpl'), error="json.decoder.JSONDecodeError")
async def test_body_cut(app: App) -> object:
    return await app.create()


ODD_CHUNKS: dict[str, Any] = {
    "null": None,
    "list": [1],
    "text": "word",
    "number": 5,
    "no_fields": {},
    "choices_null": chunk() | {"choices": None},
    "choices_of_null": chunk() | {"choices": [None]},
    "choices_text": chunk() | {"choices": "x"},
    "delta_null": chunk({"index": 0, "delta": None}),
    "delta_missing": chunk({"index": 0}),
    "delta_text": chunk({"index": 0, "delta": "x"}),
    "content_number": chunk(delta(5)),
    "content_list": chunk(delta([{"type": "text", "text": "x"}])),
    "content_mapping": chunk(delta({"a": 1})),
    "index_null": chunk({"index": None, "delta": {"content": "x"}}),
    "index_text": chunk({"index": "0", "delta": {"content": "x"}}),
    "index_list": chunk({"index": [0], "delta": {"content": "x"}}),
    "index_missing": chunk({"delta": {"content": "x"}}),
    "role_number": chunk(delta("x", role=5)),
    "finish_reason_number": chunk({"index": 0, "delta": {}, "finish_reason": 5}),
    "tool_calls_text": chunk(delta(tool_calls="x")),
    "tool_calls_of_null": chunk(delta(tool_calls=[None])),
    "tool_call_index_text": chunk(delta(tool_calls=[{"index": "0", "function": {"name": "f", "arguments": "{}"}}])),
    "tool_call_index_list": chunk(delta(tool_calls=[{"index": [0], "function": {"name": "f", "arguments": "{}"}}])),
    "tool_call_index_missing": chunk(delta(tool_calls=[{"id": "c", "function": {"name": "f", "arguments": "{}"}}])),
    "tool_call_function_null": chunk(delta(tool_calls=[{"index": 0, "function": None}])),
    "tool_call_arguments_mapping": chunk(
        delta(tool_calls=[{"index": 0, "function": {"name": 5, "arguments": {"a": 1}}}])
    ),
    "function_call": chunk(delta(function_call={"name": "f", "arguments": "{}"})),
    "refusal_number": chunk(delta(refusal=5)),
    "audio_text": chunk(delta(audio="x")),
    "audio_numbers": chunk(delta(audio={"id": 5, "data": 5, "transcript": 5})),
    "usage_text": chunk(usage="x"),
    "usage_of_text": chunk(usage={"prompt_tokens": "5"}),
    "id_number": chunk(id=5, model=6),
}


async def stream(app: App) -> object:
    """A stream with something odd in it."""
    await app.read(await app.stream())


for name, odd in ODD_CHUNKS.items():
    globals()[f"test_odd_chunk_{name}"] = scenario(Sse([odd, *text_chunks(), odd]))(stream)
