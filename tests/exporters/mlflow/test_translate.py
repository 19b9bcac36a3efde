"""Whole spans, made by the OpenTelemetry SDK, as MLflow is to store them."""

import json
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from genspan.exporters.mlflow.model import Cost, MlflowSpan, TokenUsage
from genspan.exporters.mlflow.translate import translate
from genspan.exporters.mlflow.translate.semconv import SPAN_TYPES
from genspan.semconv.values import OperationName

TRACE_ID, SPAN_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
TRACER = TracerProvider().get_tracer("test")


def recorded(attributes: dict[str, Any], name: str = "span", **options: Any) -> ReadableSpan:
    span = TRACER.start_span(name, attributes=attributes, **options)
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


def translated(**attributes: Any) -> MlflowSpan:
    """The span with `gen_ai.*` attributes; what is neither text nor number is given as JSON text."""
    return translate(
        recorded(
            {
                f"gen_ai.{key.replace('__', '.')}": value
                if isinstance(value, (str, int, float))
                else json.dumps(value, ensure_ascii=False)
                for key, value in attributes.items()
            }
        )
    )


def inputs(span: MlflowSpan) -> Any:
    return json.loads(span.attributes["mlflow.spanInputs"])


def outputs(span: MlflowSpan) -> Any:
    return json.loads(span.attributes["mlflow.spanOutputs"])


def said(role: str, *parts: Any) -> dict[str, Any]:
    return {
        "role": role,
        "parts": [{"type": "text", "content": part} if isinstance(part, str) else part for part in parts],
    }


def test_a_chat_span_becomes_the_span_that_mlflow_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    # Today's price is for the package to say.
    monkeypatch.setattr("genspan.exporters.mlflow.translate.price", lambda *call: Cost(0.25, 0.5, 0.75))
    context = SpanContext(int(TRACE_ID, 16), int(SPAN_ID, 16), is_remote=False)
    parent = SpanContext(int(TRACE_ID, 16), int(PARENT_ID, 16), is_remote=True)
    span = ReadableSpan(
        name="chat gpt-4o",
        context=context,
        parent=parent,
        kind=SpanKind.CLIENT,
        start_time=1_700_000_000_000_000_000,
        end_time=1_700_000_001_500_000_000,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.stop_sequences": ("END",),
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.response.finish_reasons": ("tool_call",),
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 16,
            "gen_ai.conversation.id": "conversation-1",
            "user.id": "ada",
            "server.port": 443,
            "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
            "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Weather in Paris?"}]}]',
            "gen_ai.output.messages": json.dumps(
                [
                    {
                        "role": "assistant",
                        "parts": [
                            {"type": "reasoning", "content": "I have to look."},
                            {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}},
                        ],
                        "finish_reason": "tool_call",
                    }
                ]
            ),
            "gen_ai.tool.definitions": '[{"type": "function", "name": "weather", "description": "Looks out."}]',
        },
    )

    result = translate(span)

    assert {key: json.loads(text) for key, text in result.attributes.items()} == {
        "mlflow.traceRequestId": f"tr-{TRACE_ID}",
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanLogLevel": 20,
        "mlflow.message.format": "openai",
        "mlflow.llm.cost": {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75},
        "mlflow.spanInputs": {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather in Paris?"},
            ],
            "model": "gpt-4o",
            "temperature": 0.5,
            "stop": ["END"],
        },
        "mlflow.spanOutputs": {
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "reasoning": "I have to look.",
                        "tool_calls": [
                            {
                                "id": "c1",
                                "type": "function",
                                "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
                            }
                        ],
                    },
                    "finish_reason": "tool_call",
                }
            ]
        },
        "mlflow.chat.tools": [{"type": "function", "function": {"name": "weather", "description": "Looks out."}}],
        "mlflow.chat.tokenUsage": {
            "input_tokens": 20,
            "output_tokens": 7,
            "total_tokens": 27,
            "cache_read_input_tokens": 16,
        },
        "mlflow.llm.model": "gpt-4o-2024-08-06",
        "mlflow.llm.provider": "openai",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": ["tool_call"],
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 16,
        "gen_ai.conversation.id": "conversation-1",
        "user.id": "ada",
        "server.port": 443,
    }
    result.attributes = {}
    assert result == MlflowSpan(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_span_id=PARENT_ID,
        name="chat gpt-4o",
        kind="SPAN_KIND_CLIENT",
        start_time_unix_nano=1_700_000_000_000_000_000,
        end_time_unix_nano=1_700_000_001_500_000_000,
        status_code="STATUS_CODE_UNSET",
        status_message="",
        type="CHAT_MODEL",
        attributes={},
        model_name="gpt-4o-2024-08-06",
        model_provider="openai",
        usage=TokenUsage(input_tokens=20, output_tokens=7, total_tokens=27, cache_read_input_tokens=16),
        cost=Cost(0.25, 0.5, 0.75),
        has_remote_parent=True,
        request_preview="Weather in Paris?",
        response_preview='weather(city="Paris")',
        session_id="conversation-1",
        user_id="ada",
    )


