"""What there is to see of one span: what failed, what was said, what was called and found, and all else as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from genspan.exporters.mlflow.keys import SpanAttributeKey, SpanType
from genspan.mlflow.notebook import amounts
from genspan.mlflow.notebook.chat import ITEM, LONG, PREVIEW, definitions, said
from genspan.mlflow.notebook.conversation import Message, Part, is_message_key, messages
from genspan.mlflow.notebook.markup import Markup, element, joined
from genspan.mlflow.notebook.room import Room, left_out
from genspan.mlflow.notebook.section import folded, heading, section
from genspan.mlflow.notebook.tree import failed, type_of
from genspan.mlflow.notebook.values import TEXT, table, text, value

if TYPE_CHECKING:
    from genspan.mlflow.entities import Span, SpanEvent

_FRAME: Final = 2_500
"""Characters of the tags of all sections, and of the notes in them, at most."""
_EVENTS: Final = 50
"""Events of one span that are shown."""

_SHOWN_ELSEWHERE: Final = frozenset(
    {
        SpanAttributeKey.INPUTS,
        SpanAttributeKey.OUTPUTS,
        SpanAttributeKey.SPAN_TYPE,
        SpanAttributeKey.REQUEST_ID,
        SpanAttributeKey.CHAT_TOOLS,
        SpanAttributeKey.DESCRIPTION,
    }
)
_MODELS: Final = (SpanType.CHAT_MODEL, SpanType.LLM)
_TITLES: Final = {SpanType.TOOL: ("Arguments", "Result"), SpanType.RETRIEVER: ("Query", "Documents")}
"""What inputs and outputs are, by the type of the span."""


def pane(span: Span, room: Room) -> Markup:
    """All of a span, as far as there is room."""
    if not room.spend(_FRAME):
        return _note(span, "There is no room for this span. To read it: ")
    inputs, outputs = span.inputs, span.outputs
    parts = [*_facts(span, room), *_failure(span, room)]
    chat = chat_of(span)
    if chat:
        parts.append(section("Messages", *said(chat, room)))
        inputs = _rest(inputs)
        outputs = None if isinstance(outputs, str) else _rest(outputs)
    tools = span.get_attribute(SpanAttributeKey.CHAT_TOOLS) or (
        inputs.get("tools") if isinstance(inputs, dict) else None
    )
    if isinstance(tools, list) and tools:
        inputs = {key: item for key, item in inputs.items() if key != "tools"} if isinstance(inputs, dict) else inputs
        parts.append(folded(f"Tools ({len(tools):,})", *definitions(tools, room)))
    asked, answered = _TITLES.get(type_of(span), ("Inputs", "Outputs"))
    if chat:
        asked, answered = "Parameters", "More of the answer"
    parts += _value_section(asked, inputs, room, is_open=not chat)
    if _are_documents(outputs):
        parts.append(section(f"Documents ({len(outputs):,})", *_documents(outputs, room)))
    else:
        parts += _value_section(answered, outputs, room, is_open=not chat)
    parts += [*_events(span, room), *_attributes(span, room)]
    if room.is_cut:
        parts.append(_note(span, "Not all of it is shown. All of it: "))
    return joined(parts)


def _note(span: Span, what: str) -> Markup:
    whole = f'mlflow.get_trace("{span.trace_id}").search_spans(span_id="{span.span_id}")[0]'
    return element("p", what, element("code", whole[:300]), class_="gs-note")


def status(span: Span) -> str | None:
    """What is to be said of how a span ended; nothing where it ended well."""
    return "failed" if failed(span) else "unfinished" if span.end_time_ns is None else None


def lasted(span: Span) -> str:
    """How long a span took."""
    return amounts.duration(None if span.end_time_ns is None else span.end_time_ns - span.start_time_ns)


def _facts(span: Span, room: Room) -> Iterator[Markup]:
    model = span.model_name
    provider = span.get_attribute(SpanAttributeKey.MODEL_PROVIDER)
    facts = [
        ("gs-type", type_of(span)),
        ("gs-fact", lasted(span)),
        ("gs-fact", f"{model} · {provider}" if model and provider else model),
        ("gs-fact", amounts.tokens(span.get_attribute(SpanAttributeKey.CHAT_USAGE))),
        ("gs-fact", amounts.cost(span.llm_cost)),
    ]
    told = [element("span", " ", room.cut(str(fact), 200), class_=kind) for kind, fact in facts if fact]
    yield element("p", element("strong", room.cut(span.name, 200), class_="gs-title", dir="auto"), *told)
    if span.description:
        yield element("p", room.cut(str(span.description), TEXT), class_="gs-description", dir="auto")


def _failure(span: Span, room: Room) -> Iterator[Markup]:
    raised = [event for event in span.events if event.name == "exception"]
    if not failed(span) and not raised:
        return
    told = span.status.description
    parts = [element("p", room.cut(told, TEXT))] if told else []
    for event in raised[:_EVENTS]:
        raised_as = (
            f"{event.attributes.get('exception.type', 'exception')}: {event.attributes.get('exception.message', '')}"
        )
        stack = event.attributes.get("exception.stacktrace")
        if raised_as not in (told, f"exception: {told}"):
            parts.append(element("p", room.cut(raised_as, TEXT)))
        if isinstance(stack, str):
            parts.append(folded("Stack trace", element("pre", room.cut(stack, TEXT)), class_="gs-stack"))
    yield element("div", heading("Failed" if failed(span) else "Exception"), *parts, class_="gs-failure")


def chat_of(span: Span) -> list[Message]:
    """The chat that a span is; empty where it is none."""
    inputs, outputs = span.inputs, span.outputs
    before, after = messages(inputs), messages(outputs)
    is_model = type_of(span) in _MODELS
    if not before and is_model and isinstance(inputs, dict) and isinstance(inputs.get("input"), str):
        before = messages({**inputs, "input": [{"role": "user", "content": inputs["input"]}]})
    if isinstance(outputs, str) and before:
        after = [Message("assistant", [Part("text", outputs)])]
    # A graph's state holds what it was asked as well.
    return after if before and after[: len(before)] == before else before + after


def _rest(of: Any) -> Any:
    """What the messages do not show of inputs or outputs."""
    if not isinstance(of, dict) or not messages(of) or "role" in of:
        return None if messages(of) else of
    return {key: item for key, item in of.items() if not is_message_key(key)} or None


def _are_documents(outputs: Any) -> bool:
    return (
        isinstance(outputs, list)
        and bool(outputs)
        and all(isinstance(item, dict) and isinstance(item.get("page_content"), str) for item in outputs)
    )


def _documents(found: Sequence[dict[str, Any]], room: Room) -> Iterator[Markup]:
    for index, document in enumerate(found):
        if not room.spend(ITEM):
            yield element("p", left_out(f"{len(found) - index:,} more"))
            return
        words = document["page_content"]
        rest = {key: item for key, item in document.items() if key != "page_content" and item not in (None, {}, "")}
        score = _score(document.get("metadata"))
        yield element(
            "details",
            element(
                "summary",
                element("b", str(index + 1), class_="gs-role"),
                element("span", f" score {score}", class_="gs-fact") if score is not None else None,
                element("span", " ", room.cut(" ".join(words[:PREVIEW].split()), PREVIEW), class_="gs-preview"),
            ),
            element("div", room.cut(words, TEXT), class_="gs-text", dir="auto"),
            value(rest, room) if rest else None,
            class_="gs-message",
            data_role="document",
            open=len(words) <= LONG,
        )


def _score(metadata: Any) -> str | None:
    score = metadata.get("score") if isinstance(metadata, dict) else None
    return f"{score:.4g}" if isinstance(score, (int, float)) else None


def _value_section(title: str, of: Any, room: Room, *, is_open: bool) -> Iterator[Markup]:
    if of is None or of == {}:
        return
    shown = element("div", text(of, room), class_="gs-text", dir="auto") if isinstance(of, str) else value(of, room)
    yield section(title, shown) if is_open else folded(title, shown)


def _events(span: Span, room: Room) -> Iterator[Markup]:
    events = [event for event in span.events if event.name != "exception"]
    if events:
        rows = ((f"{event.name} {_offset(event, span)}", event.attributes) for event in events[:_EVENTS])
        if len(events) > _EVENTS:
            room.is_cut = True
        yield folded(f"Events ({len(events):,})", table(rows, room))


def _offset(event: SpanEvent, span: Span) -> str:
    return f"+{amounts.duration(max(event.timestamp - span.start_time_ns, 0))}"


def _attributes(span: Span, room: Room) -> Iterator[Markup]:
    rows = {key: item for key, item in span.attributes.items() if key not in _SHOWN_ELSEWHERE}
    if span.links:
        rows["links"] = [link.to_dict() for link in span.links[:_EVENTS]]
    yield folded("Attributes", table([("span id", span.span_id), *sorted(rows.items())], room))
