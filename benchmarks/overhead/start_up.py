"""What instrumenting adds to the start of an app, in fresh processes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from .contenders import CONTENDERS, instrumenting
from .driver import ROOT, environ, interpreter

Json = dict[str, Any]

STARTS: Final[Mapping[str, str]] = {
    "openai": "import openai",
    "openai and the SDK": "import openai, opentelemetry.sdk.trace.export; "
    "import opentelemetry.exporter.otlp.proto.http.trace_exporter",
}
"""What is imported before. OpenTelemetry's SDK is there in an app that is traced in any way."""

_PROGRAM: Final = """
import json, sys, time
{before}
loaded, wall, cpu = set(sys.modules), time.perf_counter(), time.process_time()
{then}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
packages = sorted({{name.partition(".")[0] for name in set(sys.modules) - loaded}} - set(sys.stdlib_module_names))
print(json.dumps({{"wall": wall * 1000, "cpu": cpu * 1000, "packages": packages}}))
"""


def milliseconds(contender: str, before: str) -> Json:
    """Of one start, `wall` and `cpu`; and the packages that are imported by it which were not before."""
    return _run(contender, STARTS[before], CONTENDERS[contender].start)


def imported_first() -> list[str]:
    """The packages that genspan imports where it instruments everything before the app has imported any of it."""
    everything = [CONTENDERS["genspan"].start, instrumenting("genspan.instrumentation.langchain:LangChainInstrumentor")]
    packages: list[str] = _run("genspan", "", "; ".join(everything))["packages"]
    return packages


def _run(contender: str, before: str, then: str) -> Json:
    done = subprocess.run(
        [interpreter(contender), "-c", _PROGRAM.format(before=before, then=then)],
        cwd=ROOT,
        env=environ(contender),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]
