"""Speech, transcriptions and translations."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import openai
import pytest

from genspan.instrumentation.openai import OpenAIInstrumentor
from support.openai_scenario import NO_CONNECTION, App, scenario
from support.scripted_server import Body, Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry, instrumented

SOUND = b"ID3" + bytes(range(256))
SPOKEN = Body(SOUND, content_type="audio/mpeg")
SPEAK: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hi."}
HEARD = (
    '[{"role":"assistant","parts":[{"type":"blob","modality":"audio","content":"'
    + base64.b64encode(SOUND).decode()
    + '","mime_type":"audio/mpeg"}],"finish_reason":"stop"}]'
)
HELLO = '[{"role":"assistant","parts":[{"type":"text","content":"Hello."}],"finish_reason":"stop"}]'


@scenario(
    SPOKEN,
    attributes={
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "speech",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi."}]}]',
        "gen_ai.output.messages": HEARD,
    },
)
async def test_speech(app: App) -> object:
    spoken = await app.call(app.client.audio.speech.create, **SPEAK)
    app.saw(spoken)
    return [spoken.content, spoken.response.headers["content-type"], spoken.read()]


@scenario(SPOKEN, attributes={"gen_ai.output.messages": HEARD})
async def test_speech_in_pieces(app: App) -> object:
    spoken = await app.call(app.client.audio.speech.create, **SPEAK)
    return list(spoken.iter_bytes(100))


@scenario(
    SPOKEN, needs="responses.create", attributes={"gen_ai.system_instructions": '[{"type":"text","content":"Softly."}]'}
)
async def test_speech_with_instructions(app: App) -> object:
    return await app.call(app.client.audio.speech.create, **SPEAK, instructions="Softly.", speed=1.5)


@scenario(SPOKEN, attributes={"gen_ai.output.type": "speech", "gen_ai.output.messages": HEARD})
async def test_speech_to_a_file(app: App) -> object:
    target = io.BytesIO()
    async with app.way.using(app.client.audio.speech.with_streaming_response.create(**SPEAK)) as spoken:
        app.saw(spoken)
        await app.read(spoken.iter_bytes(64))
    return target.getvalue()


@scenario(SPOKEN, attributes={"gen_ai.output.messages": HEARD})
async def test_speech_streamed_to_a_file(app: App) -> object:
    path = Path("/tmp") / f"genspan-speech-{app.way.name}"
    async with app.way.using(app.client.audio.speech.with_streaming_response.create(**SPEAK)) as spoken:
        await app.call(spoken.stream_to_file, path)
    written = path.read_bytes()
    path.unlink()
    return written


EVENTS = Sse(
    [
        {"type": "speech.audio.delta", "audio": base64.b64encode(SOUND[:100]).decode()},
        {"type": "speech.audio.delta", "audio": base64.b64encode(SOUND[100:]).decode()},
        {"type": "speech.audio.done", "usage": {"input_tokens": 14, "output_tokens": 101, "total_tokens": 115}},
    ],
    done=False,
)
BY_EVENTS = {
    "gen_ai.usage.input_tokens": 14,
    "gen_ai.usage.output_tokens": 101,
    "gen_ai.output.messages": HEARD.replace(',"mime_type":"audio/mpeg"', ""),
}


@scenario(EVENTS, attributes=BY_EVENTS)
async def test_speech_in_events(app: App) -> object:
    spoken = await app.call(app.client.audio.speech.create, **SPEAK, extra_body={"stream_format": "sse"})
    return spoken.read()


@scenario(EVENTS, attributes=BY_EVENTS)
async def test_speech_in_events_read_by_line(app: App) -> object:
    async with app.way.using(app.client.audio.speech.with_streaming_response.create(**SPEAK)) as spoken:
        await app.read(spoken.iter_lines())


LONG = Body(b"1" * 3_000, content_type="audio/pcm")


def test_long_speech_is_measured(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genspan.instrumentation.core.stream._KEPT", 1_000)
    server.script(LONG)
    client = openai.OpenAI(api_key="test", base_url=server.url)
    with (
        instrumented(OpenAIInstrumentor(), InMemoryTelemetry(), capture="SPAN_ONLY") as telemetry,
        client.audio.speech.with_streaming_response.create(**SPEAK) as spoken,
    ):
        assert sum(map(len, spoken.iter_bytes(64))) == 3_000
    telemetry.assert_sound()
    ((part,),) = [m["parts"] for m in json.loads(str((telemetry.span.attributes or {})["gen_ai.output.messages"]))]
    assert part == {"type": "blob", "modality": "audio", "content": "", "size": 3_000, "mime_type": "audio/pcm"}


@scenario(SPOKEN)
async def test_speech_left_early(app: App) -> object:
    async with app.way.using(app.client.audio.speech.with_streaming_response.create(**SPEAK)) as spoken:
        await app.read(spoken.iter_bytes(64), limit=1)


def sound() -> io.BytesIO:
    file = io.BytesIO(SOUND)
    file.name = "sound.mp3"
    return file


async def transcribe(app: App, **arguments: Any) -> Any:
    file = sound()
    answer = await app.call(
        app.client.audio.transcriptions.create, **{"model": "gpt-4o-transcribe", "file": file, **arguments}
    )
    app.saw([file.closed, file.tell()])
    return answer


@scenario(
    Json({"text": "Hello."}),
    attributes={
        "gen_ai.output.type": "text",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"A greeting."}]}]',
        "gen_ai.output.messages": HELLO,
    },
)
async def test_transcription(app: App) -> object:
    return await transcribe(app, prompt="A greeting.", temperature=0.5, language="en")


@scenario(Body(b"Hello.", content_type="text/plain"), attributes={"gen_ai.output.messages": HELLO})
async def test_transcription_as_text(app: App) -> object:
    return await transcribe(app, response_format="text")


SRT = b"1\n00:00:00,000 --> 00:00:01,000\nHello.\n"


@scenario(
    Body(SRT, content_type="text/plain"),
    attributes={"gen_ai.output.messages": HELLO.replace("Hello.", SRT.decode().replace("\n", "\\n"))},
)
async def test_transcription_as_subtitles(app: App) -> object:
    return await transcribe(app, model="whisper-1", response_format="srt")


@scenario(
    Json(
        {
            "task": "transcribe",
            "language": "english",
            "duration": 1.5,
            "text": "Hello.",
            "segments": [],
            "usage": {"type": "duration", "seconds": 2},
        }
    ),
    attributes={"gen_ai.output.messages": HELLO, "gen_ai.usage.input_tokens": None},
)
async def test_transcription_with_details(app: App) -> object:
    return await transcribe(app, model="whisper-1", response_format="verbose_json", timestamp_granularities=["segment"])


@scenario(Json({"text": "Hello."}))
async def test_transcription_of_an_open_file(app: App) -> object:
    with Path(__file__).open("rb") as file:
        answer = await transcribe(app, file=file)
        app.saw([file.closed, file.tell()])
    return answer


@scenario(Json({"text": "Hello."}), attributes={"gen_ai.request.model": "other"})
async def test_extra_body_wins(app: App) -> object:
    return await transcribe(app, extra_body={"model": "other"})


USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "output_tokens": 3,
    "total_tokens": 17,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
}
EVENTS = [
    {"type": "transcript.text.delta", "delta": "Hel"},
    {"type": "transcript.text.delta", "delta": "lo."},
    {"type": "transcript.text.done", "text": "Hello.", "usage": USAGE},
]


@scenario(
    Sse(EVENTS),
    needs="responses.create",
    attributes={
        "gen_ai.request.stream": True,
        "gen_ai.usage.audio.input_tokens": 14,
        "gen_ai.output.messages": HELLO,
    },
)
async def test_transcription_streamed(app: App) -> object:
    await app.read(await transcribe(app, stream=True))


@scenario(
    Sse(EVENTS[:1], cut=True),
    needs="responses.create",
    error=NO_CONNECTION,
    attributes={
        "gen_ai.output.messages": HELLO.replace("Hello.", "Hel").replace('"stop"', '"error"'),
    },
)
async def test_transcription_cut(app: App) -> object:
    await app.read(await transcribe(app, stream=True))


@scenario(Json({"text": "Hello."}), attributes={"gen_ai.output.messages": HELLO, "gen_ai.output.type": "text"})
async def test_translation(app: App) -> object:
    return await app.call(app.client.audio.translations.create, model="whisper-1", file=sound(), prompt="Greetings.")


@scenario(Body(b"Hello.", content_type="text/plain"), attributes={"gen_ai.output.messages": HELLO})
async def test_translation_as_text(app: App) -> object:
    return await app.call(app.client.audio.translations.create, model="whisper-1", file=sound(), response_format="text")
