"""Messages in every form that LangChain takes, as the conventions have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from genspan.instrumentation.core import media
from genspan.instrumentation.langchain.messages import message, said
from support.content_schemas import content_errors

TEXT = {"type": "text", "content": "Hm?"}

SAME = [
    HumanMessage("Hm?"),
    "Hm?",
    ("user", "Hm?"),
    ("human", "Hm?"),
    {"role": "user", "content": "Hm?"},
    {"type": "human", "content": [{"type": "text", "text": "Hm?"}]},
    HumanMessage(["Hm?"]),
]


@pytest.mark.parametrize("value", SAME)
def test_forms_of_one_message(value: Any) -> None:
    assert message(value) == {"role": "user", "parts": [TEXT]}
    assert said(value) == said([value]) == [value]


ROLES = [
    (SystemMessage("Hm?"), "system"),
    (AIMessage("Hm?"), "assistant"),
    (AIMessageChunk("Hm?"), "assistant"),
    (ChatMessage("Hm?", role="critic"), "critic"),
    ({"role": "developer", "content": "Hm?"}, "system"),
]


@pytest.mark.parametrize(("value", "role"), ROLES)
def test_roles(value: Any, role: str) -> None:
    assert message(value) == {"role": role, "parts": [TEXT]}


BLOCKS: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"type": "text", "text": "Hm?"}, [TEXT]),
    ({"type": "reasoning", "reasoning": "So."}, [{"type": "reasoning", "content": "So."}]),
    ({"type": "thinking", "thinking": "So."}, [{"type": "reasoning", "content": "So."}]),
    (
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "So."}]},
        [{"type": "reasoning", "content": "So."}],
    ),
    (
        {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}],
    ),
    (
        {"type": "image", "source_type": "base64", "data": "aGk=", "mime_type": "image/png"},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}],
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}],
    ),
    (
        {"type": "image", "url": "https://example.com/a.png"},
        [{"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}],
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}],
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        [{"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "aGk="}],
    ),
    (
        {"type": "file", "file_id": "file-1"},
        [{"type": "file", "modality": "document", "file_id": "file-1"}],
    ),
    (
        {"type": "file", "file": {"file_id": "file-1"}},
        [{"type": "file", "modality": "document", "file_id": "file-1"}],
    ),
    (
        {"type": "server_tool_call", "id": "s1", "name": "web_search", "args": {"query": "tea"}},
        [
            {
                "type": "server_tool_call",
                "id": "s1",
                "name": "web_search",
                "server_tool_call": {"type": "web_search", "arguments": {"query": "tea"}},
            }
        ],
    ),
    (
        {"type": "server_tool_result", "tool_call_id": "s1", "status": "success", "output": "green"},
        [
            {
                "type": "server_tool_call_response",
                "id": "s1",
                "server_tool_call_response": {"type": "success", "output": "green"},
            }
        ],
    ),
    ({"type": "non_standard", "value": {"a": 1}}, [{"type": "non_standard"}]),
    ({"type": "tool_call", "id": "1", "name": "look", "args": {}}, []),
]


@pytest.mark.parametrize(("block", "parts"), BLOCKS, ids=lambda value: value["type"] if isinstance(value, dict) else "")
def test_blocks(block: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    found = message({"role": "assistant", "content": [block]})
    assert found == {"role": "assistant", "parts": parts}
    assert list(content_errors("gen_ai.input.messages", [found])) == []


def test_tool_calls_are_said_once() -> None:
    call = {"name": "look", "args": {"where": "here"}, "id": "1"}
    block = {"type": "tool_use", "name": "look", "input": {"where": "here"}, "id": "1"}
    assert message(AIMessage([{"type": "text", "text": "Hm?"}, block], tool_calls=[call])) == {
        "role": "assistant",
        "parts": [TEXT, {"type": "tool_call", "id": "1", "name": "look", "arguments": {"where": "here"}}],
    }


def test_tool_call_that_is_no_json() -> None:
    invalid = {"name": "look", "args": "{where", "id": "1", "error": None, "type": "invalid_tool_call"}
    assert message(AIMessage("", invalid_tool_calls=[invalid]))["parts"] == [
        {"type": "tool_call", "id": "1", "name": "look", "arguments": "{where"}
    ]


def test_tool_calls_in_the_form_of_openai() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"where": "here"}'}}
    assert message({"role": "assistant", "content": None, "tool_calls": [call]})["parts"] == [
        {"type": "tool_call", "id": "1", "name": "look", "arguments": {"where": "here"}}
    ]


@pytest.mark.parametrize(
    ("content", "response"),
    [
        ("green", "green"),
        ([{"type": "text", "text": "green"}], "green"),
        (["green", "black"], [{"type": "text", "content": "green"}, {"type": "text", "content": "black"}]),
    ],
)
def test_tool_results(content: Any, response: Any) -> None:
    assert message(ToolMessage(content, tool_call_id="1", name="look")) == {
        "role": "tool",
        "name": "look",
        "parts": [{"type": "tool_call_response", "id": "1", "response": response}],
    }


def test_thoughts_and_refusals_beside_the_content() -> None:
    answer = AIMessage("Hm?", additional_kwargs={"reasoning_content": "So.", "refusal": "No."})
    assert message(answer)["parts"] == [
        {"type": "reasoning", "content": "So."},
        TEXT,
        {"type": "text", "content": "No."},
    ]


@pytest.mark.parametrize("value", [None, 1, [], {}, "", [1, None], {"question": "Hm?"}, object(), [("a", 1)]])
def test_what_is_no_message(value: Any) -> None:
    assert said(value) == []


@pytest.mark.parametrize(
    "content", [None, 1, {"a": 1}, [None], [1], [{}], [{"type": None}], [{"type": "image"}], [{"type": "image_url"}]]
)
def test_odd_content_is_no_failure(content: Any) -> None:
    found = message({"role": "user", "content": content})
    assert list(content_errors("gen_ai.input.messages", [found])) == []


@pytest.mark.parametrize("block", ["input_audio", "image", "image_url"])
def test_bytes_beyond_the_limit_are_only_counted(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "blob_limit", lambda: 4)
    shape: dict[str, Any] = {
        "input_audio": {"input_audio": {"data": "AAAAAAAA", "format": "wav"}},
        "image": {"base64": "AAAAAAAA", "mime_type": "image/png"},
        "image_url": {"image_url": {"url": "data:image/png;base64,AAAAAAAA"}},
    }
    (part,) = message({"role": "user", "content": [{"type": block, **shape[block]}]})["parts"]
    assert (part["type"], part["content"], part["size"]) == ("blob", "", 6)  # type: ignore[typeddict-item]
