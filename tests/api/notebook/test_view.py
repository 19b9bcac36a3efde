import json
import re
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genspan.mlflow.notebook import html_of
from genspan.mlflow.notebook.markup import visible
from genspan.mlflow.notebook.view import LIMIT, SPANS
from support.hostile import TEXTS, hostile_trace
from support.notebook_html import Parsed
from support.notebook_traces import span, support_desk, trace

HERE = "sqlite:///mlflow.db"


def parsed(*traces: Any, **more: Any) -> Parsed:
    return Parsed(html_of(traces, tracking_uri=HERE, **more))


def test_a_trace_shows_what_ran_how_long_and_what_it_took() -> None:
    shown = parsed(support_desk())
    rows = [attributes for attributes in shown.all("summary") if attributes.get("class") == "gs-row"]
    types = [row["data-type"] for row in rows]
    assert types == ["AGENT", "CHAT_MODEL", "TOOL", "TOOL", "RETRIEVER", "EMBEDDING", "TOOL", "CHAT_MODEL"]
    depths = [row["style"] for row in rows]
    assert depths == [f"--gs-depth:{depth}" for depth in (0, 1, 1, 1, 2, 3, 1, 1)]
    bars = [attributes["style"] for attributes in shown.all("i")]
    assert bars[0] == "--gs-from:0.00%;--gs-width:100.00%"
    assert bars[-1] == f"--gs-from:{214000 / 4210:.2f}%;--gs-width:{206000 / 4210:.2f}%"
    for said in (
        "support_desk OK 4.21 s 1,105 → 145 tokens $0.0008 2026-11-18",
        "688 → 84 tokens (384 cached)",
        "$0.0005",
        "gpt-5.4-mini · openai",
        "TimeoutError: the order service did not answer",
        "Stack trace",
        "You answer customers of a kitchen shop",
        "Reasoning",
        "First the order.",
        "Documents (2)",
        "score 0.8712",
        "letter-1042",
        "carla",
    ):
        assert said in shown.text, said
    assert "look_up_orderorder_id: 1042" in shown.text  # The call and its argument, which CSS puts apart.
    assert "tool look_up_orderOrder 1042: 1 x coffee grinder" in shown.text  # The call's result, by its id.
    assert [image["src"][:22] for image in shown.all("img")] == ["data:image/png;base64,"] * 2


def test_the_first_span_is_open_and_no_other() -> None:
    shown = parsed(support_desk(), support_desk())
    spans = [attributes for attributes in shown.all("details") if attributes.get("class") == "gs-span"]
    assert ["open" in attributes for attributes in spans] == [True, *[False] * 7] * 2
    assert len({attributes["name"] for attributes in spans}) == 2, "spans of two traces close each other"
    traces = [attributes for attributes in shown.all("details") if attributes.get("class") == "gs-trace"]
    assert ["open" in attributes for attributes in traces] == [True, False]


def test_traces_that_are_not_shown_are_counted() -> None:
    assert "… 12 more traces" in parsed(support_desk(), more=12).text
    assert "more traces" not in parsed(support_desk()).text


def test_a_trace_without_spans_and_a_span_without_an_end_are_shown() -> None:
    assert "The trace has no spans." in parsed(trace(state="IN_PROGRESS")).text
    shown = parsed(trace(span(1, end=None, span_type=None), span(2, 1, start=5, end=10), state="IN_PROGRESS"))
    assert "IN PROGRESS" in shown.text
    assert "step unfinished" in shown.text
    assert shown.all("i")[0]["style"] == "--gs-from:0.00%;--gs-width:100.00%"


def test_a_span_that_cannot_be_shown_costs_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    odd = trace(span(1, name="odd"), span(2, 1, inputs="well"), trace_metadata={"mlflow.trace.tokenUsage": "no JSON"})
    monkeypatch.setattr(type(odd.data.spans[0]), "links", property(lambda one: [] if one.parent_id else 1 / 0))
    shown = parsed(odd).text
    assert shown.count("This span cannot be shown") == 1
    assert "well" in shown
    assert "division" in caplog.text


def test_pictures_that_would_be_fetched_are_addresses() -> None:
    content = [{"type": "image_url", "image_url": {"url": "https://a.example/cat.png"}}]
    shown = parsed(trace(span(1, inputs={"messages": [{"role": "user", "content": content}]})))
    assert "Image at https://a.example/cat.png" in shown.text
    assert shown.all("img") == []


def test_assessments_are_listed() -> None:
    judged = {
        "assessment_id": "a-1",
        "assessment_name": "helpful",
        "trace_id": "tr-1",
        "source": {"source_type": "HUMAN", "source_id": "carla"},
        "create_time": "2026-11-18T10:26:40Z",
        "last_update_time": "2026-11-18T10:26:40Z",
        "feedback": {"value": True},
        "rationale": "kind",
        "valid": True,
    }
    assert re.search(
        "assessments.*helpful.*carla.*kind|helpful.*kind.*carla", parsed(trace(span(1), assessments=[judged])).text
    )


# Text stays text.


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_text_wherever_it_stands(text: str) -> None:
    shown = parsed(hostile_trace((text,)))
    assert shown.text.count(visible(text)) >= 20
    assert shown.code == {
        kind: files("genspan.mlflow.notebook").joinpath(name).read_text(encoding="utf-8")
        for kind, name in (("style", "view.css"), ("script", "view.js"))
    }
    assert not [image for image in shown.all("img") if text in image["src"]]


