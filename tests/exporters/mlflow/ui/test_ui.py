"""MLflow's own pages show what was recorded as a person wants to read it."""

from collections.abc import Callable
from typing import Any

import pytest

from support.mlflow_ui import traces_address

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mlflow-ui")]

Open = Callable[[str], Any]


def shown(page: Any, *texts: str) -> None:
    """Waits until the page shows each of the texts."""
    for text in texts:
        page.get_by_text(text, exact=True).first.wait_for()


def is_free_of_json(page: Any) -> bool:
    """No message's JSON, nor the YAML that the page writes of what it does not know."""
    text = page.inner_text("body")
    return not any(trace in text for trace in ('"role"', "role:", "parts:", "tool_calls", '"content"', "modality"))


def test_an_agent_is_a_conversation(open_span: Open) -> None:
    page = open_span("invoke_agent guide")
    shown(page, "Success", "317 tokens", "conversation-7", "User", "Assistant", "It is sunny in Paris, 21 degrees.")
    # The user's Markdown is set as such.
    assert page.locator("strong", has_text="today").count() == 1
    assert is_free_of_json(page)


def test_a_chat_has_its_messages_and_parameters(open_span: Open) -> None:
    page = open_span("chat gpt-4o")
    shown(page, "System", "You are a travel guide.", "User", "Is it like in this picture?", "temperature", "0.1")
    shown(page, "150 tokens", "gpt-4o")
    assert page.locator('img[src^="data:image/png;base64,"]').evaluate("image => image.naturalWidth") == 40
    assert is_free_of_json(page)


def test_parts_without_a_picture_are_named(open_span: Open) -> None:
    page = open_span("chat gpt-4o")
    shown(page, "[document application/pdf]")
    assert page.get_by_role("link", name="video").get_attribute("href") == "https://example.org/paris.mp4"


def test_a_tool_call_shows_its_arguments_and_the_reasoning_that_led_to_it(open_span: Open) -> None:
    page = open_span("chat gpt-4o")
    shown(page, "Tool calls", "get_weather", "city", "Paris", "unit", "C")
    page.get_by_text("Reasoning", exact=True).click()
    shown(page, "I have to look outside.")


def test_the_tools_of_a_chat_are_listed(open_span: Open) -> None:
    page = open_span("chat gpt-4o")
    shown(page, "(1)")
    page.get_by_test_id("model-trace-explorer-tools-section-toggle").click()
    page.get_by_text("get_weather", exact=True).first.click()
    shown(page, "Looks out of the window.", "Where to look.")


def test_a_tools_result_belongs_to_its_call(open_span: Open) -> None:
    page = open_span("chat gpt-4o again")
    shown(page, "Tool calls", "21 degrees, sunny", "It is sunny in Paris, 21 degrees.")
    assert is_free_of_json(page)


def test_a_tool_shows_arguments_and_result(open_span: Open) -> None:
    page = open_span("execute_tool get_weather")
    shown(page, "city", "Paris", "unit", "C", "21 degrees, sunny")
    assert "result" not in page.inner_text("body")


def test_a_retrieval_shows_its_documents(open_span: Open) -> None:
    page = open_span("retrieval guides")
    shown(page, "Paris in spring", "Paris in spring is mild.", '"guide.md"', '"d2"')
    assert page.get_by_test_id("model-trace-explorer-retriever-field-renderer").count() == 1


def test_a_failed_chat_shows_what_was_asked_and_why_it_failed(open_span: Open) -> None:
    page = open_span("chat none")
    shown(page, "User", "Who answers this?")
    page.get_by_role("tab", name="Events").click()
    shown(page, "LookupError", "no such model")


def test_the_list_of_traces_is_in_plain_words(page: Any, address: tuple[str, str]) -> None:
    traces = page.context.new_page()
    traces.goto(traces_address(address[0]))
    shown(traces, "Is Paris nice **today**?", "It is sunny in Paris, 21 degrees.", "conversation-7", "OK", "317")
    assert is_free_of_json(traces)
