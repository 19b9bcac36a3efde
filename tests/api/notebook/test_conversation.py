import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genspan.mlflow.notebook.conversation import Message, Part, ToolCall, messages

PNG = "data:image/png;base64,iVBORw0KGgo="
CALL = ToolCall("c1", "weather", {"city": "Paris"})


def said(role: str, *words: str, **more: Any) -> Message:
    return Message(role, [Part("text", text) for text in words], **more)


SHAPES: dict[str, tuple[Any, list[Message]]] = {
    "chat completions: request": (
        {
            "model": "gpt",
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PNG}}],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            ],
        },
        [
            said("system", "Be brief."),
            Message("user", [Part("text", "Look"), Part("image", PNG)]),
            Message("assistant", calls=[CALL]),
            said("tool", "sunny", answers="c1"),
        ],
    ),
    "chat completions: several answers": (
        {
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "one"}},
                {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": "two"}},
            ]
        },
        [said("assistant", "one", finish_reason="stop"), said("assistant", "two", finish_reason="length")],
    ),
    "responses: request": (
        {
            "instructions": "Be brief.",
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Look"}, {"type": "input_image", "image_url": PNG}],
                },
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
                {
                    "type": "function_call",
                    "call_id": "c1",
                    "id": "f1",
                    "name": "weather",
                    "arguments": '{"city":"Paris"}',
                },
                {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
            ],
        },
        [
            said("system", "Be brief."),
            Message("user", [Part("text", "Look"), Part("image", PNG)]),
            Message("assistant", [Part("reasoning", "Hm.")], [CALL]),
            said("tool", "sunny", answers="c1"),
        ],
    ),
    "responses: answer": (
        {
            "id": "resp_1",
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Sunny."}]},
            ],
        },
        [said("assistant", "Sunny.")],
    ),
    "anthropic: request": (
        {
            "system": "Be brief.",
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                        }
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm."},
                        {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Paris"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "sunny"}]},
                        {"type": "text", "text": "And?"},
                    ],
                },
            ],
        },
        [
            said("system", "Be brief."),
            Message("user", [Part("image", PNG)]),
            Message("assistant", [Part("reasoning", "Hm.")], [CALL]),
            said("tool", "sunny", answers="c1"),
            said("user", "And?"),
        ],
    ),
    "anthropic: answer": (
        {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Sunny."}]},
        [said("assistant", "Sunny.")],
    ),
    "gemini": (
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [{"text": "Look"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}],
                },
                {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"city": "Paris"}}}]},
            ]
        },
        [
            Message("user", [Part("text", "Look"), Part("image", PNG)]),
            Message("assistant", calls=[ToolCall(None, "weather", {"city": "Paris"})]),
        ],
    ),
    "langchain: a batch of one": (
        [
            [
                {"type": "human", "content": "Hi"},
                {
                    "type": "ai",
                    "content": "",
                    "tool_calls": [{"id": "c1", "name": "weather", "args": {"city": "Paris"}}],
                },
            ]
        ],
        [said("user", "Hi"), Message("assistant", calls=[CALL])],
    ),
    "langchain: answer": (
        {"generations": [[{"text": "Hello", "message": {"type": "ai", "content": "Hello"}}]]},
        [said("assistant", "Hello")],
    ),
    "the conventions' parts": (
        [
            {
                "role": "user",
                "parts": [
                    {"type": "text", "content": "Look"},
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="},
                ],
            },
            {
                "role": "assistant",
                "parts": [
                    {"type": "reasoning", "content": "Hm."},
                    {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}},
                ],
            },
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]},
        ],
        [
            Message("user", [Part("text", "Look"), Part("image", PNG)]),
            Message("assistant", [Part("reasoning", "Hm.")], [CALL]),
            said("tool", "sunny", answers="c1"),
        ],
    ),
    "what genspan keeps beside its text": (
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "[audio]", "part": {"type": "blob", "modality": "audio"}}],
            }
        ],
        [
            Message(
                "user",
                [Part("other", {"type": "text", "text": "[audio]", "part": {"type": "blob", "modality": "audio"}})],
            )
        ],
    ),
    "reasoning beside the content": (
        [{"role": "assistant", "reasoning": "Hm.", "content": "Sunny."}],
        [Message("assistant", [Part("reasoning", "Hm."), Part("text", "Sunny.")])],
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_messages_of_every_shape(shape: str) -> None:
    recorded, expected = SHAPES[shape]
    assert messages(recorded) == expected


@pytest.mark.parametrize(
    "value",
    [None, "text", 7, [], {}, [1, 2], {"messages": "text"}, {"messages": [1]}, {"input": ["a", "b"]}, {"role": 1}],
)
def test_what_is_no_chat_is_none(value: Any) -> None:
    assert messages(value) == []


WORDS = st.sampled_from(
    re.findall(
        r"\w+",
        "role content parts messages input output choices message type text tool_calls function name arguments id user "
        "assistant tool human ai image_url url source data image tool_use tool_result reasoning summary part "
        "function_call function_call_output generations candidates functionCall inlineData system instructions ",
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@example({"type": []})
@example({"role": "user", "content": "", "type": {}})
@given(JSON)
def test_no_shape_is_too_odd(value: Any) -> None:
    for message in messages(value):
        assert isinstance(message.role, str)
        assert all(isinstance(part.value, str) for part in message.parts if part.kind != "other")
        assert all(isinstance(call.name, str) for call in message.calls)
