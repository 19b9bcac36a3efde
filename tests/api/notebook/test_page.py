"""The view in a browser: that nothing in it runs or is fetched, and that it can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from genspan.mlflow.notebook import html_of
from genspan.mlflow.notebook.markup import visible
from support.hostile import TEXTS, hostile_trace
from support.notebook_traces import support_desk

pytestmark = pytest.mark.slow

PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>page</title><body {}>{}</body></html>'


def page_of(*traces: Any, attributes: str = "", outputs: int = 1, tracking_uri: str = "sqlite:///mlflow.db") -> str:
    html = "".join(html_of(traces, tracking_uri=tracking_uri) for _ in range(outputs))
    return PAGE.format(attributes, html)


def test_hostile_text_neither_runs_nor_fetches_nor_becomes_elements(visit: Callable[..., Any]) -> None:
    opened = visit(page_of(hostile_trace()))
    page = opened.page
    # Everything open, everything under the mouse.
    page.evaluate(
        """() => {
            document.querySelectorAll('details').forEach(each => { each.removeAttribute('name'); each.open = true; });
            document.querySelectorAll('*').forEach(each => {
                for (const kind of ['mouseover', 'click', 'focus', 'toggle', 'load', 'error'])
                    each.dispatchEvent(new Event(kind, {bubbles: true, cancelable: true}));
            });
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.canary") is None
    assert opened.requests == []
    assert opened.errors == []
    counted = page.evaluate(
        """() => ({
            scripts: document.scripts.length, styles: document.querySelectorAll('style').length,
            others: document.querySelectorAll('iframe, svg, template, link, object, embed, form, base, meta').length,
            remote: [...document.querySelectorAll('[src], [href]')].filter(
                each => !(each.src ?? each.href).startsWith('data:image/')).length,
            handlers: [...document.querySelectorAll('*')].filter(
                each => each.getAttributeNames().some(name => name.startsWith('on'))).length,
        })"""
    )
    assert counted == {"scripts": 1, "styles": 1, "others": 1, "remote": 0, "handlers": 0}  # One meta is the page's.
    shown = page.evaluate("document.body.textContent")
    for text in TEXTS:
        assert visible(text) in shown


def test_with_scripts_forbidden_every_span_can_still_be_opened(visit: Callable[..., Any]) -> None:
    page = visit(page_of(support_desk()), java_script_enabled=False).page
    answer = page.locator(".gs-pane").last.get_by_text("I am sorry about the cracked lid")
    assert not answer.is_visible()
    page.locator(".gs-row").last.click()
    assert answer.is_visible()
    assert not page.locator(".gs-pane").first.is_visible()
    assert not page.locator(".gs-twist").first.is_visible()


def test_without_styles_and_scripts_it_is_an_outline_that_can_be_read(visit: Callable[..., Any]) -> None:
    page = visit(page_of(support_desk()), java_script_enabled=False).page
    page.evaluate("document.querySelectorAll('style').forEach(each => each.remove())")
    page.locator(".gs-row").nth(4).click()
    assert page.locator(".gs-pane").nth(4).get_by_text("returns.md").is_visible()
    assert page.locator(".gs-row").nth(4).inner_text().split() == ["RETRIEVER", "retrieval", "590", "ms"]


def test_the_keyboard_goes_through_the_tree(visit: Callable[..., Any]) -> None:
    opened = visit(page_of(support_desk(), outputs=2))
    page = opened.page
    rows = page.locator(".genspan-traces").last.locator(".gs-row")

    def focused() -> int:
        return int(rows.evaluate_all("rows => rows.indexOf(document.activeElement)"))

    def is_open(row: int) -> bool:
        return bool(rows.nth(row).evaluate("row => row.parentElement.open"))

    rows.first.focus()
    page.keyboard.press("ArrowDown")
    assert focused() == 1
    assert is_open(1)
    assert not is_open(0)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert focused() == 4
    page.keyboard.press("ArrowLeft")  # folds what is below
    assert not rows.nth(5).is_visible()
    page.keyboard.press("ArrowDown")
    assert focused() == 6
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert rows.nth(5).is_visible()
    page.keyboard.press("ArrowRight")
    assert focused() == 5
    page.keyboard.press("ArrowLeft")  # has none below: to its parent
    assert focused() == 4
    page.keyboard.press("End")
    assert focused() == 7
    page.keyboard.press("Home")
    assert focused() == 0
    assert page.locator(".genspan-traces").first.locator(".gs-span[open]").count() == 1, "the other output has moved"
    assert opened.errors == []


def test_one_span_is_always_open_where_it_is_beside_the_tree(visit: Callable[..., Any]) -> None:
    page = visit(page_of(support_desk())).page
    first = page.locator(".gs-row").first
    first.click()
    assert page.locator(".gs-span[open]").count() == 1
    tree, pane = page.locator(".gs-tree").bounding_box(), page.locator(".gs-pane").first.bounding_box()
    assert pane["x"] >= tree["x"] + tree["width"] - 2
    assert pane["height"] > 200


def test_in_a_narrow_place_a_span_opens_below_its_row_and_closes_again(visit: Callable[..., Any]) -> None:
    page = visit(page_of(support_desk()), width=500).page
    row, pane = page.locator(".gs-row").nth(1), page.locator(".gs-pane").nth(1)
    row.click()
    assert pane.bounding_box()["y"] >= row.bounding_box()["y"] + row.bounding_box()["height"] - 1
    row.click()
    assert not pane.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 500


def test_the_mouse_folds_the_tree_without_opening_a_span(visit: Callable[..., Any]) -> None:
    page = visit(page_of(support_desk())).page
    page.locator(".gs-twist").nth(1).click()
    assert not page.locator(".gs-row").nth(4).is_visible()
    assert page.locator(".gs-row").nth(6).is_visible()
    assert page.locator(".gs-span").first.evaluate("span => span.open")


THEMES = {
    ("", "light"): "light",
    ("", "dark"): "dark",
    ('data-jp-theme-light="true"', "dark"): "light",
    ('data-jp-theme-light="false"', "light"): "dark",
    ('class="vscode-light"', "dark"): "light",
    ('class="vscode-dark"', "light"): "dark",
    ('class="vscode-high-contrast"', "light"): "dark",
    ('class="vscode-high-contrast vscode-high-contrast-light"', "dark"): "light",
}
"""The body's attributes and the system's setting, and the colours that they ask for."""

CONTRASTS = """
() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const luminance = colour => {
        canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        const part = value => (value /= 255) <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
        const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
        return .2126 * part(red) + .7152 * part(green) + .0722 * part(blue);
    };
    const view = document.querySelector('.genspan-traces');
    const ground = luminance(getComputedStyle(view).backgroundColor);
    const contrast = of => {
        const own = luminance(getComputedStyle(of).color);
        return (Math.max(own, ground) + .05) / (Math.min(own, ground) + .05);
    };
    const read = ['.gs-title', '.gs-fact', '.gs-time', '.gs-type', '.gs-status', '.gs-text', '.gs-key',
                  '.gs-literal', '.gs-state', '.gs-heading', '.gs-failure .gs-heading'];
    return [ground, Object.fromEntries(read.map(each => [each, contrast(view.querySelector(each))]))];
}
"""


def test_colours_follow_the_notebook_else_the_system_and_can_be_told_apart(visit: Callable[..., Any]) -> None:
    view = html_of([support_desk()])
    page = visit(page_of(support_desk())).page
    for (attributes, system), scheme in THEMES.items():
        page.emulate_media(color_scheme=system)
        page.set_content(PAGE.format(attributes, view))
        ground, contrasts = page.evaluate(CONTRASTS)
        assert (ground > 0.5) == (scheme == "light"), (attributes, system)
        low = {name: contrast for name, contrast in contrasts.items() if contrast < 4.5}
        assert low == {}, "WCAG 2.2, 1.4.3"


def test_a_server_is_linked_and_a_file_has_a_command(visit: Callable[..., Any]) -> None:
    page = visit(page_of(support_desk(), tracking_uri="https://user:secret@mlflow.example/base/?token=x")).page
    link = page.get_by_role("link", name="Open in MLflow UI")
    address = link.get_attribute("href")
    trace_id = support_desk().info.trace_id
    assert address == f"https://mlflow.example/base/#/experiments/7/traces?selectedEvaluationId={trace_id}"
    page = visit(page_of(support_desk())).page
    assert page.get_by_role("link").count() == 0
    page.get_by_text("About this trace").click()
    assert page.get_by_text("mlflow ui --backend-store-uri sqlite:////").is_visible()
