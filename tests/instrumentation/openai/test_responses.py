"""The Responses API: requests, answers, and what becomes of a response in the background."""

from __future__ import annotations

import json
from typing import Any

import openai
import pydantic
import pytest

from genspan.instrumentation.openai.items import input_messages, output_messages, system_instructions
from support.content_schemas import content_errors
from support.openai_families_wire import PIXEL, SAY, compaction, response, said
from support.openai_scenario import App, scenario
from support.scripted_server import Json

ANSWER = Json(response())
NEEDS = "responses.create"
PARIS = '[{"role":"assistant","parts":[{"type":"text","content":"Paris."}],"finish_reason":"stop"}]'


class City(pydantic.BaseModel):
    name: str


async def create(app: App, **arguments: Any) -> Any:
    return await app.call(app.client.responses.create, **{**SAY, **arguments})


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2026-08-01",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text",'
        '"content":"What is the capital of France?"}]}]',
        "gen_ai.output.messages": PARIS,
        "gen_ai.request.stream": None,
        "gen_ai.conversation.id": None,
        "gen_ai.response.time_to_first_chunk": None,
    },
)
async def test_create(app: App) -> object:
    answer = await create(app)
    app.saw(answer.output_text)
    return answer


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.request.reasoning.level": "low",
        "gen_ai.request.previous_response.id": "resp_0",
        "gen_ai.output.type": "json",
        "openai.request.service_tier": "flex",
        "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
        "gen_ai.tool.definitions": '[{"type":"function","name":"weather","description":"d",'
        '"parameters":{"type":"object"}},{"type":"web_search","name":"web_search"},'
        '{"type":"mcp","name":"mcp"},{"type":"custom","name":"shout"}]',
    },
)
async def test_every_parameter(app: App) -> object:
    return await create(
        app,
        max_output_tokens=50,
        temperature=0,
        top_p=1,
        reasoning={"effort": "low", "summary": "auto"},
        previous_response_id="resp_0",
        text={"format": {"type": "json_schema", "name": "city", "schema": {"type": "object"}}},
        service_tier="flex",
        instructions="Be brief.",
        tools=[
            {"type": "function", "name": "weather", "description": "d", "parameters": {"type": "object"}},
            {"type": "web_search"},
            {"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example", "require_approval": "never"},
            {"type": "custom", "name": "shout"},
        ],
        include=["reasoning.encrypted_content"],
        store=False,
        metadata={"a": "b"},
        truncation="auto",
        parallel_tool_calls=False,
        extra_query={"odd": "1"},
    )


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={
        "gen_ai.request.temperature": None,
        "gen_ai.conversation.id": None,
        "gen_ai.system_instructions": None,
        "gen_ai.tool.definitions": None,
        "openai.request.service_tier": None,
    },
)
async def test_arguments_given_as_omitted(app: App) -> object:
    omitted = getattr(openai, "omit", openai.NOT_GIVEN)
    return await create(
        app, temperature=omitted, conversation=omitted, instructions=None, tools=omitted, service_tier="auto"
    )


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={
        "gen_ai.prompt.name": "pmpt_1",
        "gen_ai.prompt.version": "3",
        "gen_ai.prompt.variable.city": "Paris",
        "gen_ai.response.model": "gpt-5-mini-2026-08-01",
    },
    # The template names the model.
    tolerated=["required attribute"],
)
async def test_prompt_template(app: App) -> object:
    variables = {"city": "Paris"}
    return await app.call(app.client.responses.create, prompt={"id": "pmpt_1", "version": "3", "variables": variables})


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={"gen_ai.prompt.name": "pmpt_1", "gen_ai.prompt.version": None},
)
async def test_prompt_template_with_a_picture(app: App) -> object:
    return await create(
        app, prompt={"id": "pmpt_1", "variables": {"photo": {"type": "input_image", "file_id": "file_1"}, "n": ""}}
    )


@scenario(ANSWER, needs=NEEDS, attributes={"gen_ai.conversation.id": "conv_1"})
async def test_conversation(app: App) -> object:
    return await create(app, conversation="conv_1")


@scenario(ANSWER, needs=NEEDS, attributes={"gen_ai.conversation.id": "conv_1"})
async def test_conversation_as_an_object(app: App) -> object:
    return await create(app, conversation={"id": "conv_1"})


