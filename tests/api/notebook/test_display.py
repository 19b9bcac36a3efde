import subprocess
import sys
from pathlib import Path

import pytest

from support.notebook_html import Parsed

SETUP = """
from genspan import mlflow

@mlflow.trace(span_type="TOOL")
def add(a, b=1):
    return a + b

@mlflow.trace
def work(a):
    return add(a)
"""


@pytest.fixture
def cells(kernel):
    kernel.run(SETUP)
    return kernel


@pytest.mark.slow
class TestKernel:
    def test_a_trace_is_shown_under_its_cell_once_after_what_the_cell_printed(self, cells) -> None:
        cell = cells.run("print('result', work(41))")
        assert cell.text == "result 42\n"
        (html,) = cell.html
        shown = Parsed(html)
        rows = [row for row in shown.all("summary") if row.get("class") == "gs-row"]
        assert [row["data-type"] for row in rows] == ["UNKNOWN", "TOOL"]
        assert "work" in shown.text
        assert "a: 41" in shown.text
        assert cells.run("1 + 1").html == []

    def test_a_cell_that_fails_shows_its_trace_too(self, cells) -> None:
        code = "try:\n    work('x')\nexcept TypeError:\n    pass"
        (html,) = cells.run(code).html
        assert "ERROR" in Parsed(html).text
        assert "TypeError" in Parsed(html).text

    def test_ordinary_opentelemetry_spans_make_a_trace_too(self, cells) -> None:
        code = (
            "from opentelemetry import trace\nwith trace.get_tracer('app').start_as_current_span('outer'):\n    add(1)"
        )
        (html,) = cells.run(code).html
        assert "outer" in Parsed(html).text

    def test_a_result_that_is_the_trace_is_not_shown_twice(self, cells) -> None:
        cell = cells.run("work(1)\nmlflow.get_trace(mlflow.get_last_active_trace_id(), flush=True)")
        assert len(cell.html) == 1

    def test_of_many_traces_the_first_are_shown_and_the_others_counted(self, cells) -> None:
        (html,) = cells.run("for a in range(12): work(a)").html
        shown = Parsed(html)
        assert [row["class"] for row in shown.all("details")].count("gs-trace") == 10
        assert "… 2 more traces" in shown.text
        (html,) = cells.run(
            "import os\nos.environ['MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK'] = '1'\nfor a in range(3): work(a)"
        ).html
        assert "… 2 more traces" in Parsed(html).text
        assert cells.run("os.environ['MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK'] = '0'\nwork(1);").html == []
        cells.run("del os.environ['MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK']")

    def test_switched_off_nothing_is_shown_until_switched_on(self, cells) -> None:
        cells.run("mlflow.tracing.disable_notebook_display()")
        assert cells.run("work(1);").html == []
        last = "mlflow.get_trace(mlflow.get_last_active_trace_id(), flush=True)"
        assert cells.run(last).html == []
        cells.run("mlflow.tracing.enable_notebook_display()")
        assert len(cells.run("work(1);").html) == 1
        assert len(cells.run(last).html) == 1
        assert cells.run("work(1)\nmlflow.tracing.disable_notebook_display()").html == []
        assert cells.run("mlflow.tracing.enable_notebook_display()").html == []

    def test_a_task_that_ends_after_its_cell_shows_its_trace_there(self, cells) -> None:
        first = cells.run(
            "import asyncio\nasync def later():\n    await gate.wait()\n    return work(1)\n"
            "gate = asyncio.Event()\ntask = asyncio.create_task(later())"
        )
        assert first.html == []
        second = cells.run("gate.set()\nwork(2);\nawait task;")
        cells.wait_for(lambda: first.html != [])
        assert "work" in Parsed(first.html[0]).text
        assert len(second.html) == 1

    def test_a_trace_that_cannot_be_read_is_not_shown_and_the_cell_goes_on(self, cells) -> None:
        cell = cells.run(
            "from genspan.mlflow.notebook import display\n"
            "display.trace_ended('tr-1', lambda: 1 / 0)\ndisplay.trace_ended('tr-2', lambda: None)\nwork(5);"
        )
        assert len(cell.html) == 1
        assert cell.text == ""

    def test_a_slow_store_does_not_hold_up_the_notebook_for_every_trace(self, cells) -> None:
        cell = cells.run(
            "import time\nfrom genspan.mlflow.notebook import display\ndisplay._PATIENCE = 0.2\nread = []\n"
            "def slow(name):\n    read.append(name)\n    time.sleep(0.3)\n    return made\n"
            "mlflow.flush_trace_async_logging()\nmade = mlflow.search_traces(max_results=1, return_type='list')[0]\n"
            "for name in 'abc': display.trace_ended(name, lambda name=name: slow(name))"
        )
        (html,) = cell.html
        assert "… 2 more traces" in Parsed(html).text
        assert cells.run("print(read)\ndisplay._PATIENCE = 5.0").text == "['a']\n"

    def test_traces_read_back_are_shown_on_request(self, cells) -> None:
        cell = cells.run(
            "from genspan.mlflow.notebook import display\nmlflow.flush_trace_async_logging()\n"
            "display.show(mlflow.search_traces(max_results=2, return_type='list'))"
        )
        (html,) = cell.html
        assert [row["class"] for row in Parsed(html).all("details")].count("gs-trace") == 2


@pytest.mark.parametrize("before", ["", "import IPython"], ids=["without IPython", "with IPython that does not run"])
def test_outside_a_notebook_nothing_is_loaded_or_shown(before: str, tmp_path: Path) -> None:
    code = f"{before}\n{SETUP}\nimport sys\nwork(1)\nmlflow.flush_trace_async_logging()\n" + (
        "print('IPython' in sys.modules, 'genspan.mlflow.notebook.view' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == f"{bool(before)} False\n"