def test_a_span_that_is_none_of_genai_keeps_its_attributes_and_has_no_type() -> None:
    result = translate(
        recorded({"http.route": "/ask", "http.response.status_code": 200, "flags": (True, False), "raw": b"\x00\xff"})
    )
    del result.attributes["mlflow.traceRequestId"]

    assert result.type is None
    assert result.attributes == {
        "mlflow.spanLogLevel": "10",
        "http.route": '"/ask"',
        "http.response.status_code": "200",
        "flags": "[true,false]",
        "raw": '"AP8="',
    }


def test_events_links_and_status_are_in_mlflows_stored_form() -> None:
    linked = SpanContext(int(TRACE_ID, 16), int(SPAN_ID, 16), is_remote=True, trace_flags=TraceFlags(1))
    span = TRACER.start_span("work", links=[Link(linked, {"why": "retry"}), Link(linked)])
    span.add_event("note", {"list": ("a", "b"), "bytes": b"\x01", "n": 1}, timestamp=5)
    span.record_exception(ValueError("no such model"), timestamp=6)
    span.set_status(StatusCode.ERROR, "no such model")
    span.end()
    assert isinstance(span, ReadableSpan)

    result = translate(span)

    assert (result.status_code, result.status_message) == ("STATUS_CODE_ERROR", "no such model")
    assert result.links == [
        {"trace_id": f"tr-{TRACE_ID}", "span_id": SPAN_ID, "attributes": {"why": "retry"}},
        {"trace_id": f"tr-{TRACE_ID}", "span_id": SPAN_ID, "attributes": None},
    ]
    note, exception = result.events
    assert note == {
        "name": "note",
        "time_unix_nano": 5,
        "attributes": {"list": ["a", "b"], "bytes": "AQ==", "n": 1},
    }
    assert exception["name"] == "exception"
    assert exception["attributes"]["exception.type"] == "ValueError"
    assert exception["attributes"]["exception.message"] == "no such model"


def test_a_local_parent_is_not_remote() -> None:
    parent = SpanContext(int(TRACE_ID, 16), int(PARENT_ID, 16), is_remote=False, trace_flags=TraceFlags(1))
    span = recorded({}, context=set_span_in_context(NonRecordingSpan(parent)))

    assert translate(span).parent_span_id == PARENT_ID
    assert not translate(span).has_remote_parent
    assert translate(recorded({})).parent_span_id is None


def test_every_operation_of_the_conventions_has_a_type() -> None:
    operations = {value for name, value in vars(OperationName).items() if name.isupper()}
    assert set(SPAN_TYPES) == operations


@pytest.mark.parametrize(
    ("operation", "span_type"),
    [
        ("chat", "CHAT_MODEL"),
        ("generate_content", "LLM"),
        ("text_completion", "LLM"),
        ("embeddings", "EMBEDDING"),
        ("retrieval", "RETRIEVER"),
        ("execute_tool", "TOOL"),
        ("invoke_agent", "AGENT"),
        ("create_agent", "AGENT"),
        ("invoke_workflow", "CHAIN"),
        ("plan", "TASK"),
        ("search_memory", "MEMORY"),
        ("transmogrify", None),
    ],
)
def test_the_operation_gives_the_type(operation: str, span_type: str | None) -> None:
    result = translated(operation__name=operation)
    assert result.type == span_type
    assert json.loads(result.attributes.get("mlflow.spanType", "null")) == span_type