@scenario(Json(response(conversation={"id": "conv_2"})), needs=NEEDS, attributes={"gen_ai.conversation.id": "conv_2"})
async def test_conversation_known_by_the_answer(app: App) -> object:
    return await create(app)


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={
        "gen_ai.request.model": "gpt-5",
        "gen_ai.request.temperature": 0.5,
        "openai.request.service_tier": "priority",
        "gen_ai.request.top_p": None,
    },
)
async def test_extra_body_wins(app: App) -> object:
    return await create(
        app,
        service_tier="flex",
        top_p=0.5,
        extra_body={"model": "gpt-5", "service_tier": "priority", "temperature": 0.5, "top_p": None},
    )


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={
        "gen_ai.tool.definitions": '[{"type":"web_search","name":"web_search"},{"type":"custom","name":"shout"}]'
    },
)
async def test_generator_as_tools(app: App) -> object:
    def tools() -> Any:
        yield {"type": "web_search"}
        app.saw("asked for the second")
        yield {"type": "custom", "name": "shout"}
        app.saw("asked for a third")

    return await create(app, tools=tools())


@scenario(ANSWER, needs=NEEDS, error="TypeError")
async def test_iterator_as_input_that_the_sdk_refuses(app: App) -> object:
    return await create(app, input=iter([{"role": "user", "content": "Hi."}]))


@scenario(
    Json(
        response(
            {
                "id": "fc_1",
                "type": "function_call",
                "call_id": "call_1",
                "name": "weather",
                "status": "completed",
                "arguments": '{"city":"Paris"}',
            }
        )
    ),
    Json(response()),
    spans=2,
    needs=NEEDS,
)
async def test_output_goes_back_as_input(app: App) -> object:
    tools = [{"type": "function", "name": "weather", "parameters": {}, "strict": False}]
    first = await create(app, tools=tools)
    app.saw(first)
    call = first.output[0]
    answer = {"type": "function_call_output", "call_id": call.call_id, "output": "12"}
    history = [{"role": "user", "content": "How warm is it?"}, call, answer]
    second = await create(app, input=history, tools=tools)
    app.saw(history)
    return second


@scenario(
    Json(
        response(
            {
                "id": "fc_1",
                "type": "function_call",
                "call_id": "call_1",
                "name": "weather",
                "arguments": '{"city":"Paris"}',
            }
        )
    ),
    needs=NEEDS,
    attributes={
        "gen_ai.response.finish_reasons": ("tool_call",),
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"weather",'
        '"arguments":{"city":"Paris"}}],"finish_reason":"tool_call"}]',
    },
)
async def test_tool_call(app: App) -> object:
    return await create(app)


@scenario(Json(response(said('{"name":"Paris"}'))), needs="responses.parse", attributes={"gen_ai.output.type": "json"})
async def test_parse(app: App) -> object:
    answer = await app.call(app.client.responses.parse, **SAY, text_format=City)
    app.saw(answer.output_parsed)
    return answer


@scenario(
    Json(response(said("no JSON"))), needs="responses.parse", error="pydantic_core._pydantic_core.ValidationError"
)
async def test_parse_of_what_is_no_json(app: App) -> object:
    return await app.call(app.client.responses.parse, **SAY, text_format=City)


@scenario(Json(response(said('{"name":"Paris"}'))), needs="responses.parse", attributes={"gen_ai.output.type": "json"})
async def test_parse_of_a_raw_response(app: App) -> object:
    raw = await app.call(app.client.responses.with_raw_response.parse, **SAY, text_format=City)
    return (await app.call(raw.parse)).output_parsed


# How a response ends


