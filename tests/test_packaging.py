"""The wheel: what a user gets from `pip install genspan`."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
APP = """
from openai import OpenAI
from genspan.distro.demo.server import running

with running() as server:
    OpenAI(base_url=server.base_url, api_key="test").chat.completions.create(
        model="some-model", messages=[{"role": "user", "content": "Hello?"}]
    )
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], check=True, timeout=300)
    (built,) = folder.glob("genspan-*.whl")
    return built


@pytest.mark.slow
def test_wheel_is_pure_and_whole(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "genspan/__init__.py" not in names
    roots = [ROOT / folder for folder in ("semconv", "instrumentation", "exporters", "distro", "api")]
    source = {
        str(path.relative_to(root))
        for root in roots
        for path in (root / "genspan").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    # The demo's app is one of the examples.
    source.add("genspan/distro/demo/agent.py")
    assert {name for name in names if name.startswith("genspan/")} == source
    typed = {f"genspan/{package}/py.typed" for package in (*(root.name for root in roots[:-1]), "mlflow")}
    assert typed <= names


@pytest.mark.slow
def test_wheel_in_an_environment_of_its_own_traces_an_app(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, environment], check=True, timeout=120)
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", environment / "bin" / "python", "--no-build", wheel, "openai"],
        check=True,
        timeout=300,
    )
    app = tmp_path / "app.py"
    app.write_text(APP)
    ran = subprocess.run(
        [environment / "bin" / "opentelemetry-instrument", environment / "bin" / "python", app],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("", "")
    assert (tmp_path / "mlflow.db").stat().st_size > 0
    missing = subprocess.run(
        [environment / "bin" / "genspan", "show"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert missing.returncode != 0
    assert "pip install 'genspan[cli]'" in missing.stderr
