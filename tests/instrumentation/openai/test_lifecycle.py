"""Instrumented, off, on again; sampled out, suppressed, without an SDK; and at a process's end."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from genspan.instrumentation.openai import TARGETS, OpenAIInstrumentor
from support.openai_families_wire import moderation
from support.openai_scenario import compare
from support.openai_wire import ASK, completion, text_chunks
from support.scripted_server import Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry, instrumented
from support.ways import WAYS, Way

ANSWER = Json(completion())
STREAM = Sse(text_chunks())


@pytest.fixture
def telemetry() -> InMemoryTelemetry:
    return InMemoryTelemetry()


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[openai.OpenAI]:
    server.script(ANSWER)
    with openai.OpenAI(
        api_key="test", base_url=server.url, max_retries=0, http_client=openai.DefaultHttpxClient(verify=False)
    ) as client:
        yield client


async def _everything(app: Any) -> object:
    app.saw(await app.create())
    response = await app.call(app.completions.with_raw_response.create, **ASK)
    app.saw(await app.call(response.parse))
    app.saw(await app.call(app.completions.create, model="gpt-5-mini", messages=iter(ASK["messages"])))
    return "done"


async def _stream(app: Any) -> object:
    await app.read(await app.stream())
    await app.read(await app.stream(), limit=2)
    return "done"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize(("body", "answer"), [(_everything, ANSWER), (_stream, STREAM)])
def test_sampled_out(way: Way, body: Any, answer: Any, server: ScriptedServer) -> None:
    telemetry = InMemoryTelemetry(ALWAYS_OFF)
    compare(body, way, server, [answer], telemetry)
    assert telemetry.spans == []
    # Metrics and events are not the sampler's to drop.
    assert "gen_ai.client.inference.duration" in telemetry.metrics


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize(("body", "answer"), [(_everything, ANSWER), (_stream, STREAM)])
def test_suppressed(way: Way, body: Any, answer: Any, server: ScriptedServer, telemetry: InMemoryTelemetry) -> None:
    async def suppressed(app: Any) -> object:
        app.saw = lambda value, saw=app.saw: saw(value) if value != dict(otel_context.get_current()) else None
        with suppress_instrumentation():
            return await body(app)

    compare(suppressed, way, server, [answer], telemetry)
    assert telemetry.spans == []
    assert telemetry.metrics == {}


def test_children_of_a_sampled_out_call_are_unsampled(server: ScriptedServer) -> None:
    telemetry = InMemoryTelemetry(ParentBased(ALWAYS_OFF))
    tracer = telemetry.tracer_provider.get_tracer("app")
    seen: list[Any] = []

    def on_request(request: Any) -> None:
        seen.append(trace.get_current_span().get_span_context())
        with tracer.start_as_current_span("child") as child:
            seen.append(child.is_recording())

    http_client = openai.DefaultHttpxClient(verify=False, event_hooks={"request": [on_request]})
    client = openai.OpenAI(api_key="test", base_url=server.url, max_retries=0, http_client=http_client)
    server.script(ANSWER)
    with instrumented(OpenAIInstrumentor(), telemetry):
        client.chat.completions.create(**ASK)
    client.close()
    assert seen[0].is_valid
    assert not seen[0].trace_flags.sampled
    assert seen[1] is False
    assert telemetry.spans == []


def test_what_runs_inside_a_call_is_its_child(server: ScriptedServer, telemetry: InMemoryTelemetry) -> None:
    tracer = telemetry.tracer_provider.get_tracer("app")

    def on_request(request: Any) -> None:
        tracer.start_span("inside").end()

    http_client = openai.DefaultHttpxClient(verify=False, event_hooks={"request": [on_request]})
    client = openai.OpenAI(api_key="test", base_url=server.url, max_retries=0, http_client=http_client)
    server.script(ANSWER)
    with instrumented(OpenAIInstrumentor(), telemetry), tracer.start_as_current_span("around"):
        client.chat.completions.create(**ASK)
        tracer.start_span("after").end()
    client.close()
    spans = {span.name: span for span in telemetry.spans}
    parents = {name: span.parent and span.parent.span_id for name, span in spans.items()}
    ids = {name: span.context.span_id for name, span in spans.items() if span.context}
    assert parents["inside"] == ids["chat gpt-5-mini"]
    assert parents["chat gpt-5-mini"] == ids["around"] == parents["after"]


def test_no_header_is_added(client: openai.OpenAI, server: ScriptedServer, telemetry: InMemoryTelemetry) -> None:
    with instrumented(OpenAIInstrumentor(), telemetry):
        client.chat.completions.create(**ASK)
    assert not [name for name, _ in server.requests[0].headers if name.lower() in ("traceparent", "baggage")]


def test_uninstrument_restores_every_target(telemetry: InMemoryTelemetry) -> None:
    before = _targets()
    with instrumented(OpenAIInstrumentor(), telemetry):
        during = _targets()
    assert before
    assert _targets() == before
    assert all(during[name] is not original for name, original in before.items())


def _targets() -> dict[str, Any]:
    found = {}
    for target in TARGETS:
        owner: Any = sys.modules.get(target.module)
        *path, name = target.name.split(".")
        for part in path:
            owner = getattr(owner, part, None)
        if owner is not None and name in vars(owner):
            found[f"{target.module}.{target.name}"] = vars(owner)[name]
    return found


def test_uninstrumented_while_client_and_stream_live(
    client: openai.OpenAI, server: ScriptedServer, telemetry: InMemoryTelemetry
) -> None:
    server.script(STREAM, ANSWER)
    with instrumented(OpenAIInstrumentor(), telemetry):
        create, raw = client.chat.completions.create, client.chat.completions.with_raw_response
        stream = client.chat.completions.create(**ASK, stream=True)
        next(stream)
    assert len(list(stream)) == 5
    assert telemetry.span.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    # What was bound while instrumented passes through.
    assert create(**ASK).id == raw.create(**ASK).parse().id == "chatcmpl-1"
    assert type(create(**ASK)) is openai.types.chat.ChatCompletion
    assert len(telemetry.spans) == 1
    telemetry.assert_sound()


def test_instrumented_again(client: openai.OpenAI, server: ScriptedServer) -> None:
    first, second = InMemoryTelemetry(), InMemoryTelemetry()
    with instrumented(OpenAIInstrumentor(), first):
        create = client.chat.completions.create
        create(**ASK)
    with instrumented(OpenAIInstrumentor(), second):
        client.chat.completions.create(**ASK)
        create(**ASK)
    client.chat.completions.create(**ASK)
    assert (len(first.spans), len(second.spans)) == (1, 2)


def test_instrumented_twice_makes_one_span(client: openai.OpenAI, telemetry: InMemoryTelemetry) -> None:
    with instrumented(OpenAIInstrumentor(), telemetry):
        OpenAIInstrumentor().instrument(**telemetry.providers)
        client.chat.completions.create(**ASK)
    assert len(telemetry.spans) == 1


def test_wrapped_by_another_before_uninstrument(client: openai.OpenAI, telemetry: InMemoryTelemetry) -> None:
    owner = openai.resources.chat.completions.Completions
    original = owner.create
    with instrumented(OpenAIInstrumentor(), telemetry):
        ours = owner.__dict__["create"]

        def theirs(self: Any, *args: Any, **kwargs: Any) -> Any:
            return ours.__get__(self, owner)(*args, **kwargs)

        owner.create = theirs  # type: ignore[method-assign]
        client.chat.completions.create(**ASK)
    try:
        assert owner.create is theirs
        assert client.chat.completions.create(**ASK).id == "chatcmpl-1"
    finally:
        owner.create = original  # type: ignore[method-assign]
    assert len(telemetry.spans) == 1


def test_wrapped_by_another_between_two_times(client: openai.OpenAI, server: ScriptedServer) -> None:
    """Ours of the first time stays beneath theirs, and ours of the second comes on top: one span, all the same."""
    owner = openai.resources.moderations.Moderations
    original = owner.create
    telemetry = InMemoryTelemetry()
    server.script(Json(moderation("violence")))
    try:
        with instrumented(OpenAIInstrumentor(), InMemoryTelemetry()):
            ours = owner.create

            def theirs(self: Any, **arguments: Any) -> Any:
                return ours(self, **arguments)

            owner.create = theirs  # type: ignore[method-assign]
        with instrumented(OpenAIInstrumentor(), telemetry):
            client.moderations.create(input="I will hit you.")
    finally:
        owner.create = original  # type: ignore[method-assign]
    assert telemetry.span.name == "moderation"
    telemetry.assert_sound()


def test_no_open_telemetry_at_all(client: openai.OpenAI, server: ScriptedServer) -> None:
    script = """
        from genspan.instrumentation.openai import OpenAIInstrumentor
        OpenAIInstrumentor().instrument()
        import openai
        client = openai.OpenAI(api_key="test", base_url=URL)
        answer = client.chat.completions.create(**ASK)
        print(type(answer).__name__, answer.choices[0].message.content)
        with client.chat.completions.create(**ASK, stream=True) as stream:
            print(type(stream).__name__)
    """
    assert _python(script, server).split() == ["ChatCompletion", "Paris.", "Stream"]


PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

class Printer(SpanExporter):
    def export(self, spans):
        import os
        for span in spans:
            print("exported", os.getpid(), span.name, dict(span.attributes).get("gen_ai.response.model"), flush=True)
        return SpanExportResult.SUCCESS

def provide():
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Printer()))
    trace.set_tracer_provider(provider)
"""