@scenario(
    Json(
        response(
            said("Par", status="incomplete"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
        )
    ),
    needs=NEEDS,
    attributes={"gen_ai.response.finish_reasons": ("length",)},
)
async def test_truncated(app: App) -> object:
    return await create(app)


@scenario(
    Json(response(status="incomplete", incomplete_details={"reason": "content_filter"})),
    needs=NEEDS,
    attributes={"gen_ai.response.finish_reasons": ("content_filter",)},
)
async def test_filtered(app: App) -> object:
    return await create(app)


FAILED = {
    **response(status="failed", error={"code": "server_error", "message": "Try again."}, usage=None),
    "output": [],
}


@scenario(
    Json(FAILED),
    needs=NEEDS,
    error="server_error",
    attributes={"gen_ai.response.id": "resp_1", "gen_ai.response.finish_reasons": ("error",)},
)
async def test_failed(app: App) -> object:
    return await create(app)


@scenario(Json(FAILED), needs=NEEDS, error="server_error")
async def test_failed_in_a_raw_response(app: App) -> object:
    raw = await app.call(app.client.responses.with_raw_response.create, **SAY)
    return await app.call(raw.parse)


@scenario(Json(FAILED), needs=NEEDS, error="server_error")
async def test_failed_in_a_streaming_response(app: App) -> object:
    async with app.way.using(app.client.responses.with_streaming_response.create(**SAY)) as raw:
        return await app.call(raw.json)


@scenario(Json({**FAILED, "error": None}), needs=NEEDS, error="failed")
async def test_failed_without_a_reason(app: App) -> object:
    return await create(app)


# In the background

QUEUED = {**response(status="queued", usage=None), "output": []}


@scenario(
    Json(QUEUED),
    needs=NEEDS,
    attributes={
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.finish_reasons": None,
        "gen_ai.output.messages": None,
        "gen_ai.usage.input_tokens": None,
    },
)
async def test_background(app: App) -> object:
    return await create(app, background=True)


async def retrieve(app: App, **arguments: Any) -> Any:
    return await app.call(app.client.responses.retrieve, "resp_1", **arguments)


FETCHED = {
    "gen_ai.operation.name": "fetch_response",
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.status": "completed",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.output.messages": PARIS,
    "gen_ai.input.messages": None,
    "gen_ai.usage.input_tokens": None,
}


@scenario(ANSWER, needs=NEEDS, attributes=FETCHED)
async def test_retrieve(app: App) -> object:
    return await retrieve(app)


@scenario(Json(QUEUED), needs=NEEDS, attributes={"gen_ai.response.status": "queued", "gen_ai.output.messages": None})
async def test_retrieve_what_is_not_done(app: App) -> object:
    return await retrieve(app)


@scenario(
    Json(FAILED),
    needs=NEEDS,
    # The call went well, and it says what became of another.
    attributes={"gen_ai.response.status": "failed", "gen_ai.response.finish_reasons": ("error",)},
)
async def test_retrieve_what_failed(app: App) -> object:
    return await retrieve(app)


@scenario(
    Json(response(instructions="Be brief.", tools=[{"type": "web_search"}])),
    needs=NEEDS,
    attributes={
        **FETCHED,
        "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
        "gen_ai.tool.definitions": '[{"type":"web_search","name":"web_search"}]',
    },
)
async def test_retrieve_with_the_request(app: App) -> object:
    return await retrieve(app, include=["reasoning.encrypted_content"])


@scenario(error="ValueError", spans=1, needs=NEEDS, tolerated=["required attribute"])
async def test_retrieve_nothing(app: App) -> object:
    return await app.call(app.client.responses.retrieve, "")


@scenario(
    Json(compaction()),
    needs="responses.compact",
    attributes={
        "gen_ai.conversation.compacted": True,
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi."},'
        '{"type":"compaction","id":"cmp_2"}]}]',
    },
)
async def test_compact(app: App) -> object:
    return await app.call(app.client.responses.compact, **SAY, instructions="Keep names.")


# Items

MESSAGE = {
    "role": "user",
    "content": [
        {"type": "input_text", "text": "Look:"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
        {"type": "input_image", "image_url": "https://images.example/1.png", "detail": "auto"},
        {"type": "input_image", "file_id": "file_1", "detail": "auto"},
        {"type": "input_file", "file_id": "file_2"},
        {"type": "input_file", "file_url": "https://files.example/1.pdf"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ],
}
PARTS = [
    {"type": "text", "content": "Look:"},
    {"type": "blob", "modality": "image", "content": PIXEL, "mime_type": "image/png"},
    {"type": "uri", "modality": "image", "uri": "https://images.example/1.png"},
    {"type": "file", "modality": "image", "file_id": "file_1"},
    {"type": "file", "modality": "document", "file_id": "file_2"},
    {"type": "uri", "modality": "document", "uri": "https://files.example/1.pdf"},
    {"type": "blob", "modality": "document", "content": "AAAA", "mime_type": "application/pdf"},
    {"type": "blob", "modality": "audio", "content": "AAAA", "mime_type": "audio/wav"},
]


@scenario(
    ANSWER,
    needs=NEEDS,
    attributes={"gen_ai.input.messages": json.dumps([{"role": "user", "parts": PARTS}], separators=(",", ":"))},
)
async def test_media(app: App) -> object:
    return await create(app, input=[MESSAGE])


def called(name: str, arguments: Any, call_id: str = "call_1") -> dict[str, Any]:
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def answered(result: Any, call_id: str = "call_1") -> dict[str, Any]:
    return {"type": "tool_call_response", "id": call_id, "response": result}


def served(name: str, item_id: str, tool: str | None = None, /, **facts: Any) -> dict[str, Any]:
    return {
        "type": "server_tool_call",
        "id": item_id,
        "name": name,
        "server_tool_call": {**facts, "type": tool or name},
    }


def served_back(tool: str, item_id: str, **result: Any) -> dict[str, Any]:
    return {"type": "server_tool_call_response", "id": item_id, "server_tool_call_response": {"type": tool, **result}}


SEARCH = {"type": "search", "query": "Paris"}
CLICK = {"type": "click", "x": 1, "y": 2, "button": "left"}
RUN = {"type": "exec", "command": ["ls"], "env": {}}
PATCH = {"type": "delete_file", "path": "a"}
ITEMS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "message": (said(), [{"type": "text", "content": "Paris."}]),
    "refusal": (said(content=[{"type": "refusal", "refusal": "No."}]), [{"type": "text", "content": "No."}]),
    "function_call": (
        {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        [called("f", {})],
    ),
    "function_call of broken JSON": (
        {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a'},
        [called("f", '{"a')],
    ),
    "custom_tool_call": (
        {"id": "ct_1", "type": "custom_tool_call", "call_id": "call_1", "name": "c", "input": "free text"},
        [called("c", "free text")],
    ),
    "reasoning": (
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "A"}, {"type": "summary_text", "text": "B"}],
            "content": [{"type": "reasoning_text", "text": "C"}],
            "encrypted_content": "…",
        },
        [{"type": "reasoning", "content": words} for words in "ABC"],
    ),
    "reasoning that is hidden": ({"id": "rs_1", "type": "reasoning", "summary": []}, []),
    "web_search_call": (
        {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": SEARCH},
        [served("web_search", "ws_1", status="completed", action=SEARCH)],
    ),
    "file_search_call": (
        {
            "id": "fs_1",
            "type": "file_search_call",
            "status": "completed",
            "queries": ["q"],
            "results": [{"file_id": "file_1", "text": "t"}],
        },
        [
            served("file_search", "fs_1", status="completed", queries=["q"]),
            served_back("file_search", "fs_1", results=[{"file_id": "file_1", "text": "t"}]),
        ],
    ),
    "code_interpreter_call": (
        {
            "id": "ci_1",
            "type": "code_interpreter_call",
            "status": "completed",
            "code": "1+1",
            "container_id": "c",
            "outputs": [{"type": "logs", "logs": "2"}],
        },
        [
            served("code_interpreter", "ci_1", status="completed", code="1+1", container_id="c"),
            served_back("code_interpreter", "ci_1", outputs=[{"type": "logs", "logs": "2"}]),
        ],
    ),
    "code that draws": (
        {
            "id": "ci_2",
            "type": "code_interpreter_call",
            "outputs": [{"type": "image", "url": "data:image/png;base64," + "A" * 1_500_000}],
        },
        [
            served("code_interpreter", "ci_2"),
            served_back(
                "code_interpreter",
                "ci_2",
                outputs=[
                    {"type": "blob", "modality": "image", "content": "", "size": 1_125_000, "mime_type": "image/png"}
                ],
            ),
        ],
    ),
    "mcp_call": (
        {"id": "mcp_1", "type": "mcp_call", "server_label": "docs", "name": "ask", "arguments": "{}", "output": "42"},
        [
            served("ask", "mcp_1", "mcp", server_label="docs", name="ask", arguments="{}"),
            served_back("mcp", "mcp_1", output="42"),
        ],
    ),
    "mcp_list_tools": (
        {
            "id": "mcpl_1",
            "type": "mcp_list_tools",
            "server_label": "docs",
            "tools": [{"name": "ask", "input_schema": {}}],
        },
        [
            served("mcp_list_tools", "mcpl_1", server_label="docs"),
            served_back("mcp_list_tools", "mcpl_1", tools=[{"name": "ask", "input_schema": {}}]),
        ],
    ),
    "mcp_approval_request": (
        {"id": "mcpr_1", "type": "mcp_approval_request", "server_label": "docs", "name": "ask", "arguments": "{}"},
        [served("ask", "mcpr_1", "mcp_approval_request", server_label="docs", name="ask", arguments="{}")],
    ),
    "image_generation_call": (
        {
            "id": "ig_1",
            "type": "image_generation_call",
            "status": "completed",
            "result": PIXEL,
            "output_format": "webp",
        },
        [
            served("image_generation", "ig_1", status="completed", output_format="webp"),
            {"type": "blob", "modality": "image", "content": PIXEL, "mime_type": "image/webp"},
        ],
    ),
    "computer_call": (
        {
            "id": "cu_1",
            "type": "computer_call",
            "call_id": "call_1",
            "action": CLICK,
            "pending_safety_checks": [],
            "status": "completed",
        },
        [called("computer", CLICK)],
    ),
    "computer_call of several steps": (
        {
            "id": "cu_1",
            "type": "computer_call",
            "call_id": "call_1",
            "actions": [CLICK, CLICK],
            "pending_safety_checks": [],
            "status": "completed",
        },
        [called("computer", [CLICK, CLICK])],
    ),
    "local_shell_call": (
        {"id": "ls_1", "type": "local_shell_call", "call_id": "call_1", "action": RUN, "status": "completed"},
        [called("local_shell", RUN)],
    ),
    "shell_call": (
        {
            "id": "sh_1",
            "type": "shell_call",
            "call_id": "call_1",
            "action": {"commands": ["ls"]},
            "status": "completed",
        },
        [called("shell", {"commands": ["ls"]})],
    ),
    "apply_patch_call": (
        {"id": "ap_1", "type": "apply_patch_call", "call_id": "call_1", "operation": PATCH, "status": "completed"},
        [called("apply_patch", PATCH)],
    ),
    "compaction": (
        {"id": "cmp_1", "type": "compaction", "encrypted_content": "…"},
        [{"type": "compaction", "id": "cmp_1"}],
    ),
    "what nobody knows": ({"id": "x", "type": "hologram", "data": 1}, [{"type": "hologram"}]),
}
INPUTS: dict[str, tuple[dict[str, Any], str, list[dict[str, Any]]]] = {
    "function_call_output": (
        {"type": "function_call_output", "call_id": "call_1", "output": "12"},
        "tool",
        [answered("12")],
    ),
    "function_call_output of parts": (
        {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "12"}]},
        "tool",
        [answered([{"type": "text", "content": "12"}])],
    ),
    "custom_tool_call_output": (
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "ok"},
        "tool",
        [answered("ok")],
    ),
    "computer_call_output": (
        {
            "type": "computer_call_output",
            "call_id": "call_1",
            "output": {"type": "computer_screenshot", "image_url": f"data:image/png;base64,{PIXEL}"},
        },
        "tool",
        [answered([{"type": "blob", "modality": "image", "content": PIXEL, "mime_type": "image/png"}])],
    ),
    "shell_call_output": (
        {
            "type": "shell_call_output",
            "call_id": "call_1",
            "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
        "tool",
        [answered([{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}])],
    ),
    "local_shell_call_output": (
        {"type": "local_shell_call_output", "id": "ls_1", "output": "{}"},
        "tool",
        [answered("{}", "ls_1")],
    ),
    "apply_patch_call_output": (
        {"type": "apply_patch_call_output", "call_id": "call_1", "status": "completed", "output": "done"},
        "tool",
        [answered("done")],
    ),
    "mcp_approval_response": (
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
        "user",
        [served_back("mcp_approval_response", "mcpr_1", approve=True)],
    ),
    "item_reference": ({"type": "item_reference", "id": "msg_1"}, "assistant", [{"type": "item_reference"}]),
    "developer message": (
        {"role": "developer", "content": "Be brief."},
        "developer",
        [{"type": "text", "content": "Be brief."}],
    ),
}