class TestValuesOfAWorkflow:
    """A graph or chain is mostly given named values, which the conventions have as the JSON of a message."""

    def test_named_values_are_fields_and_not_a_conversation(self) -> None:
        span = translated(
            operation__name="invoke_workflow",
            input__messages=[said("user", '{"q":"Why?","n":1}')],
            output__messages=[said("assistant", '{"a":"So."}')],
        )
        assert (inputs(span), outputs(span)) == ({"q": "Why?", "n": 1}, {"a": "So."})
        assert "mlflow.message.format" not in span.attributes
        assert (span.request_preview, span.response_preview) == ('{"q":"Why?","n":1}', '{"a":"So."}')

    def test_what_a_chain_answers_to_named_values_is_text(self) -> None:
        span = translated(
            operation__name="invoke_workflow",
            input__messages=[said("user", '{"q":"Why?"}')],
            output__messages=[said("assistant", "So.")],
        )
        assert (inputs(span), outputs(span), span.response_preview) == ({"q": "Why?"}, "So.", "So.")

    @pytest.mark.parametrize(
        ("operation", "asked"),
        [
            ("invoke_workflow", [said("user", "Why {}?")]),
            ("invoke_workflow", [said("user", "{not JSON}")]),
            ("invoke_workflow", [said("user", "[1]")]),
            ("invoke_workflow", [said("user", '{"q":1}'), said("user", "Why?")]),
            ("invoke_agent", [said("user", '{"q":1}')]),
            ("chat", [said("user", '{"q":1}')]),
        ],
    )
    def test_a_conversation_stays_one(self, operation: str, asked: Any) -> None:
        span = translated(operation__name=operation, input__messages=asked, output__messages=[said("assistant", "So.")])
        assert [message["content"] for message in inputs(span)["messages"]] == [
            message["parts"][0]["content"] for message in asked
        ]
        assert isinstance(outputs(span), dict)


class TestLogLevel:
    """As MLflow's own spans have it, for the filter of its UI."""

    @pytest.mark.parametrize("operation", [*SPAN_TYPES, "transmogrify"])
    def test_an_operations_level_is_that_of_mlflows_spans_of_its_type(self, operation: str) -> None:
        from mlflow.tracing.utils.default_log_level import default_log_level_for_span_type

        result = translated(operation__name=operation)
        assert result.attributes["mlflow.spanLogLevel"] == str(int(default_log_level_for_span_type(result.type)))

    @pytest.mark.parametrize(("chosen", "level"), [("TOOL", "20"), ("PARSER", "10"), ("MINE", "10")])
    def test_a_type_that_was_chosen_counts(self, chosen: str, level: str) -> None:
        result = translate(recorded({"gen_ai.operation.name": "chat", "mlflow.spanType": chosen}))
        assert result.attributes["mlflow.spanLogLevel"] == level

    @pytest.mark.parametrize("attributes", [{}, {"gen_ai.operation.name": "chat"}])
    def test_a_span_with_an_exception_is_an_error(self, attributes: dict[str, Any]) -> None:
        with pytest.raises(KeyError), TRACER.start_as_current_span("work", attributes=attributes) as span:
            raise KeyError("gone")
        assert isinstance(span, ReadableSpan)
        assert translate(span).attributes["mlflow.spanLogLevel"] == "40"

    def test_a_level_that_was_set_stays(self) -> None:
        span = TRACER.start_span("work", attributes={"mlflow.spanLogLevel": 30, "gen_ai.operation.name": "chat"})
        span.record_exception(ValueError("expected"))
        span.end()
        assert isinstance(span, ReadableSpan)
        assert translate(span).attributes["mlflow.spanLogLevel"] == "30"


