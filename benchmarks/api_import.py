"""What `from genspan import mlflow` costs, next to `import mlflow` of the light package, mlflow-tracing.

    PYTHONPATH=tests python benchmarks/api_import.py

Both in one virtual environment that is made for it, in processes of their own that take turns; seconds of CPU, medians.
The second row is the first use: `@mlflow.trace` on a function, for which OpenTelemetry's SDK has to be imported; the
third a first span, for which it has to be set up.
"""

from __future__ import annotations

import statistics
import subprocess
from pathlib import Path

from support.environments import ROOT, interpreter

ROUNDS = 9
MLFLOW = "mlflow-tracing==3.17.2"

WORK = {
    "import": "",
    "decorate": "mlflow.trace(lambda: 1, name='f')",
    "first span": "mlflow.trace(lambda: 1, name='f')()",
}
IMPORTS = {"mlflow": "import mlflow", "genspan": "from genspan import mlflow"}

PROGRAM = "import time; began = time.process_time(); {imports}\n{work}\nprint(time.process_time() - began)"


def seconds(python: Path, imports: str, work: str, folder: str) -> float:
    """CPU seconds of one process."""
    done = subprocess.run(
        [python, "-c", PROGRAM.format(imports=imports, work=work)],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_MODEL_CATALOG_URI": "", "PATH": "", "HOME": folder},
    )
    return float(done.stdout)


def main() -> None:
    """Prints the table."""
    import tempfile

    python = interpreter("api-import", [MLFLOW, str(ROOT)])
    print(f"{'':12}{'mlflow':>10}{'genspan':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for work, code in WORK.items():
            taken: dict[str, list[float]] = {name: [] for name in IMPORTS}
            for _ in range(ROUNDS):
                for name, imports in IMPORTS.items():
                    taken[name].append(seconds(python, imports, code, folder))
            mlflow, genspan = (statistics.median(taken[name]) for name in ("mlflow", "genspan"))
            print(f"{work:12}{mlflow:10.3f}{genspan:10.3f}{genspan / mlflow:8.3f}")


if __name__ == "__main__":
    main()
