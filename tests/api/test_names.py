"""The names that `from genspan import mlflow` has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genspan import mlflow


def test_every_public_name_is_there() -> None:
    for name in mlflow.__all__:
        assert getattr(mlflow, name) is not None
    assert {"openai", "langchain", "trace"} <= set(dir(mlflow))


def test_what_is_not_tracing_says_where_it_is() -> None:
    with pytest.raises(AttributeError, match="import mlflow itself"):
        _ = mlflow.start_run  # type: ignore[attr-defined]


def test_importing_it_imports_next_to_nothing() -> None:
    program = "from genspan import mlflow; import sys; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_real_mlflow_is_never_imported() -> None:
    program = (
        "import sys\nfrom genspan import mlflow\n[getattr(mlflow, n) for n in mlflow.__all__]\n"
        "print([n for n in sys.modules if n.partition('.')[0] == 'mlflow'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