def test_our_own_code_ends_where_it_ends() -> None:
    for name in ("view.css", "view.js"):
        code = files("genspan.mlflow.notebook").joinpath(name).read_text(encoding="utf-8")
        assert "</" not in code
        assert "<!--" not in code
        for address in re.findall(r"https?:[^'\"\s]+", code):
            assert address == "http://www.w3.org/2000/svg", "something is fetched"


TEXT = st.sampled_from(TEXTS) | st.text(st.characters(), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
CHAT = st.builds(
    lambda parts: {"messages": [{"role": role, "content": content} for role, content in parts]},
    st.lists(
        st.tuples(TEXT, TEXT | st.lists(st.dictionaries(st.sampled_from(["type", "text", "image_url"]), JSON))),
        max_size=3,
    ),
)


@st.composite
def traces(draw: st.DrawFn) -> Any:
    spans = [
        span(
            at + 1,
            draw(st.none() | st.integers(1, 4)),
            name=draw(TEXT),
            span_type=draw(JSON | st.sampled_from(["TOOL", "RETRIEVER", "CHAT_MODEL", "AGENT"])),
            inputs=draw(JSON | CHAT),
            outputs=draw(JSON | CHAT),
            start=draw(st.integers(0, 50)),
            end=draw(st.none() | st.integers(0, 100)),
            error=draw(st.none() | TEXT),
            **draw(
                st.dictionaries(
                    TEXT.filter(bool)
                    | st.sampled_from(
                        ["mlflow.chat.tools", "mlflow.chat.tokenUsage", "mlflow.llm.cost", "mlflow.llm.model"]
                    ),
                    JSON,
                    max_size=3,
                )
            ),
        )
        for at in range(draw(st.integers(0, 3)))
    ]
    return trace(*spans, tags=draw(st.dictionaries(TEXT | st.just("mlflow.traceName"), TEXT, max_size=2)))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(traces(), min_size=1, max_size=2))
def test_any_trace_is_well_formed_and_holds_nothing_but_our_elements(drawn: list[Any]) -> None:
    shown = parsed(*drawn)
    rows = [attributes for attributes in shown.all("summary") if attributes.get("class") == "gs-row"]
    assert len(rows) == sum(len(each.data.spans) for each in drawn)


# However large, it ends.

BIG = "x<&" * 3_500_000


@pytest.mark.parametrize(
    "content",
    [
        {"inputs": BIG},
        {"inputs": {"messages": [{"role": "user", "content": BIG}]}},
        {"inputs": {"messages": [{"role": "user", "content": f"<{at}>" * 500} for at in range(3_000)]}},
        {"outputs": [{"page_content": "<" * 5_000} for _ in range(2_000)], "span_type": "RETRIEVER"},
        {"outputs": {f"<{at}>": [at] * 300 for at in range(2_000)}},
        {"outputs": [[[[[[[[[[["deep"]]]]]]]]]], *range(100_000)]},
        {
            "inputs": {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000_000}}
                        ],
                    }
                ]
            }
        },
        {f"attribute {at}": "<" * 1_000 for at in range(5_000)},
        {"mlflow.chat.tools": [{"function": {"name": "<" * 300, "description": "&" * 9_000}}] * 3_000},
        {"events": [{"name": "<" * 500, "time_unix_nano": 1, "attributes": {"a": "<" * 9_000}}] * 3_000},
        {
            "events": [{"name": "exception", "time_unix_nano": 1, "attributes": {"exception.stacktrace": "<" * 50_000}}]
            * 300
        },
    ],
    ids=lambda content: next(iter(content)),
)
def test_large_spans_are_cut_with_a_note_of_how_to_read_the_rest(content: dict[str, Any]) -> None:
    one = trace(span(1, **content))
    html = html_of([one], tracking_uri=HERE)
    assert len(html) < 700_000
    assert 'Not all of it is shown. All of it: mlflow.get_trace("tr-' in Parsed(html).text


def test_thousands_of_spans_keep_within_the_limit() -> None:
    words = {"messages": [{"role": "user", "content": "<" * 30_000}]}
    many = trace(*(span(at + 1, at // 10 or None, name="<" * 200, inputs=words, start=at) for at in range(6_000)))
    html = html_of([many], tracking_uri=HERE)
    assert LIMIT / 2 < len(html) <= LIMIT
    assert f"{6_000 - SPANS:,} more spans" in Parsed(html).text
    html = html_of([many] * 10, tracking_uri=HERE, more=1)
    assert len(html) <= LIMIT
    assert "… 1 more traces" in Parsed(html).text


def test_a_chain_of_spans_is_not_nested_deeper_than_browsers_go() -> None:
    chain = trace(*(span(at + 1, at or None, start=at) for at in range(900)))
    html = html_of([chain], tracking_uri=HERE)
    deepest = depth = 0
    for tag in re.findall(r"<(/?)ul", html):
        depth += -1 if tag else 1
        deepest = max(deepest, depth)
    assert deepest < 50
    assert len([1 for row in Parsed(html).all("summary") if row.get("class") == "gs-row"]) == 900


def test_json_text_that_a_tool_gave_is_shown_as_what_it_holds() -> None:
    shown = parsed(trace(span(1, span_type="TOOL", outputs=json.dumps({"city": "Paris"}))))
    assert "Resultcity: Paris" in shown.text
