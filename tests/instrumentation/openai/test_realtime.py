"""The Realtime API: asked for, begun by the server, refused, cancelled, cut off; GA and beta."""

from __future__ import annotations

import base64
import json
from typing import Any

import openai
import pytest

from genspan.instrumentation.openai import OpenAIInstrumentor
from support.openai_scenario import App, scenario
from support.realtime_wire import (
    MODEL,
    SOUND,
    answer,
    created,
    done,
    event,
    piece,
    response,
    session,
    spoken,
    voice,
)
from support.scripted_socket import Break, Bye, Heard, Say, ScriptedSocket
from support.telemetry import InMemoryTelemetry, instrumented

NEEDS = "realtime.connect"
CREATE = Heard("response.create")
HELLO = event("session.created", session=session())
ANSWER = answer()
QUESTION = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "What is the capital of France?"}],
}
ASKED = '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]'


def voiced(words: str = "Paris.", reason: str = "stop") -> str:
    sound = base64.b64encode(b"".join(SOUND)).decode()
    part = {"type": "blob", "modality": "audio", "content": sound, "mime_type": "audio/pcm", "transcript": words}
    return json.dumps([{"role": "assistant", "parts": [part], "finish_reason": reason}], separators=(",", ":"))


WHOLE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "server.address": "127.0.0.1",
    "gen_ai.request.model": MODEL,
    "gen_ai.request.stream": True,
    "gen_ai.request.max_tokens": None,
    "gen_ai.response.id": "resp_1",
    "gen_ai.conversation.id": "conv_1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 132,
    "gen_ai.usage.output_tokens": 121,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.usage.text.input_tokens": 119,
    "gen_ai.usage.audio.input_tokens": 13,
    "gen_ai.usage.audio.cache_read.input_tokens": 4,
    "gen_ai.usage.text.cache_read.input_tokens": 60,
    "gen_ai.usage.audio.output_tokens": 91,
    "gen_ai.usage.text.output_tokens": 30,
    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
    "gen_ai.output.messages": voiced(),
}
PART = {
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.finish_reasons": ("error",),
    "gen_ai.usage.input_tokens": None,
}


@pytest.fixture
def server(socket: ScriptedSocket) -> ScriptedSocket:
    return socket


def realtime_scenario(*acts: Any, **expected: Any) -> Any:
    return scenario(*acts, needs=NEEDS, **expected)


def connect(app: App, **options: Any) -> Any:
    return app.way.using(app.client.realtime.connect(**{"model": MODEL, **options}))


async def ask(app: App, connection: Any, **options: Any) -> None:
    await app.call(connection.conversation.item.create, item=QUESTION)
    await app.call(connection.response.create, **options)


async def receive(app: App, connection: Any, *events: Any) -> None:
    for _ in events:
        app.saw(await app.call(connection.recv))


@realtime_scenario(Say(HELLO), CREATE, Say(*ANSWER), attributes={**WHOLE, "gen_ai.input.messages": ASKED})
async def test_asked_for(app: App) -> object:
    async with connect(app) as connection:
        await receive(app, connection, HELLO)
        await ask(app, connection)
        await receive(app, connection, *ANSWER)


@realtime_scenario(Say(HELLO), CREATE, Say(*ANSWER), attributes={**WHOLE, "gen_ai.input.messages": ASKED})
async def test_a_session_of_a_call(app: App) -> object:
    """Which names no model: the server tells it."""
    async with app.way.using(app.client.realtime.connect(call_id="call_1")) as connection:
        await receive(app, connection, HELLO)
        await ask(app, connection)
        await receive(app, connection, *ANSWER)


SETTINGS = {
    "type": "realtime",
    "instructions": "Be kind.",
    "output_modalities": ["audio"],
    "max_output_tokens": 300,
    "tools": [{"type": "function", "name": "look_up", "description": "Looks up.", "parameters": {}}],
}