@pytest.mark.parametrize("kind", ITEMS)
def test_output_item(kind: str) -> None:
    item, parts = ITEMS[kind]
    (message,) = output_messages({"status": "completed", "output": [item]}) or []
    assert message["parts"] == parts
    assert list(content_errors("gen_ai.output.messages", [message])) == []


@pytest.mark.parametrize("kind", ITEMS)
def test_output_item_as_input(kind: str) -> None:
    item, parts = ITEMS[kind]
    (message,) = input_messages([item]) or []
    assert message == {"role": "assistant", "parts": parts}


@pytest.mark.parametrize("kind", INPUTS)
def test_input_item(kind: str) -> None:
    item, role, parts = INPUTS[kind]
    (message,) = input_messages([item]) or []
    assert message == {"role": role, "parts": parts}
    assert list(content_errors("gen_ai.input.messages", [message])) == []


@scenario(Json(response(*(item for item, _ in ITEMS.values()))), needs=NEEDS)
async def test_all_items(app: App) -> object:
    answer = await create(app, input=[MESSAGE, *(item for item, _, _ in INPUTS.values())])
    app.saw(answer)
    return answer


def test_instructions_as_items() -> None:
    items = [{"role": "developer", "content": "Be brief."}, MESSAGE, {"type": "function_call", "name": "f"}]
    instructions = system_instructions(items)
    assert instructions == [
        {"type": "text", "content": "Be brief."},
        *PARTS,
        {"type": "tool_call", "id": None, "name": "f", "arguments": None},
    ]
    assert list(content_errors("gen_ai.system_instructions", instructions)) == []
