"""Images: `images.generate`, `.edit` and `.create_variation`, plain and streamed."""

from __future__ import annotations

from typing import Any, Final

from genspan.instrumentation.core import Call, Content, Found, Method, Target
from genspan.instrumentation.core.reading import Table, attributes_of, field, integer, items, string
from genspan.semconv import attributes as names
from genspan.semconv.messages import MessagePart, text
from genspan.semconv.values import FinishReason, OperationName, OutputType

from . import media
from .endpoint import model_and_endpoint
from .envelope import body, envelope
from .usage import USAGE

_RESPONSE: Final[Table] = {"usage": USAGE}


def _request(call: Call) -> Found:
    images = integer(call.get("n"))
    return {
        names.GEN_AI_OUTPUT_TYPE: OutputType.IMAGE,
        names.GEN_AI_REQUEST_STREAM: True if call.get("stream") is True else None,
        names.GEN_AI_REQUEST_CHOICE_COUNT: None if images == 1 else images,
    }


def _request_content(call: Call) -> Content:
    # Images to edit are open files, which are the library's to read.
    prompt = string(call.get("prompt"))
    return {} if prompt is None else {names.GEN_AI_INPUT_MESSAGES: [{"role": "user", "parts": [text(prompt)]}]}


def _response(response: Any) -> Found:
    reasons = [FinishReason.STOP for _ in items(field(response, "data"))]
    if field(response, "cut_off") is True:
        reasons = [FinishReason.ERROR]
    return {
        names.GEN_AI_RESPONSE_FINISH_REASONS: reasons or None,
        **attributes_of(response, _RESPONSE),
    }


def _response_content(response: Any) -> Content:
    mime_type = f"image/{string(field(response, 'output_format')) or 'png'}"
    messages = [
        {"role": "assistant", "parts": _parts(image, mime_type), "finish_reason": FinishReason.STOP}
        for image in items(field(response, "data"))
    ]
    return {names.GEN_AI_OUTPUT_MESSAGES: messages or None}


def _parts(image: Any, mime_type: str) -> list[MessagePart]:
    parts: list[MessagePart] = []
    revised, data, url = (string(field(image, name)) for name in ("revised_prompt", "b64_json", "url"))
    if revised is not None:
        parts.append(text(revised))
    if data is not None:
        parts.append(media.blob("image", data, mime_type))
    elif url is not None:
        parts.append(media.by_address("image", url))
    return parts


class ImageFold:
    """Takes the events of streamed images; partial images are sketches of one that comes whole."""

    def __init__(self) -> None:
        self._latest: Any = None
        self._whole: list[Any] = []

    def add(self, event: Any) -> None:
        """Takes an `ImageGenStreamEvent` or `ImageEditStreamEvent`."""
        self._latest = event
        if str(field(event, "type")).endswith(".completed"):
            self._whole.append(event)

    def response(self) -> dict[str, Any]:
        """The JSON of an `ImagesResponse`; with `cut_off` where no image came whole."""
        if self._latest is None:
            return {}
        return {
            "data": self._whole,
            "output_format": field(self._latest, "output_format"),
            "usage": field(self._latest, "usage"),
            "cut_off": not self._whole,
        }


IMAGE: Final = Method(
    operation=OperationName.GENERATE_CONTENT,
    identity=model_and_endpoint,
    request=_request,
    request_content=_request_content,
    response=_response,
    response_content=_response_content,
    fold=ImageFold,
    envelope=envelope,
    overrides="extra_body",
    body=body,
)

TARGETS: Final = tuple(
    Target("openai.resources.images", f"{owner}.{name}", IMAGE)
    for owner in ("Images", "AsyncImages")
    for name in ("generate", "edit", "create_variation")
)