@realtime_scenario(
    Say(HELLO),
    CREATE,
    Say(*ANSWER),
    attributes={
        **WHOLE,
        "gen_ai.request.max_tokens": 200,
        "gen_ai.output.type": "speech",
        "gen_ai.system_instructions": '[{"type":"text","content":"Be kind."}]',
        "gen_ai.tool.definitions": '[{"type":"function","name":"look_up","description":"Looks up.","parameters":{}}]',
    },
)
async def test_settings_of_session_and_response(app: App) -> object:
    async with connect(app) as connection:
        await receive(app, connection, HELLO)
        await app.call(connection.session.update, session=SETTINGS)
        await ask(app, connection, response={"max_output_tokens": 200})
        await receive(app, connection, *ANSWER)


@realtime_scenario(
    CREATE,
    Say(*answer(conversation_id=None, metadata={"topic": "geography"})),
    attributes={
        "gen_ai.conversation.id": None,
        "gen_ai.response.id": "resp_1",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hello."}]}]',
    },
)
async def test_apart_from_the_conversation(app: App) -> object:
    async with connect(app) as connection:
        hello = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
        await app.call(connection.conversation.item.create, item=QUESTION)
        await app.call(
            connection.response.create,
            response={"conversation": "none", "input": [hello], "metadata": {"topic": "geography"}},
        )
        await receive(app, connection, *ANSWER)


HEARD = [
    event("input_audio_buffer.speech_started", item_id="item_0", audio_start_ms=0),
    event("input_audio_buffer.committed", item_id="item_0", previous_item_id=None),
    created(),
    event(
        "conversation.item.input_audio_transcription.completed",
        item_id="item_0",
        content_index=0,
        transcript="What is the capital of France?",
        usage={"type": "duration", "seconds": 1.0},
    ),
    *ANSWER[1:],
]


@realtime_scenario(
    Say(HELLO),
    Heard("input_audio_buffer.append"),
    Say(*HEARD),
    attributes={
        **WHOLE,
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"blob","modality":"audio","content":"",'
        '"transcript":"What is the capital of France?"}]}]',
    },
)
async def test_begun_by_the_server(app: App) -> object:
    async with connect(app) as connection:
        await receive(app, connection, HELLO)
        await app.call(connection.input_audio_buffer.append, audio="AAAA")
        await receive(app, connection, *HEARD)


CALL = {
    "id": "item_1",
    "object": "realtime.item",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "look_up",
    "arguments": '{"place": "France"}',
}
ANSWERED = {"type": "function_call_output", "call_id": "call_1", "output": "Paris"}


