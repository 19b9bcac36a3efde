"""An app that is killed: what was exported before is there, the file is sound, the next run goes on."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest

from support import app, mlflow_file

ENDLESS = """
import itertools, sys
from opentelemetry import trace

tracer = trace.get_tracer("endless")
provider = trace.get_tracer_provider()
for n in itertools.count():
    with tracer.start_as_current_span(f"invoke_workflow {n}", attributes={"gen_ai.operation.name": "invoke_workflow"}):
        for step in range(4):
            with tracer.start_as_current_span("a step", attributes={"text": "x" * 2000}):
                pass
    if n % 25 == 24:
        provider.force_flush()
        print(n + 1, flush=True)
"""


@pytest.mark.slow
def test_killed_over_and_over(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    flushed = 0
    for kills in range(1, 6):
        with app.start(ENDLESS, tmp_path, {"OTEL_BSP_SCHEDULE_DELAY": "5"}) as process:
            assert process.stdout is not None
            said = [int(process.stdout.readline()) for _ in range(3 + kills)]
            process.send_signal(signal.SIGKILL)
            rest, err = process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert err == ""
        flushed += max([*said, *map(int, rest.split())])
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            (stored,) = connection.execute("SELECT count(*) FROM trace_info").fetchone()
        assert stored >= flushed

    run = app.run(ENDLESS.replace("itertools.count()", "range(25)"), tmp_path)
    assert (run.stdout, run.stderr) == ("25\n", "")
    newest = mlflow_file.traces(file)[:25]
    assert [len(trace.data.spans) for trace in newest] == [5] * 25
    assert {trace.info.state for trace in newest} == {"OK"}
