"""Responses over WebSocket, by `responses.connect`: in lanes, steered, refused, broken, queued, left."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
from typing import Any

import openai
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from genspan.instrumentation.openai import OpenAIInstrumentor
from support.openai_families_wire import SAY, response, said, text_events
from support.openai_scenario import App, scenario
from support.scripted_socket import Break, Bye, Heard, Say, ScriptedSocket
from support.telemetry import InMemoryTelemetry, instrumented
from support.ways import WAYS

NEEDS = "responses.connect"
CREATE = Heard("response.create")
EVENTS = text_events()
FIRST_WORD = 5
"""Events up to and with the first piece of text."""
WHOLE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "server.address": "127.0.0.1",
    "openai.api.type": "responses",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.request.stream": True,
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "gpt-5-mini-2026-08-01",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 19,
    "gen_ai.usage.cache_read.input_tokens": 4,
    "gen_ai.usage.reasoning.output_tokens": 3,
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"What is the capital of France?"}]}]',
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],'
    '"finish_reason":"stop"}]',
}
PART = {
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.finish_reasons": ("error",),
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Par"}],'
    '"finish_reason":"error"}]',
}


@pytest.fixture
def server(socket: ScriptedSocket) -> ScriptedSocket:
    return socket


def connect(app: App, **options: Any) -> Any:
    return app.way.using(app.client.responses.connect(**options))


async def receive(app: App, connection: Any, number: int = len(EVENTS)) -> None:
    for _ in range(number):
        app.saw(await app.call(connection.recv))


def socket_scenario(*acts: Any, **expected: Any) -> Any:
    return scenario(*acts, needs=NEEDS, **expected)


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_created_and_received(app: App) -> object:
    async with connect(app) as connection:
        app.saw(await app.call(connection.response.create, **SAY))
        await receive(app, connection)


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_sent_as_a_mapping(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.send, {"type": "response.create", **SAY})
        await receive(app, connection)


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_sent_as_text(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.send_raw, json.dumps({"type": "response.create", **SAY}))
        await receive(app, connection)


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_sent_as_bytes(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.send_raw, json.dumps({"type": "response.create", **SAY}).encode())
        await receive(app, connection)


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_received_as_bytes_and_parsed(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        for _ in EVENTS:
            app.saw(connection.parse_event(await app.call(connection.recv_bytes)))


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_sent_before_the_connection_is_open(app: App) -> object:
    manager = app.client.responses.connect()
    manager.send({"type": "response.create", **SAY})
    async with app.way.using(manager) as connection:
        await receive(app, connection)


@socket_scenario(CREATE, Say(*EVENTS), attributes=WHOLE)
async def test_entered_without_with(app: App) -> object:
    connection = await app.call(app.client.responses.connect().enter)
    await app.call(connection.response.create, **SAY)
    await receive(app, connection)
    await app.call(connection.close)


@socket_scenario(CREATE, Say(*EVENTS), Bye(), attributes=WHOLE)
async def test_iterated_until_the_server_closes(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await app.read(connection)


@socket_scenario(CREATE, Say(*EVENTS), Bye(), attributes=WHOLE)
async def test_dispatched_to_handlers(app: App) -> object:
    async with connect(app) as connection:
        connection.on("event", app.saw)
        await app.call(connection.response.create, **SAY)
        await app.call(connection.dispatch_events)


@socket_scenario(CREATE, Say(*EVENTS), CREATE, Say(*EVENTS), spans=2, attributes=WHOLE)
async def test_one_after_the_other(app: App) -> object:
    async with connect(app) as connection:
        for _ in range(2):
            await app.call(connection.response.create, **SAY)
            await receive(app, connection)


TOOL = {"type": "function", "name": "look_up", "parameters": {}, "strict": True}


@socket_scenario(
    CREATE,
    Say(*EVENTS),
    attributes={**WHOLE, "gen_ai.tool.definitions": '[{"type":"function","name":"look_up","parameters":{}}]'},
)
async def test_tools_from_a_generator(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY, tools=(tool for tool in [TOOL]))
        await receive(app, connection)


def on_lane(lane: str, events: Any) -> list[Any]:
    return [{**event, "stream_id": lane} for event in events]


INTERLEAVED = [event for pair in zip(on_lane("a", EVENTS), on_lane("b", EVENTS), strict=True) for event in pair]


@socket_scenario(CREATE, CREATE, Say(*INTERLEAVED), spans=2, attributes=WHOLE)
async def test_two_lanes_at_once(app: App) -> object:
    async with connect(app) as connection:
        for lane in ("a", "b"):
            await app.call(connection.send, {"type": "response.create", **SAY, "stream_id": lane})
        await receive(app, connection, len(INTERLEAVED))


ERROR = {
    "type": "error",
    "status": 400,
    "error": {"type": "invalid_request_error", "code": "previous_response_not_found", "message": "no such response"},
}


@socket_scenario(CREATE, Say(ERROR), error="previous_response_not_found", attributes={"gen_ai.response.id": None})
async def test_refused(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await receive(app, connection, 1)


@socket_scenario(CREATE, Say(ERROR), error="previous_response_not_found")
async def test_refused_while_dispatching(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await app.call(connection.dispatch_events)


@socket_scenario(
    CREATE,
    Say(*EVENTS[:FIRST_WORD], {**ERROR, "error": {"type": "server_error", "message": "oh"}, "sequence_number": 9}),
    error="server_error",
    attributes=PART,
)
async def test_failed_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await receive(app, connection, FIRST_WORD + 1)


@socket_scenario(
    CREATE, Say(*EVENTS[:FIRST_WORD]), Break(), error="websockets.exceptions.ConnectionClosedError", attributes=PART
)
async def test_broken_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await app.read(connection)


@socket_scenario(
    CREATE, Say(*EVENTS[:FIRST_WORD]), Bye(1011), error="websockets.exceptions.ConnectionClosedError", attributes=PART
)
async def test_closed_by_a_server_in_trouble(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await app.read(connection)


@socket_scenario(CREATE, Say(*EVENTS[:FIRST_WORD]), Bye(), attributes=PART)
async def test_closed_in_order_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await app.read(connection)


@socket_scenario(CREATE, Say(*EVENTS[:FIRST_WORD]), attributes=PART)
async def test_left_in_the_midst(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await app.read(connection, limit=FIRST_WORD)


@socket_scenario(CREATE, Say(*EVENTS[:FIRST_WORD]), attributes=PART)
async def test_an_exception_of_the_app(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await receive(app, connection, FIRST_WORD)
        raise LookupError("mine")


@socket_scenario(CREATE, Say("{"), attributes={"gen_ai.response.id": None})
async def test_no_json(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        await receive(app, connection, 1)


@socket_scenario(CREATE, Say([], 5, None, {"type": 3}, {"type": "error", "error": 7}), error="failed")
async def test_odd_events(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        for _ in range(5):
            app.saw(connection.parse_event(await app.call(connection.recv_bytes)))


@socket_scenario(CREATE, Say(*EVENTS), spans=0)
async def test_suppressed(app: App) -> object:
    async with connect(app) as connection:
        with suppress_instrumentation():
            await app.call(connection.response.create, **SAY)
        await receive(app, connection)


@socket_scenario(spans=0)
async def test_only_connected(app: App) -> object:
    async with connect(app) as connection:
        app.saw(type(connection).__name__)


@socket_scenario(spans=1, error="websockets.exceptions.ConnectionClosedOK")
async def test_sent_after_closing(app: App) -> object:
    async with connect(app) as connection:
        await app.call(connection.close)
        await app.call(connection.response.create, **SAY)


ASYNC = WAYS[1:]


@socket_scenario(spans=0, ways=ASYNC)
async def test_never_awaited(app: App) -> object:
    """Python warns of what the app forgot, and of nothing more."""
    app.client.responses.connect().enter()
    async with connect(app) as connection:
        connection.send({"type": "response.create", **SAY})
        connection.recv()
        connection.close()


@socket_scenario(CREATE, Say(*EVENTS[:FIRST_WORD]), attributes=PART, ways=ASYNC)
async def test_a_task_that_reads_is_cancelled(app: App) -> object:
    async def read(connection: Any) -> None:
        async for event in connection:
            app.saw(event)

    async with connect(app) as connection:
        await app.call(connection.response.create, **SAY)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(read(connection), 0.2)


@socket_scenario(error="TypeError")
async def test_wrong_arguments(app: App) -> object:
    async with connect(app) as connection:
        for wrong in ((), (1, 2)):
            with pytest.raises(TypeError) as raised:
                await app.call(connection.send, *wrong)
            app.saw(raised.value)
        with pytest.raises(TypeError) as raised:
            await app.call(connection.send, {"type": "response.create", **SAY, "input": object()})
        app.saw(raised.value)


STEERED = {"status": "incomplete", "incomplete_details": {"reason": "steered"}}


def event(kind: str, **facts: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": 0, "response": response(said("Wait."), **facts)}


def recorded(telemetry: InMemoryTelemetry) -> list[dict[str, Any]]:
    telemetry.assert_sound()
    return [dict(span.attributes or {}) for span in telemetry.spans]


@pytest.fixture
def client(socket: ScriptedSocket) -> Any:
    client = openai.OpenAI(api_key="test", base_url=socket.url)
    if not hasattr(client.responses, "connect"):
        pytest.skip("no responses.connect")
    return client


@pytest.fixture
def telemetry() -> Any:
    with instrumented(OpenAIInstrumentor(), InMemoryTelemetry(), capture="SPAN_ONLY") as telemetry:
        yield telemetry


def test_steered_and_continued(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    socket.script(
        CREATE,
        Say(event("created", status="in_progress")),
        Heard("response.steer"),
        Say(
            event("incomplete", **STEERED),
            event("created", id="resp_2", previous_response_id="resp_1", status="in_progress"),
            event("completed", id="resp_2", previous_response_id="resp_1"),
        ),
    )
    with client.responses.connect() as connection:
        connection.send({"type": "response.create", **SAY})
        connection.recv()
        connection.send({"type": "response.steer", "previous_response_id": "resp_1", "input": "In short, please."})
        for _ in range(3):
            connection.recv()
    first, second = recorded(telemetry)
    assert first["gen_ai.response.finish_reasons"] == ("steered",)
    assert second["gen_ai.request.model"] == "gpt-5-mini"
    assert second["gen_ai.request.previous_response.id"] == "resp_1"
    assert second["gen_ai.response.id"] == "resp_2"
    assert "In short, please." in second["gen_ai.input.messages"]


def test_connected_anew(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    socket.script(CREATE, Say(*EVENTS[:FIRST_WORD]), Break(), CREATE, Say(*EVENTS), Bye())
    again = iter([True])

    def reconnect(_: Any) -> Any:
        return {} if next(again, False) else {"abort": True}

    with client.responses.connect(on_reconnecting=reconnect, initial_delay=0.01) as connection:
        connection.send({"type": "response.create", **SAY})
        for number, _ in enumerate(connection):
            if number == FIRST_WORD - 1:
                # Queued until the connection is open again, or sent over the one that is about to break.
                threading.Timer(0.05, connection.send, [{"type": "response.create", **SAY}]).start()
    first, second = recorded(telemetry)
    assert first["error.type"] == "websockets.exceptions.ConnectionClosedError"
    assert first["gen_ai.response.finish_reasons"] == ("error",)
    assert "error.type" not in second
    assert {name: second.get(name) for name in WHOLE} == WHOLE


def test_received_in_another_thread(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    socket.script(CREATE, Say(*EVENTS), Bye())
    with client.responses.connect() as connection:
        reader = threading.Thread(target=lambda: list(connection))
        reader.start()
        connection.send({"type": "response.create", **SAY})
        reader.join(5)
    (only,) = recorded(telemetry)
    assert only["gen_ai.response.finish_reasons"] == ("stop",)


def test_dropped_with_a_response_under_way(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    socket.script(CREATE, Say(*EVENTS[:FIRST_WORD]), Heard("nothing"))
    connection = client.responses.connect().enter()
    connection.send({"type": "response.create", **SAY})
    for _ in range(FIRST_WORD):
        connection.recv()
    beneath = connection._connection
    assert telemetry.open_spans == 1
    del connection
    gc.collect()
    (only,) = recorded(telemetry)
    assert only["gen_ai.response.finish_reasons"] == ("error",)
    assert "error.type" not in only
    beneath.close()


def test_uninstrumented_with_a_response_under_way(client: Any, socket: ScriptedSocket) -> None:
    socket.script(CREATE, Say(*EVENTS))
    telemetry = InMemoryTelemetry()
    with instrumented(OpenAIInstrumentor(), telemetry):
        connection = client.responses.connect().enter()
        connection.send({"type": "response.create", **SAY})
        connection.recv()
    recorded(telemetry)
    for _ in EVENTS[1:]:
        connection.recv()
    connection.close()
    recorded(telemetry)


def test_nothing_is_kept(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    from genspan.instrumentation.core import connection as connections
    from genspan.instrumentation.core import recorder

    socket.script(CREATE, Say(*EVENTS))
    with client.responses.connect() as connection:
        connection.send({"type": "response.create", **SAY})
        for _ in EVENTS:
            connection.recv()
        session = connections._sessions[connection]
        assert not session._recorders
        assert not recorder._open
        assert not any(session._dialogue._lanes.values())  # type: ignore[attr-defined]
    del connection, session
    gc.collect()
    assert not connections._sessions
    assert not connections._queued


def test_cancelling_a_wait_ends_nothing(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    socket.script(CREATE, Say(EVENTS[0]), Heard("go on"), Say(*EVENTS[1:]))

    async def main() -> None:
        client = openai.AsyncOpenAI(api_key="test", base_url=socket.url)
        async with client.responses.connect() as connection:
            await connection.send({"type": "response.create", **SAY})
            await connection.recv()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.recv(), 0.02)
            await connection.send_raw('{"type": "go on"}')
            for _ in EVENTS[1:]:
                await connection.recv()

    asyncio.run(main())
    (only,) = recorded(telemetry)
    assert only["gen_ai.response.finish_reasons"] == ("stop",)


def test_lanes_of_a_session(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    websocket = pytest.importorskip("openai.lib.responses_websocket")
    socket.script(CREATE, CREATE, Say(*INTERLEAVED))
    limits = websocket.ResponsesWebSocketLimits(
        max_lanes=4, max_events_per_lane=99, max_events=99, max_bytes_per_lane=10**6, max_bytes=10**6
    )
    with (
        client.responses.connect() as connection,
        websocket.ResponsesWebSocketSession(connection, limits=limits) as session,
    ):
        lanes = [session.lane("a"), session.lane("b")]
        for lane in lanes:
            lane.send({"type": "response.create", **SAY})
        for lane in lanes:
            assert lane.get_final_response(timeout=5).id == "resp_1"
    for one in recorded(telemetry):
        assert {name: one.get(name) for name in WHOLE} == WHOLE


def test_a_socket_of_its_own_address(socket: ScriptedSocket, telemetry: InMemoryTelemetry, client: Any) -> None:
    socket.script(CREATE, Say(*EVENTS))
    address = socket.url.replace("http", "ws")
    client = openai.OpenAI(api_key="test", base_url="https://my.openai.azure.com/openai/v1", websocket_base_url=address)
    with client.responses.connect() as connection:
        connection.send({"type": "response.create", **SAY})
        for _ in EVENTS:
            connection.recv()
    (only,) = recorded(telemetry)
    assert only["server.address"] == "127.0.0.1"
    assert only["server.port"] == int(socket.url.split(":")[2].split("/")[0])


def test_many_threads_on_one_connection(client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry) -> None:
    lanes = [f"lane {number}" for number in range(20)]
    events = [{**event, "stream_id": lane} for event in EVENTS for lane in lanes]
    socket.script(*[CREATE] * len(lanes), Say(*events))
    with client.responses.connect() as connection:
        senders = [
            threading.Thread(
                target=connection.send, args=[{"type": "response.create", "stream_id": lane, **SAY, "user": lane}]
            )
            for lane in lanes
        ]
        reader = threading.Thread(target=lambda: [connection.recv() for _ in events])
        for thread in (reader, *senders):
            thread.start()
        for thread in (reader, *senders):
            thread.join(10)
    all_of_them = recorded(telemetry)
    assert len(all_of_them) == len(lanes)
    for one in all_of_them:
        assert {name: one.get(name) for name in WHOLE} == WHOLE


EXITING = """
import openai
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from genspan.instrumentation.openai import OpenAIInstrumentor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name)))
OpenAIInstrumentor().instrument(tracer_provider=provider)
connection = openai.OpenAI(api_key="test", base_url={url!r}).responses.connect().enter()
connection.send({{"type": "response.create", "model": "gpt-5-mini", "input": "Hi."}})
connection.recv()
print("leaving", flush=True)
"""


def test_python_exits_with_a_response_under_way(client: Any, socket: ScriptedSocket) -> None:
    socket.script(CREATE, Say(*EVENTS[:FIRST_WORD]))
    done = subprocess.run(
        [sys.executable, "-c", EXITING.format(url=socket.url)], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split("\n") == ["leaving", "chat gpt-5-mini"]
    assert "genspan" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_leaves_the_parent_its_response(
    client: Any, socket: ScriptedSocket, telemetry: InMemoryTelemetry
) -> None:
    socket.script(CREATE, Say(*EVENTS))
    with client.responses.connect() as connection:
        connection.send({"type": "response.create", **SAY})
        connection.recv()
        child = os.fork()
        if not child:
            from genspan.instrumentation.core import connection as connections

            connections._sessions[connection].end()
            os._exit(len(telemetry.spans))
        assert os.waitpid(child, 0)[1] == 0
        for _ in EVENTS[1:]:
            connection.recv()
    (only,) = recorded(telemetry)
    assert only["gen_ai.response.finish_reasons"] == ("stop",)
