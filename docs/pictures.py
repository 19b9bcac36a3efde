"""Takes the pictures of README and docs: the demo's traces (`make demo` first) in MLflow's own pages.

Run by `make pictures`. Needs Chromium, as the UI tests do.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from genspan.exporters.mlflow.reading import latest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.mlflow_ui import mlflow_server, traces_address, visitor  # noqa: E402

DEMO = HERE.parent / ".demo" / "mlflow.db"


def main() -> None:
    """Opens the demo's agent trace, and takes a picture of its first model call."""
    traces = (stored.trace for stored in latest(DEMO, 10))
    agent = next(trace for trace in traces if any(span.type == "AGENT" for span in trace.spans))
    model_call = next(span for span in agent.spans if span.type == "CHAT_MODEL")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(DEMO, folder))
        with mlflow_server(copy) as url, visitor() as page:
            page.set_viewport_size({"width": 1400, "height": 720})
            page.goto(traces_address(url, agent.trace_id))
            page.get_by_text(model_call.name).first.click()
            page.get_by_text("Tool calls").wait_for()
            page.get_by_text("tokens").first.wait_for()
            page.wait_for_timeout(500)  # until what slides in has slid
            page.screenshot(path=HERE / "mlflow-ui.png", clip={"x": 140, "y": 0, "width": 1260, "height": 720})


if __name__ == "__main__":
    main()