IMAGE = {"type": "blob", "modality": "image", "mime_type": "image/jpeg", "content": "aGk="}
PDF = {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "JVBERi0="}
VIDEO = {"type": "uri", "modality": "video", "uri": "https://example.org/v.mp4"}
FILE = {"type": "file", "modality": "image", "file_id": "file-1"}
SPEECH = {"type": "blob", "modality": "audio", "mime_type": "audio/ogg", "content": "T2dn", "transcript": "Hello"}


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (IMAGE, {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,aGk="}}),
        (
            {"type": "uri", "modality": "image", "uri": "https://example.org/i.png"},
            {"type": "image_url", "image_url": {"url": "https://example.org/i.png"}},
        ),
        (
            {"type": "blob", "modality": "audio", "mime_type": "audio/mpeg", "content": "SUQz"},
            {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        ),
        (SPEECH, {"type": "text", "text": "[audio audio/ogg] Hello", "part": SPEECH}),
        (PDF, {"type": "text", "text": "[document application/pdf]", "part": PDF}),
        (VIDEO, {"type": "text", "text": "[video](https://example.org/v.mp4)", "part": VIDEO}),
        (FILE, {"type": "text", "text": "[image file-1]", "part": FILE}),
        (
            {"type": "refusal", "content": "I cannot."},
            {"type": "text", "text": "I cannot.", "part": {"type": "refusal", "content": "I cannot."}},
        ),
        (
            {"type": "compaction", "id": "x"},
            {"type": "text", "text": '{"type":"compaction","id":"x"}', "part": {"type": "compaction", "id": "x"}},
        ),
    ],
)
def test_a_part_without_a_picture_in_the_ui_stays_readable(part: Any, content: Any) -> None:
    result = translated(operation__name="chat", input__messages=[said("user", "Look:", part)])
    assert inputs(result)["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Look:"}, content]}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            said("tool", {"type": "tool_call_response", "id": "c1", "response": "sunny"}),
            [{"role": "tool", "content": "sunny", "tool_call_id": "c1"}],
        ),
        (
            said(
                "user",
                {"type": "tool_call_response", "id": "c1", "response": {"sky": "blue"}},
                {"type": "tool_call_response", "response": None},
                "And now?",
            ),
            [
                {"role": "tool", "content": '{"sky":"blue"}', "tool_call_id": "c1"},
                {"role": "tool", "content": "null"},
                {"role": "user", "content": "And now?"},
            ],
        ),
        (
            said("assistant", "Let me see.", {"type": "tool_call", "name": "look"}),
            [
                {
                    "role": "assistant",
                    "content": "Let me see.",
                    "tool_calls": [{"id": "look", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
                }
            ],
        ),
        (
            said("assistant", {"type": "tool_call", "id": "c2", "name": "look", "arguments": "not JSON"}),
            [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "not JSON"}}
                    ],
                }
            ],
        ),
        (
            said(
                "assistant",
                {"type": "server_tool_call", "id": "s", "name": "web_search", "server_tool_call": {"query": "sky"}},
                {"type": "server_tool_call_response", "id": "s", "server_tool_call_response": {"hits": 1}},
                "Blue.",
            ),
            [
                {
                    "role": "assistant",
                    "content": "Blue.",
                    "tool_calls": [
                        {
                            "id": "s",
                            "type": "function",
                            "function": {"name": "web_search", "arguments": '{"query":"sky"}'},
                        }
                    ],
                },
                {"role": "tool", "content": '{"hits":1}', "tool_call_id": "s"},
            ],
        ),
        (
            {**said("developer", "Be brief."), "name": "boss"},
            [{"role": "system", "content": "Be brief.", "name": "boss"}],
        ),
        (
            said("model", "one", "two"),
            [{"role": "assistant", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}],
        ),
        ({"role": "user", "content": "as OpenAI has it"}, [{"role": "user", "content": "as OpenAI has it"}]),
        ({"role": "user", "odd": 1}, [{"role": "user", "content": '{"role":"user","odd":1}'}]),
        ("words alone", [{"role": "user", "content": "words alone"}]),
    ],
)
def test_messages_take_openais_shape(message: Any, expected: Any) -> None:
    assert inputs(translated(operation__name="chat", input__messages=[message]))["messages"] == expected


def test_an_agents_answers_follow_each_other_and_a_models_are_choices() -> None:
    answers = [said("assistant", "one"), said("assistant", "two")]
    agent = translated(operation__name="invoke_agent", output__messages=answers)
    model = translated(operation__name="chat", output__messages=answers)

    assert [message["content"] for message in outputs(agent)["messages"]] == ["one", "two"]
    assert [choice["message"]["content"] for choice in outputs(model)["choices"]] == ["one", "two"]
    assert (agent.response_preview, model.response_preview) == ("two", "one")


@pytest.mark.parametrize(
    ("recorded_result", "shown"),
    [
        ({"result": "sunny"}, "sunny"),
        ({"result": [1, 2]}, [1, 2]),
        ({"result": 5, "unit": "C"}, {"result": 5, "unit": "C"}),
        ({"degrees": 21}, {"degrees": 21}),
        ("plain words", "plain words"),
    ],
)
def test_a_tool_shows_its_arguments_and_its_unwrapped_result(recorded_result: Any, shown: Any) -> None:
    result = translated(
        operation__name="execute_tool", tool__call__arguments={"city": "Paris"}, tool__call__result=recorded_result
    )
    assert inputs(result) == {"city": "Paris"}
    assert outputs(result) == shown
    assert not [key for key in result.attributes if key.startswith("gen_ai.tool.call")]


