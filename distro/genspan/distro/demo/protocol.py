"""What the endpoints share of OpenAI's protocol: fields of a request, refusals, content, ids, token counts."""

from __future__ import annotations

import json
import uuid
from typing import Any

from genspan.distro.demo.model import ToolCall
from genspan.distro.demo.words import tokens

Json = dict[str, Any]

_LETTERS = str.maketrans("0123456789", "ghijklmnop")


class Refused(Exception):
    """A request that the API does not accept. `param` is the field at fault, `code` OpenAI's name for the fault."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status

    @property
    def body(self) -> Json:
        """OpenAI's error object."""
        fault = {"message": self.message, "type": "invalid_request_error", "param": self.param, "code": self.code}
        return {"error": fault}


def required(body: Json, name: str, *types: type) -> Any:
    """A field of the request. Raises Refused where it is missing, null or of another type."""
    if body.get(name) is None:
        raise Refused(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    return typed(body, name, *types)


def typed(body: Json, name: str, *types: type, default: Any = None) -> Any:
    """A field of the request that may be missing or null. Raises Refused where it is of another type."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        expected = " or ".join(kind.__name__ for kind in types)
        raise Refused(f"Invalid type for '{name}': expected {expected}.", name, "invalid_type")
    return value


def text_of(content: Any) -> str:
    """The text of a message's content, which is a string, a list of parts, or null."""
    if isinstance(content, str):
        return content
    return "\n".join(
        part["text"] for part in content or () if isinstance(part, dict) and isinstance(part.get("text"), str)
    )


def token_count(*values: object) -> int:
    """Tokens of texts and JSON values as the model is given them."""
    return sum(len(tokens(value if isinstance(value, str) else json.dumps(value))) for value in values if value)


def truncated(text: str, limit: int | None) -> tuple[str, bool]:
    """The text up to so many tokens, and whether anything was cut off."""
    cut = tokens(text)
    if limit is None or len(cut) <= limit:
        return text, False
    return "".join(cut[:limit]), True


def cached(prompt_tokens: int) -> int:
    """Tokens of the prompt that a provider's cache would have held: none below 1,024, then in steps of 128."""
    return prompt_tokens // 128 * 128 if prompt_tokens >= 1024 else 0


def arguments_json(call: ToolCall) -> str:
    """A call's arguments as the API sends them: JSON text."""
    return json.dumps(call.arguments, separators=(",", ":"), ensure_ascii=False)


def new_id(prefix: str) -> str:
    """An id in OpenAI's form, of letters alone: all ids count as many tokens when they come back in a prompt."""
    return f"{prefix}{uuid.uuid4().hex[:24].translate(_LETTERS)}"
