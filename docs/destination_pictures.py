"""Takes the pictures of mlflow-destinations.md: the same spans in one MLflow, sent without genspan and with it.

Run by `make pictures`. Without: OpenTelemetry's own OTLP exporter, to `/v1/traces` of the server.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from PIL import Image

from genspan.exporters.mlflow import MlflowSpanExporter

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.conversation import record  # noqa: E402
from support.mlflow_ui import mlflow_server, traces_address, visitor  # noqa: E402

Look = Callable[[Any, str, str, str], None]
"""Goes to a page: given the browser's, the server's address, the experiment's and the trace's id."""

WIDTH, HEIGHT = 1080, 720
COLORS = 64
"""In a picture's palette: pages of text need no more, and take a third of the bytes."""


def main() -> None:
    """Takes all of them, or those that are named."""
    with tempfile.TemporaryDirectory() as folder, visitor() as page:
        os.environ["GENSPAN_OUTBOX_DIR"] = f"{folder}/outbox"
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        with mlflow_server(Path(folder) / "mlflow.db") as url:
            trace_ids = sent_both_ways(url)
            for name in sys.argv[1:] or LOOKS:
                both = [shot(page, url, *trace, LOOKS[name]) for trace in trace_ids.items()]
                beside(page, both, HERE / f"destination-{name}.png")


def sent_both_ways(url: str) -> dict[str, str]:
    """Records the conversation twice, sends it both ways, and gives the trace's id by that of the experiment."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "travel"}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace_ids = {}
    exporters: list[tuple[str, Callable[[str], SpanExporter]]] = [
        ("native OTLP", lambda id: OTLPSpanExporter(f"{url}/v1/traces", headers={"x-mlflow-experiment-id": id})),
        ("genspan", lambda id: MlflowSpanExporter(url, experiment_id=id)),
    ]
    for name, exporter in exporters:
        memory.clear()
        experiment = made(url, name)
        trace_ids[experiment] = record(provider.get_tracer("recorded by hand"))
        opened = exporter(experiment)
        opened.export(memory.get_finished_spans())
        opened.shutdown()
    return trace_ids


def made(url: str, experiment: str) -> str:
    """A new experiment's id."""
    from mlflow import MlflowClient

    id: str = MlflowClient(tracking_uri=url).create_experiment(experiment)
    return id


def shot(page: Any, url: str, experiment: str, trace_id: str, look: Look) -> bytes:
    """A picture of what is looked at, of the trace in one of the experiments."""
    page.goto("about:blank")
    look(page, url, experiment, trace_id)
    page.wait_for_timeout(1500)  # until what slides in has slid
    picture: bytes = page.screenshot()
    return picture


def span_named(name: str) -> Look:
    """Looks at a span of the trace."""

    def look(page: Any, url: str, experiment: str, trace_id: str) -> None:
        page.goto(traces_address(url, trace_id, experiment))
        page.get_by_text(name, exact=True).first.click()
        page.get_by_role("tab", name="Attributes").wait_for()

    return look


def traces(page: Any, url: str, experiment: str, trace_id: str) -> None:
    """Looks at the list of traces."""
    page.goto(traces_address(url, None, experiment))
    page.get_by_text("Is Paris nice").first.wait_for()


def sessions(page: Any, url: str, experiment: str, trace_id: str) -> None:
    """Looks at the conversation that the trace belongs to."""
    page.goto(f"{url}/#/experiments/{experiment}/chat-sessions/conversation-7")
    page.get_by_text("It is sunny in Paris").first.wait_for()


LOOKS: dict[str, Look] = {
    "traces": traces,
    "chat": span_named("chat gpt-4o"),
    "documents": span_named("retrieval guides"),
    "session": sessions,
}


def beside(page: Any, pictures: list[bytes], file: Path) -> None:
    """Puts two pictures beside each other, with what they are above them, in few bytes."""
    columns = "".join(
        f'<figure><figcaption>{caption}</figcaption><img src="data:image/png;base64,'
        f'{base64.b64encode(picture).decode()}"></figure>'
        for caption, picture in zip(("sent to MLflow's /v1/traces", "sent by genspan"), pictures, strict=True)
    )
    page.set_content(
        "<style>body{margin:0;display:flex;gap:12px;background:#ddd;width:max-content}figure{margin:0}"
        "img{display:block}figcaption{font:600 20px sans-serif;padding:10px}</style>" + columns
    )
    with Image.open(io.BytesIO(page.locator("body").screenshot())) as whole:
        whole.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