def test_json_text_that_needs_no_other_shape_is_kept_to_the_letter() -> None:
    arguments = '{ "city" : "Z\\u00fcrich" }'
    result = translated(operation__name="execute_tool", tool__call__arguments=arguments)
    assert result.attributes["mlflow.spanInputs"] == arguments


def test_retrieved_documents_are_mlflows() -> None:
    result = translated(
        operation__name="retrieval",
        retrieval__query__text="weather",
        retrieval__documents=[
            {"id": "d1", "score": 0.9, "content": "Mild.", "metadata": {"source": "guide.md"}},
            {"id": "d2", "score": 0.4},
            "words alone",
        ],
    )
    assert inputs(result) == "weather"
    assert outputs(result) == [
        {"page_content": "Mild.", "metadata": {"source": "guide.md", "score": 0.9}, "id": "d1"},
        {"page_content": "", "metadata": {"id": "d2", "score": 0.4}, "id": "d2"},
        {"page_content": "words alone", "metadata": {}, "id": None},
    ]
    assert result.request_preview == "weather"


def test_memory_shows_query_and_records() -> None:
    records = [{"id": "m", "content": "likes sun"}]
    result = translated(operation__name="search_memory", memory__query__text="likes", memory__records=records)
    assert (inputs(result), outputs(result)) == ("likes", records)


@pytest.mark.parametrize(
    ("parameters", "listed"),
    [
        (
            {"properties": {"a": {"type": 5, "description": ["x"], "enum": "y"}}},
            {"properties": {"a": {"description": '["x"]', "enum": ["y"]}}},
        ),
        ({"type": "object", "required": True, "properties": "none"}, {"type": "object"}),
        ({"required": ["a", 1]}, {"required": ["a"]}),
        ("a: int", {"schema": "a: int"}),
    ],
)
def test_an_odd_schema_does_not_hide_the_tools(parameters: Any, listed: Any) -> None:
    result = translated(operation__name="chat", tool__definitions=[{"name": "odd", "parameters": parameters}])
    assert json.loads(result.attributes["mlflow.chat.tools"])[0]["function"]["parameters"] == listed


def test_tool_definitions_are_listed_whatever_their_form() -> None:
    nested = {"type": "function", "function": {"name": "nested"}}
    union = {
        "type": "object",
        "properties": {"unit": {"type": ["string", "null"], "description": "C or F"}, "any": True},
    }
    result = translated(
        operation__name="chat",
        tool__definitions=[nested, {"name": "flat", "parameters": union}, {"type": "web_search"}, "word"],
    )
    assert json.loads(result.attributes["mlflow.chat.tools"]) == [
        nested,
        {
            "type": "function",
            "function": {
                "name": "flat",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "unit": {"description": "C or F", "anyOf": [{"type": "string"}, {"type": "null"}]},
                        "any": {},
                    },
                },
            },
        },
        {"type": "function", "function": {"name": "web_search", "type": "web_search"}},
        {"type": "function", "function": {"name": "word"}},
    ]
    assert "gen_ai.tool.definitions" not in result.attributes


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"usage__input_tokens": 5}, TokenUsage(input_tokens=5, total_tokens=5)),
        ({"usage__output_tokens": 0}, TokenUsage(output_tokens=0, total_tokens=0)),
        (
            {"usage__prompt_tokens": 3, "usage__completion_tokens": 4, "usage__cache_creation__input_tokens": 2},
            TokenUsage(input_tokens=3, output_tokens=4, total_tokens=7, cache_creation_input_tokens=2),
        ),
        ({"usage__input_tokens": "many"}, None),
        ({"usage__input_tokens": -1, "usage__output_tokens": 2**63}, None),
        ({}, None),
    ],
)
def test_usage_has_a_total_and_knows_older_names(counts: dict[str, Any], usage: TokenUsage | None) -> None:
    result = translated(operation__name="chat", **counts)
    assert result.usage == usage
    assert ("mlflow.chat.tokenUsage" in result.attributes) == (usage is not None)


def test_older_names_count_as_todays_unless_both_are_there() -> None:
    assert translated(operation__name="chat", system="anthropic").model_provider == "anthropic"
    assert translated(operation__name="chat", system="old", provider__name="new").model_provider == "new"


def test_without_recorded_content_there_are_no_inputs() -> None:
    result = translated(operation__name="chat", request__model="gpt-4o", request__temperature=0.1)
    assert "mlflow.spanInputs" not in result.attributes
    assert result.request_preview is None
    assert result.model_name == "gpt-4o"


