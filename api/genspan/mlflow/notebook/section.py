"""Headed and folded parts of a span's pane."""

from __future__ import annotations

from genspan.mlflow.notebook.markup import Markup, element


def section(title: str, *content: Markup) -> Markup:
    """A part that is always open."""
    return element("section", heading(title), *content)


def heading(title: str) -> Markup:
    """Not an `h4`, which Jupyter would list in the notebook's table of contents."""
    return element("p", element("b", title), class_="gs-heading", role="heading", aria_level="4")


def folded(title: str, *content: Markup, class_: str = "gs-section") -> Markup:
    """A part that is closed at first."""
    return element("details", element("summary", title), *content, class_=class_)
