"""The page that sets genspan beside upstream says what both do now."""

from __future__ import annotations

from typing import Any

import pytest

from compared import openai_table
from support.environments import Unavailable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs() -> Any:
    try:
        return openai_table.observe()
    except Unavailable as error:
        pytest.skip(f"the packages to compare with cannot be installed: {error}")


def test_committed_page_is_what_the_script_writes(runs: Any) -> None:
    committed = openai_table.PAGE.read_text()
    assert openai_table.page(runs) == committed, "write it anew: make compared"


def test_app_and_server_cannot_tell(runs: Any) -> None:
    told = [(run["heading"], run["scenario"], run["way"], run["app"], run["request"]) for run in runs["genspan"]]
    assert [run for run in told if run[3:] != (None, None)] == []


def test_every_span_ends(runs: Any) -> None:
    assert [run["scenario"] for run in runs["genspan"] if run["open"]] == []