@pytest.mark.parametrize(
    ("content", "message", "result"),
    [
        (
            '[{"role":"user","parts":[{"type":"te',
            '[{"role":"user","parts":[{"type":"te',
            '[{"role":"user","parts":[{"type":"te',
        ),
        ("just words", "just words", "just words"),
        ('"', '"', '"'),
        ("5", "5", 5),
        ("null", "null", None),
        ("{}", "{}", {}),
        ("[[1]]", "[1]", [[1]]),
    ],
)
def test_malformed_content_is_shown_as_it_is(content: str, message: str, result: Any) -> None:
    span = translated(operation__name="chat", input__messages=content, tool__call__result=content)
    assert inputs(span)["messages"] == [{"role": "user", "content": message}]
    assert outputs(span) == result


class TestOwnMlflowAttributes:
    """A span made by an MLflow-like API says itself what MLflow is to know."""

    def test_they_win_and_are_not_encoded_twice(self) -> None:
        result = translate(
            recorded(
                {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.input.messages": json.dumps([said("user", "recorded by another")]),
                    "gen_ai.usage.input_tokens": 1,
                    "mlflow.spanType": "PARSER",
                    "mlflow.spanInputs": '{"messages": [{"role": "user", "content": "Mine"}]}',
                    "mlflow.spanOutputs": '"Done"',
                    "mlflow.chat.tokenUsage": '{"input_tokens": 9, "output_tokens": true}',
                    "mlflow.llm.cost": '{"input_cost": 1, "output_cost": 0.5, "total_cost": 1.5}',
                    "mlflow.llm.model": "5",
                    "mlflow.spanFunctionName": '"ask"',
                }
            )
        )
        own = {key: text for key, text in result.attributes.items() if key.startswith("mlflow.")}
        del own["mlflow.traceRequestId"]
        assert own == {
            "mlflow.spanType": '"PARSER"',
            "mlflow.spanLogLevel": "10",
            "mlflow.spanInputs": '{"messages": [{"role": "user", "content": "Mine"}]}',
            "mlflow.spanOutputs": '"Done"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 9, "output_tokens": true}',
            "mlflow.llm.cost": '{"input_cost": 1, "output_cost": 0.5, "total_cost": 1.5}',
            "mlflow.llm.model": '"5"',
            "mlflow.spanFunctionName": '"ask"',
        }
        assert "recorded by another" in result.attributes["gen_ai.input.messages"]
        assert "mlflow.message.format" not in result.attributes
        assert (result.type, result.model_name) == ("PARSER", "5")
        assert result.usage == TokenUsage(input_tokens=9)
        assert result.cost == Cost(1.0, 0.5, 1.5)
        assert (result.request_preview, result.response_preview) == ("Mine", "Done")

    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            ("5", "5"),
            ('{"a": 1}', '{"a": 1}'),
            ('"words"', '"words"'),
            ("words", '"words"'),
            ("null", "null"),
            (5, "5"),
        ],
    )
    def test_inputs_are_json_text_already_where_they_can_be(self, given: Any, stored: str) -> None:
        result = translate(recorded({"mlflow.spanInputs": given}))
        assert result.attributes["mlflow.spanInputs"] == stored

    @pytest.mark.parametrize("unknown", ["UNKNOWN", '"UNKNOWN"'])
    def test_a_type_that_nobody_chose_does_not_win(self, unknown: str) -> None:
        result = translate(recorded({"mlflow.spanType": unknown, "gen_ai.operation.name": "execute_tool"}))
        assert (result.type, result.attributes["mlflow.spanType"]) == ("TOOL", '"TOOL"')

    def test_name_tags_session_and_user_of_the_trace(self) -> None:
        result = translate(
            recorded(
                {
                    "mlflow.traceTag.mlflow.traceName": "nightly",
                    "mlflow.traceTag.team": '"blue"',
                    "mlflow.traceTag.tries": 3,
                    "mlflow.trace.session": "s-1",
                    "mlflow.trace.user": "bob",
                    "mlflow.sourceRun": "run-1",
                    "session.id": "another",
                    "enduser.id": "another",
                }
            )
        )
        assert result.trace_name == "nightly"
        assert result.trace_tags == {"team": "blue", "tries": "3"}
        assert result.trace_metadata == {"mlflow.sourceRun": "run-1"}
        assert (result.session_id, result.user_id) == ("s-1", "bob")
