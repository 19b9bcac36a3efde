"""A destination that is down for the whole run: the app does not notice."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest

from genspan.distro.demo.server import running
from support import app
from support.collector import collector
from support.ports import free_port

pytestmark = pytest.mark.slow

# Many more spans than the queue holds, so that it is full for most of the run where nobody takes them.
CALLS, QUEUE = 600, 100

STEADY = f"""
import json, re, time
import openai

client = openai.OpenAI()
taken = []
for n in range(1 + {CALLS}):
    began = time.perf_counter()
    client.embeddings.create(model="text-embedding-3-small", input="x" * 2000)
    taken.append(time.perf_counter() - began)
del taken[0]  # In the first, the client imports and connects.
taken.sort()
# Not ru_maxrss, which counts the parent's memory from before the start of this program.
(peak,) = re.findall(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())
print(json.dumps({{"tenth": taken[{CALLS // 10}], "longest": taken[-1], "memory": int(peak) / 1024}}))
"""


def steady(otlp: str, model: str, folder: Path) -> dict[str, Any]:
    """The most that the quickest tenth of the calls takes and the longest call, in seconds; and the peak memory in MiB.

    Other processes hold up the rest of the calls, as the machine has it.
    """
    given = {
        "OPENAI_BASE_URL": model,
        "OPENAI_API_KEY": "none",
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_MAX_QUEUE_SIZE": str(QUEUE),
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": str(QUEUE),
    }
    found: dict[str, Any] = json.loads(app.run(STEADY, folder, given).stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_collector_that_is_down_changes_neither_latency_nor_memory(tmp_path: Path) -> None:
    with collector() as up, running() as model:
        urls = up.url, f"http://127.0.0.1:{free_port()}"
        pairs = [tuple(steady(url, model.base_url, tmp_path) for url in urls) for _ in range(3)]
        assert up.spans
    ratio = {name: statistics.median(down[name] / well[name] for well, down in pairs) for name in ("tenth", "memory")}
    assert ratio["tenth"] < 1.3, pairs  # 1.0 on an idle machine
    assert statistics.median(down["longest"] for _, down in pairs) < 0.5, pairs  # An export would wait for 1 s.
    assert ratio["memory"] < 1.1, pairs
