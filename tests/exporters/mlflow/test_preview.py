"""What a person reads in MLflow's list of traces."""

import json
from typing import Any

import pytest

from genspan.exporters.mlflow import preview

CALL = {"function": {"name": "look", "arguments": '{"city": "Paris", "days": [1, 2]}'}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ({"messages": [user("first"), assistant("mid"), user("last"), assistant("draft")]}, "last"),
        (
            {"messages": [user([{"type": "text", "text": "What is"}, {"type": "text", "text": "this?"}, IMAGE])]},
            "What is this? [image]",
        ),
        ({"messages": [user(None), {"role": "system", "content": "Be brief."}]}, "Be brief."),
        ({"messages": [], "model": "m"}, '{"messages":[],"model":"m"}'),
        ({"city": "Paris"}, '{"city":"Paris"}'),
        ("plain question", "plain question"),
        ({}, None),
        (None, None),
        ("", None),
    ],
)
def test_requests(inputs: Any, shown: str | None) -> None:
    assert preview.of_inputs(json.dumps(inputs, separators=(",", ":"))) == shown


@pytest.mark.parametrize(
    ("outputs", "shown"),
    [
        ({"choices": [{"message": assistant("one")}, {"message": assistant("two")}]}, "one"),
        ({"choices": [{"message": assistant(None, tool_calls=[CALL])}]}, 'look(city="Paris", days=[1,2])'),
        (
            {
                "choices": [
                    {"message": assistant("", tool_calls=[CALL, {"function": {"name": "wait", "arguments": "cut {"}}])}
                ]
            },
            'look(city="Paris", days=[1,2]), wait(cut {)',
        ),
        (
            {"messages": [user("q"), assistant("thinking"), {"role": "tool", "content": "21"}, assistant("final")]},
            "final",
        ),
        ({"messages": [user("q"), {"role": "tool", "content": "21"}]}, "21"),
        ({"choices": "none"}, '{"choices":"none"}'),
        ([{"page_content": "Mild."}], '[{"page_content":"Mild."}]'),
    ],
)
def test_responses(outputs: Any, shown: str | None) -> None:
    assert preview.of_outputs(json.dumps(outputs, separators=(",", ":"))) == shown


def test_previews_are_cut_as_mlflow_cuts_them() -> None:
    assert preview.of_inputs(json.dumps("x" * 1000)) == "x" * 1000
    assert preview.of_inputs(json.dumps("x" * 1001)) == "x" * 997 + "..."
