"""GenAI messages in OpenAI's chat shape, the one that MLflow's UI renders in full (3.17.2).

The UI draws a chat only where it can read every message of it, so nothing here is left in another shape: a part that it
has no picture for becomes readable text, with the part itself kept beside that text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from genspan.semconv.encoding import encode

ChatMessage = dict[str, Any]
"""`{"role", "content", …}` as OpenAI's chat completions have it; `reasoning` beside it is what the UI shows folded."""

FORMAT: Final = "openai"
"""`mlflow.message.format` of these messages."""

_ROLES: Final[dict[Any, str]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "developer": "system",
    "function": "tool",
    "human": "user",
    "model": "assistant",
    "ai": "assistant",
}
"""Roles in use to the four that the UI draws."""

_AUDIO_FORMATS: Final = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


def messages(value: Any, role: str) -> list[ChatMessage]:
    """Chat messages from the decoded JSON of `gen_ai.input.messages` or `gen_ai.output.messages`.

    `role` stands for messages that name none. Plain text is one message; a value of another shape is one message that
    shows it as JSON. One recorded message may hold the results of several tools, and becomes several.
    """
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return [{"role": role, "content": value if isinstance(value, str) else encode(value)}]
    found: list[ChatMessage] = []
    for item in value:
        found += _message(item, role)
    return found


def system_message(value: Any) -> list[ChatMessage]:
    """The system message from the decoded JSON of `gen_ai.system_instructions`: a list of parts, or text."""
    return _message({"role": "system", "parts": value}, "system")


def choices(answers: Iterable[ChatMessage], recorded: Any, finish_reasons: Any) -> list[dict[str, Any]]:
    """OpenAI choices, one an answer; reasons from `gen_ai.response.finish_reasons`, else from the answer itself."""
    items = recorded if isinstance(recorded, list) else [recorded]
    reasons = finish_reasons if isinstance(finish_reasons, (list, tuple)) else ()
    listed = []
    for index, (message, item) in enumerate(zip(answers, items, strict=True)):
        choice: dict[str, Any] = {"index": index, "message": message}
        reason = reasons[index] if index < len(reasons) else None
        reason = reason or (item.get("finish_reason") if isinstance(item, dict) else None)
        if reason:
            choice["finish_reason"] = reason
        listed.append(choice)
    return listed


def _message(item: Any, role: str) -> list[ChatMessage]:
    if not isinstance(item, dict):
        return [{"role": role, "content": item if isinstance(item, str) else encode(item)}]
    if isinstance(item.get("role"), str):
        role = _ROLES.get(item["role"], role)
    parts = item.get("parts", item.get("content"))
    if isinstance(parts, (str, dict)):
        parts = [parts]
    elif not isinstance(parts, list):
        return [{"role": role, "content": encode(item)}]

    content: list[dict[str, Any]] = []
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    results: list[ChatMessage] = []
    for part in parts:
        kind, words = (part.get("type"), part.get("content")) if isinstance(part, dict) else (None, None)
        if kind == "text" and isinstance(words, str):
            content.append({"type": "text", "text": words})
        elif kind == "reasoning" and isinstance(words, str):
            thoughts.append(words)
        elif kind in ("tool_call", "server_tool_call"):
            calls.append(_call(part))
        elif kind in ("tool_call_response", "server_tool_call_response"):
            results.append(_result(part))
        else:
            content.append(_content(part))

    if results and not (content or thoughts or calls):
        return results
    message: ChatMessage = {"role": role, "content": _collapsed(content)}
    name = item.get("name")
    if isinstance(name, str):
        message["name"] = name
    if thoughts:
        message["reasoning"] = "\n\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    # A user's turn answers the calls before it speaks; an assistant's turn makes the calls before they are answered.
    return [message, *results] if role == "assistant" else [*results, message]


def _collapsed(content: list[dict[str, Any]]) -> Any:
    """Content as the string that it is mostly, as parts where it is more, null where the message only calls tools."""
    if not content:
        return None
    if len(content) == 1 and len(content[0]) == 2 and "text" in content[0]:  # And `type`; nothing is described.
        return content[0]["text"]
    return content


def _call(part: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's tool call. The UI wants texts for id, name and arguments."""
    name = part.get("name")
    identity = part.get("id")
    arguments = part.get("arguments") if part["type"] == "tool_call" else part.get("server_tool_call")
    name = name if isinstance(name, str) else "unnamed"
    return {
        "id": identity if isinstance(identity, str) else name,
        "type": "function",
        "function": {
            "name": name,
            "arguments": arguments if isinstance(arguments, str) else encode({} if arguments is None else arguments),
        },
    }


def _result(part: dict[str, Any]) -> ChatMessage:
    response = part.get("response" if part["type"] == "tool_call_response" else "server_tool_call_response")
    if response is None:
        response = part.get("result")
    message: ChatMessage = {"role": "tool", "content": response if isinstance(response, str) else encode(response)}
    if isinstance(part.get("id"), str):
        message["tool_call_id"] = part["id"]
    return message


def _content(part: Any) -> dict[str, Any]:
    """A part of the content that the UI draws: text, image or audio; else readable text beside the part itself."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return {"type": "text", "text": encode(part)}
    kind = part.get("type")
    text = part.get("content", part.get("text"))
    if kind == "text" and isinstance(text, str):
        return {"type": "text", "text": text}
    if kind == "blob":
        return _blob(part)
    if kind == "uri":
        return _uri(part)
    if kind == "file":
        return _described(part, f"[{part.get('modality', 'file')} {part.get('file_id', '')}]")
    return _described(part, text if isinstance(text, str) else encode(part))


def _blob(part: dict[str, Any]) -> dict[str, Any]:
    mime, data = part.get("mime_type"), part.get("content")
    if isinstance(data, str):
        if part.get("modality") == "image":
            return {"type": "image_url", "image_url": {"url": f"data:{mime or 'image/png'};base64,{data}"}}
        if isinstance(mime, str) and mime in _AUDIO_FORMATS:
            return {"type": "input_audio", "input_audio": {"data": data, "format": _AUDIO_FORMATS[mime]}}
    transcript = part.get("transcript")
    label = f"[{part.get('modality', 'blob')}{f' {mime}' if mime else ''}]"
    return _described(part, f"{label} {transcript}" if isinstance(transcript, str) else label)


def _uri(part: dict[str, Any]) -> dict[str, Any]:
    uri = part.get("uri")
    if part.get("modality") == "image" and isinstance(uri, str):
        return {"type": "image_url", "image_url": {"url": uri}}
    return _described(part, f"[{part.get('modality', 'uri')}]({uri})")


def _described(part: dict[str, Any], text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "part": part}
