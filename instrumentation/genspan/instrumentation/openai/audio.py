"""Audio: `audio.speech.create`, `audio.transcriptions.create` and `audio.translations.create`."""

from __future__ import annotations

import base64
from typing import Any, Final

from genspan.instrumentation.core import Call, Content, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, double, field, integer, string
from genspan.semconv import attributes as names
from genspan.semconv.messages import BlobPart, text
from genspan.semconv.values import FinishReason, OperationName, OutputType

from . import media
from .endpoint import model_and_endpoint
from .envelope import binary_body, binary_envelope, body, envelope
from .usage import USAGE

_RESPONSE: Final[Table] = {"usage": USAGE}


def _speech_request(call: Call) -> Found:
    return {names.GEN_AI_OUTPUT_TYPE: OutputType.SPEECH}


def _speech_request_content(call: Call) -> Content:
    words = string(call.get("input"))
    instructions = string(call.get("instructions"))
    return {
        names.GEN_AI_SYSTEM_INSTRUCTIONS: None if instructions is None else [text(instructions)],
        names.GEN_AI_INPUT_MESSAGES: None if words is None else [{"role": "user", "parts": [text(words)]}],
    }


def _speech_response(spoken: Any) -> Found:
    return attributes_of(spoken, _RESPONSE)


def _speech_content(spoken: Any) -> Content:
    sound = field(spoken, "recording") or _sound(spoken)
    return {} if sound is None else {names.GEN_AI_OUTPUT_MESSAGES: [_answer([sound])]}


def _sound(spoken: Any) -> BlobPart | None:
    data, size, mime_type = field(spoken, "content"), integer(field(spoken, "size")), field(spoken, "mime_type")
    if isinstance(data, bytes):
        return media.blob("audio", base64.b64encode(data).decode(), mime_type)
    return None if size is None else media.left_out("audio", size, mime_type)


class SpeechFold:
    """Puts the events of streamed speech together, of which the SDK gives no more than their bytes."""

    def __init__(self) -> None:
        self._recording = media.Recording()
        self._usage: Any = None

    def add(self, event: Any) -> None:
        """Takes a `speech.audio.delta` or `speech.audio.done`."""
        self._recording.add(string(field(event, "audio")) or "")
        self._usage = field(event, "usage") or self._usage

    def response(self) -> Any:
        """The `recording` and the `usage`."""
        return {"recording": self._recording.part(None), "usage": self._usage}


def _text_request(call: Call) -> Found:
    return {
        names.GEN_AI_OUTPUT_TYPE: OutputType.TEXT,
        names.GEN_AI_REQUEST_TEMPERATURE: double(call.get("temperature")),
        names.GEN_AI_REQUEST_STREAM: True if call.get("stream") is True else None,
    }


def _text_request_content(call: Call) -> Content:
    # The recording is an open file, which is the library's to read.
    prompt = string(call.get("prompt"))
    return {} if prompt is None else {names.GEN_AI_INPUT_MESSAGES: [{"role": "user", "parts": [text(prompt)]}]}


def _text_response(response: Any) -> Found:
    return attributes_of(response, _RESPONSE)


def _text_content(response: Any) -> Content:
    # With response_format text, srt or vtt the SDK returns a plain string.
    words = string(response) or string(field(response, "text"))
    reason = FinishReason.ERROR if field(response, "cut_off") is True else FinishReason.STOP
    return {} if words is None else {names.GEN_AI_OUTPUT_MESSAGES: [_answer([text(words)], reason)]}


def _answer(parts: list[Any], reason: str = FinishReason.STOP) -> dict[str, Any]:
    return {"role": "assistant", "parts": parts, "finish_reason": reason}


class TranscriptFold:
    """Puts the events of a streamed transcription together; the last holds the text whole."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._done: Any = None

    def add(self, event: Any) -> None:
        """Takes a `TranscriptionStreamEvent`."""
        if field(event, "type") == "transcript.text.done":
            self._done = event
        else:
            self._pieces.append(string(field(event, "delta")) or "")

    def response(self) -> Any:
        """The JSON of a `Transcription`; with `cut_off` where the last event never came."""
        return self._done if self._done is not None else {"text": "".join(self._pieces), "cut_off": True}


SPEECH: Final = Method(
    operation=OperationName.GENERATE_CONTENT,
    identity=model_and_endpoint,
    request=_speech_request,
    request_content=_speech_request_content,
    response=_speech_response,
    response_content=_speech_content,
    fold=SpeechFold,
    envelope=binary_envelope,
    overrides="extra_body",
    body=binary_body,
)
TEXT: Final = Method(
    operation=OperationName.GENERATE_CONTENT,
    identity=model_and_endpoint,
    request=_text_request,
    request_content=_text_request_content,
    response=_text_response,
    response_content=_text_content,
    fold=TranscriptFold,
    envelope=envelope,
    overrides="extra_body",
    body=body,
)

TARGETS: Final = (
    Target("openai.resources.audio.speech", "Speech.create", SPEECH),
    Target("openai.resources.audio.speech", "AsyncSpeech.create", SPEECH),
    Target("openai.resources.audio.transcriptions", "Transcriptions.create", TEXT),
    Target("openai.resources.audio.transcriptions", "AsyncTranscriptions.create", TEXT),
    Target("openai.resources.audio.translations", "Translations.create", TEXT),
    Target("openai.resources.audio.translations", "AsyncTranslations.create", TEXT),
)