@realtime_scenario(
    CREATE,
    Say(created(), piece("function_call_arguments", '{"place":'), done(CALL)),
    attributes={
        "gen_ai.response.finish_reasons": ("tool_call",),
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"look_up",'
        '"arguments":{"place":"France"}}],"finish_reason":"tool_call"}]',
    },
)
async def test_a_call_of_a_tool(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await receive(app, connection, 1, 2, 3)


CANCELLED = done(
    spoken("Par", status="incomplete"),
    status="cancelled",
    status_details={"type": "cancelled", "reason": "client_cancelled"},
)


@realtime_scenario(
    CREATE,
    Say(created(), *voice("Par")),
    Heard("response.cancel"),
    Say(CANCELLED),
    attributes={**PART, "gen_ai.usage.input_tokens": 132, "gen_ai.output.messages": voiced("Par", "error")},
)
async def test_cancelled(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await receive(app, connection, created(), *voice("Par"))
        await app.call(connection.response.cancel)
        await receive(app, connection, CANCELLED)


@realtime_scenario(
    CREATE,
    Say(created(), done(spoken(), status="incomplete", status_details={"reason": "max_output_tokens"})),
    attributes={"gen_ai.response.finish_reasons": ("length",)},
)
async def test_too_long(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await receive(app, connection, 1, 2)


FAILED = {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded", "message": "later"}}


@realtime_scenario(CREATE, Say(created(), done(status="failed", status_details=FAILED)), error="rate_limit_exceeded")
async def test_failed(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await receive(app, connection, 1, 2)


def refusal(code: str, event_id: str | None = None) -> dict[str, Any]:
    error = {"type": "invalid_request_error", "code": code, "message": "no", "param": None, "event_id": event_id}
    return event("error", error=error)


@realtime_scenario(
    CREATE, Say(refusal("conversation_already_has_active_response")), error="conversation_already_has_active_response"
)
async def test_refused(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await receive(app, connection, 1)


@realtime_scenario(CREATE, Say(refusal("input_audio_buffer_commit_empty"), *ANSWER), attributes={"error.type": None})
async def test_an_error_of_something_else(app: App) -> object:
    async with connect(app) as connection:
        connection.on("error", app.saw)
        await ask(app, connection)
        await receive(app, connection, 1, *ANSWER)


@realtime_scenario(
    CREATE, Say(refusal("conversation_item_not_found", "other"), *ANSWER), attributes={"error.type": None}
)
async def test_an_error_of_another_event(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection, event_id="mine")
        await receive(app, connection, 1, *ANSWER)


@realtime_scenario(CREATE, Say(refusal("invalid_value", "mine")), error="invalid_value")
async def test_an_error_of_this_event(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection, event_id="mine")
        await receive(app, connection, 1)


@realtime_scenario(
    CREATE,
    Say(created(), *voice("Par")),
    Break(),
    error="websockets.exceptions.ConnectionClosedError",
    attributes={**PART, "gen_ai.output.messages": voiced("Par", "error")},
)
async def test_broken_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await app.read(connection)


@realtime_scenario(
    CREATE, Say(created(), *voice("Par")), Bye(), attributes={**PART, "gen_ai.output.messages": voiced("Par", "error")}
)
async def test_closed_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await app.read(connection)


@realtime_scenario(
    CREATE, Say(created(), *voice("Par")), attributes={**PART, "gen_ai.output.messages": voiced("Par", "error")}
)
async def test_left_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await app.read(connection, limit=1 + len(voice("Par")))


@realtime_scenario(
    CREATE,
    Say(created(), piece("function_call_arguments", '{"place":')),
    attributes={
        **PART,
        "gen_ai.output.messages": '[{"role":"assistant","parts":[],"finish_reason":"error"}]',
    },
)
async def test_left_before_the_kind_of_item_is_known(app: App) -> object:
    async with connect(app) as connection:
        await ask(app, connection)
        await app.read(connection, limit=2)


@realtime_scenario(spans=0)
async def test_only_connected(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.input_audio_buffer.append, audio="AAAA" * 1000)
        app.saw(type(connection).__name__)


@realtime_scenario(CREATE, Say({"type": "response.done"}, {"type": "response.created"}, {}, 4, "x"), spans=2)
async def test_odd_events(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, response={"metadata": {"a": "b"}})
        for _ in range(4):
            app.saw(connection.parse_event(await app.call(connection.recv_bytes)))
        await app.call(connection.response.create, response={"input": "odd", "tools": 4})


# What needs the blocking client alone


@pytest.fixture
def client(socket: ScriptedSocket) -> Any:
    client = openai.OpenAI(api_key="test", base_url=socket.url, websocket_base_url=socket.url.replace("http", "ws"))
    if not hasattr(client, "realtime"):
        pytest.skip("no realtime")
    return client


@pytest.fixture
def telemetry() -> Any:
    with instrumented(OpenAIInstrumentor(), InMemoryTelemetry(), capture="SPAN_ONLY") as telemetry:
        yield telemetry


def recorded(telemetry: InMemoryTelemetry) -> list[dict[str, Any]]:
    telemetry.assert_sound()
    return [dict(span.attributes or {}) for span in telemetry.spans]


def test_two_at_once(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    """The server tells of the second first, by its metadata."""
    socket.script(
        CREATE,
        CREATE,
        Say(
            created(id="resp_2", metadata={"n": "2"}, conversation_id=None),
            created(id="resp_1"),
            piece("output_text", "two", "resp_2"),
            piece("output_text", "one", "resp_1"),
            done(id="resp_1"),
            done(id="resp_2", metadata={"n": "2"}, conversation_id=None),
        ),
    )
    with client.realtime.connect(model=MODEL) as connection:
        connection.response.create()
        connection.response.create(
            response={"conversation": "none", "metadata": {"n": "2"}, "instructions": "Be the second."}
        )
        for _ in range(6):
            connection.recv()
    first, second = recorded(telemetry)
    assert first["gen_ai.response.id"] == "resp_1"
    assert "one" in first["gen_ai.output.messages"]
    assert second["gen_ai.response.id"] == "resp_2"
    assert "Be the second." in second["gen_ai.system_instructions"]
    assert "two" in second["gen_ai.output.messages"]


def test_each_turn_has_what_was_new_in_it(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    socket.script(CREATE, Say(created(), done(CALL)), CREATE, Say(created(id="resp_2"), done(spoken(), id="resp_2")))
    with client.realtime.connect(model=MODEL) as connection:
        for item in (QUESTION, ANSWERED):
            connection.conversation.item.create(item=item)
            connection.response.create()
            connection.recv()
            connection.recv()
    first, second = recorded(telemetry)
    assert first["gen_ai.input.messages"] == ASKED
    assert second["gen_ai.input.messages"] == (
        '[{"role":"tool","parts":[{"type":"tool_call_response","id":"call_1","response":"Paris"}]}]'
    )


def test_long_sound_is_measured(
    client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genspan.instrumentation.openai.media.blob_limit", lambda: 8)
    socket.script(CREATE, Say(*ANSWER))
    with client.realtime.connect(model=MODEL) as connection:
        connection.response.create()
        for _ in ANSWER:
            connection.recv()
    (only,) = recorded(telemetry)
    ((part,),) = [message["parts"] for message in json.loads(only["gen_ai.output.messages"])]
    assert part["size"] == sum(map(len, SOUND))
    assert part["content"] == ""
    assert part["transcript"] == "Paris."


def test_nothing_is_kept(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    from genspan.instrumentation.core import connection as connections

    socket.script(CREATE, Say(*ANSWER))
    with client.realtime.connect(model=MODEL) as connection:
        connection.conversation.item.create(item=QUESTION)
        connection.response.create()
        for _ in ANSWER:
            connection.recv()
        session = connections._sessions[connection]
        dialogue: Any = session._dialogue
        assert not session._recorders
        assert [*dialogue._waiting, *dialogue._begun, *dialogue._added] == []


def test_azure(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    azure = openai.AzureOpenAI(
        api_key="test",
        api_version="2026-01-01",
        azure_endpoint="https://my.openai.azure.com",
        websocket_base_url=socket.url.replace("http", "ws"),
    )
    socket.script(CREATE, Say(*ANSWER))
    with azure.realtime.connect(model="deployed") as connection:
        connection.response.create()
        for _ in ANSWER:
            connection.recv()
    (only,) = recorded(telemetry)
    assert only["gen_ai.provider.name"] == "azure.ai.openai"
    assert only["gen_ai.request.model"] == "deployed"


def test_beta(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    beta = getattr(client.beta, "realtime", None)
    if beta is None or not hasattr(beta, "connect"):
        pytest.skip("no beta.realtime")
    words = [
        created(),
        *voice("Par", "is.", sound="audio"),
        done(spoken(content=[{"type": "audio", "transcript": "Paris."}])),
    ]
    socket.script(CREATE, Say(*words))
    with beta.connect(model=MODEL) as connection:
        connection.session.update(session={"modalities": ["text", "audio"], "temperature": 0.7})
        connection.response.create()
        for _ in words:
            connection.recv()
    (only,) = recorded(telemetry)
    assert only["gen_ai.request.temperature"] == 0.7
    assert only["gen_ai.output.type"] == "speech"
    assert only["gen_ai.output.messages"] == voiced()
    assert response()["id"] == only["gen_ai.response.id"]