def _python(script: str, server: ScriptedServer) -> str:
    prelude = f"URL = {server.url!r}\nASK = {ASK!r}\n"
    done = subprocess.run(
        # Python 3.12 warns of every fork beside threads, which the SDK's exporter has.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", prelude + PROVIDER + textwrap.dedent(script)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": ""},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_provider_set_after_instrument(server: ScriptedServer) -> None:
    server.script(ANSWER)
    script = """
        from genspan.instrumentation.openai import OpenAIInstrumentor
        OpenAIInstrumentor().instrument()
        import openai
        client = openai.OpenAI(api_key="test", base_url=URL)
        provide()
        client.chat.completions.create(**ASK)
    """
    (line,) = _python(script, server).splitlines()
    assert line.endswith("chat gpt-5-mini gpt-5-mini-2026-08-01")


@pytest.mark.parametrize(
    ("provided", "way"),
    [("before", "stream"), ("after", "stream"), ("before", "helper"), ("before", "streaming_response")],
)
def test_interpreter_exits_with_an_open_stream(server: ScriptedServer, provided: str, way: str) -> None:
    if way == "helper" and not hasattr(openai.resources.chat.completions.Completions, "stream"):
        pytest.skip("no chat.completions.stream")
    server.script(Sse(text_chunks()[:2], stall=True))
    begin = {
        "stream": "stream = client.chat.completions.create(**ASK, stream=True)",
        "helper": "stream = client.chat.completions.stream(**ASK).__enter__()",
        "streaming_response": "response = client.chat.completions.with_streaming_response.create(**ASK, stream=True)\n"
        "stream = response.__enter__().parse()",
    }[way]
    script = f"""
from genspan.instrumentation.openai import OpenAIInstrumentor
if {provided == "before"}:
    provide()
OpenAIInstrumentor().instrument()
import openai
client = openai.OpenAI(api_key="test", base_url=URL)
if {provided == "after"}:
    provide()
{begin}
next(iter(stream))
"""
    (line,) = _python(script, server).splitlines()
    assert line.endswith("chat gpt-5-mini gpt-5-mini-2026-08-01")


def test_interpreter_exits_with_an_unread_response(server: ScriptedServer) -> None:
    server.script(ANSWER)
    script = """
        from genspan.instrumentation.openai import OpenAIInstrumentor
        provide()
        OpenAIInstrumentor().instrument()
        import openai
        client = openai.OpenAI(api_key="test", base_url=URL)
        manager = client.chat.completions.with_streaming_response.create(**ASK)
        response = manager.__enter__()
    """
    (line,) = _python(script, server).splitlines()
    assert " chat gpt-5-mini" in line


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_leaves_the_parent_its_stream(server: ScriptedServer) -> None:
    server.script(STREAM)
    script = """
        import os, sys
        from genspan.instrumentation.openai import OpenAIInstrumentor
        provide()
        OpenAIInstrumentor().instrument()
        import openai
        client = openai.OpenAI(api_key="test", base_url=URL)
        stream = client.chat.completions.create(**ASK, stream=True)
        next(stream)
        child = os.fork()
        if not child:
            own = openai.OpenAI(api_key="test", base_url=URL)
            own.chat.completions.create(**ASK, stream=True).close()
            sys.exit()
        os.waitpid(child, 0)
        list(stream)
        print("parent", os.getpid())
    """
    lines = [line.split() for line in _python(script, server).splitlines()]
    (parent,) = [int(line[1]) for line in lines if line[0] == "parent"]
    exported = [(int(line[1]) == parent, line[-1]) for line in lines if line[0] == "exported"]
    assert sorted(exported) == [(False, "None"), (True, "gpt-5-mini-2026-08-01")]


def test_dropped_with_its_client(server: ScriptedServer, telemetry: InMemoryTelemetry) -> None:
    server.script(Sse(text_chunks()[:1], stall=True))
    with instrumented(OpenAIInstrumentor(), telemetry):
        client = openai.OpenAI(api_key="test", base_url=server.url)
        stream = client.chat.completions.create(**ASK, stream=True)
        next(stream)
        del client, stream
        gc.collect()
    telemetry.assert_sound()
    assert len(telemetry.spans) == 1


def test_arguments_are_left_as_they_are(client: openai.OpenAI, telemetry: InMemoryTelemetry) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    before = json.dumps(messages)
    arguments: dict[str, Any] = {"model": "gpt-5-mini", "messages": messages, "extra_headers": {"X-Odd": "1"}}
    keys = list(arguments)
    with instrumented(OpenAIInstrumentor(), telemetry, capture="SPAN_AND_EVENT"):
        client.chat.completions.create(**arguments)
    assert json.dumps(messages) == before
    assert list(arguments) == keys
    assert arguments["extra_headers"] == {"X-Odd": "1"}
