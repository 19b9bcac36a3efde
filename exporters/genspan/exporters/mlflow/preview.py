"""Previews: the line or two by which a person knows a trace in MLflow's list.

Of a chat it is what was said, never its JSON: the user's last words, the assistant's last words. Of anything else it
is the value as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from genspan.semconv.encoding import decode, encode

LIMIT: Final = 1000
"""Characters of a preview that an MLflow server keeps (`TRACE_REQUEST_RESPONSE_PREVIEW_MAX_LENGTH_OSS`)."""


def cut(text: str, limit: int = LIMIT) -> str:
    """Text of at most `limit` characters, ending in `...` where something is left out, as MLflow cuts it."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def of_request(messages: Iterable[Mapping[str, Any]], limit: int = LIMIT) -> str | None:
    """The user's last words in OpenAI-shaped messages, else the last words of anyone; None where none are found."""
    return _last_words(messages, "user", limit)


def of_response(messages: Iterable[Mapping[str, Any]], limit: int = LIMIT) -> str | None:
    """The assistant's last words in OpenAI-shaped messages, else the last words of anyone."""
    return _last_words(messages, "assistant", limit)


def of_json_text(text: str, limit: int = LIMIT) -> str | None:
    """A value that is no chat, from its JSON text: a string as itself, anything else as compact JSON."""
    if text.startswith('"'):
        return cut(str(decode(text)), limit) or None
    return None if text in ("null", "{}", "[]") else cut(text, limit)


def of_inputs(text: str, limit: int = LIMIT) -> str | None:
    """The request in the JSON text of `mlflow.spanInputs`, whoever wrote it."""
    messages = _messages(text)
    return of_request(messages, limit) if messages else of_json_text(text, limit)


def of_outputs(text: str, limit: int = LIMIT) -> str | None:
    """The response in the JSON text of `mlflow.spanOutputs`, whoever wrote it."""
    messages = _messages(text)
    return of_response(messages, limit) if messages else of_json_text(text, limit)


def _messages(text: str) -> Sequence[Mapping[str, Any]]:
    """The messages in OpenAI-shaped inputs (`messages`) or outputs (`choices`, of which the first is the answer)."""
    if not text.startswith("{") or ('"messages"' not in text and '"choices"' not in text):
        return ()
    value = decode(text)
    found, choices = value.get("messages"), value.get("choices")
    if not isinstance(found, list):
        first = choices[0] if isinstance(choices, list) and choices else None
        found = [first.get("message")] if isinstance(first, dict) else []
    return [message for message in found if isinstance(message, dict)]


def _last_words(messages: Iterable[Mapping[str, Any]], role: str, limit: int) -> str | None:
    anyone = None
    for message in reversed(list(messages)):
        words = _words(message)
        if words and message.get("role") == role:
            return cut(words, limit)
        anyone = anyone or words
    return cut(anyone, limit) if anyone else None


def _words(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str) and content:
        return content
    if isinstance(content, list):
        words = " ".join(filter(None, map(_part_words, content)))
        if words:
            return words
    return ", ".join(map(_call_words, message.get("tool_calls") or ()))


def _part_words(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    text = part.get("text")
    return (
        text if isinstance(text, str) else f"[{str(part.get('type', '')).removesuffix('_url').removeprefix('input_')}]"
    )


def _call_words(call: Any) -> str:
    """A tool call as a programmer would write it: `get_weather(city="Paris")`."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return ""
    arguments = function.get("arguments")
    try:
        arguments = decode(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        pass
    if isinstance(arguments, Mapping):
        arguments = ", ".join(f"{name}={encode(value)}" for name, value in arguments.items())
    return f"{function.get('name')}({'' if arguments is None else arguments})"
