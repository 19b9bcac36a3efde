"""`docs/otlp.md`: what arrives at a backend's address with the variables of its section, and the collector's file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from genspan.distro.demo.server import running
from support import app
from support.collector import collector

TEXT = (Path(__file__).parents[2] / "docs" / "otlp.md").read_text()
_, *_PARTS = re.split(r"^##? (.+)$", TEXT, flags=re.MULTILINE)
SECTIONS = dict(zip(_PARTS[::2], _PARTS[1::2], strict=True))
"""By title."""

PROGRAM = """
import openai

ASK = {"messages": [{"role": "user", "content": "Hello"}]}
openai.OpenAI().chat.completions.create(model="gpt-5.4-mini", **ASK)
try:
    openai.OpenAI(base_url="http://127.0.0.1:1", max_retries=0).chat.completions.create(model="m", **ASK)
except openai.APIConnectionError:
    pass
"""

EVERYTHING = {"/v1/traces", "/v1/metrics", "/v1/logs"}
ARRIVES = {
    "OTLP: Jaeger, Phoenix, collectors, Prometheus, Grafana": EVERYTHING,
    "Jaeger": {"/v1/traces"},
    "Arize Phoenix": {"/v1/traces"},
    "A collector": EVERYTHING,
    "Prometheus": {"/api/v1/otlp/v1/metrics"},
    "Grafana": EVERYTHING,
}


def variables(section: str) -> list[dict[str, str]]:
    """The variables that each block of a section sets, where its backend is on this machine."""
    blocks = re.findall(r"^```sh\n(.*?)^```", SECTIONS[section], re.DOTALL | re.MULTILINE)
    found = [dict(re.findall(r"^export (\w+)=(\S+)", block, re.MULTILINE)) for block in blocks]
    return [given for given in found if any("//localhost:" in value for value in given.values())]


def test_every_section_that_sets_variables_is_known() -> None:
    assert {section for section in SECTIONS if variables(section)} == ARRIVES.keys()


@pytest.mark.parametrize("section", ARRIVES)
def test_what_arrives(section: str, tmp_path: Path) -> None:
    (given,) = variables(section)
    with collector() as backend, running() as model:
        here = {name: re.sub(r"http://localhost:\d+", backend.url, value) for name, value in given.items()}
        run = app.run(PROGRAM, tmp_path, {**here, "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"})
    assert run.stderr == ""
    assert set(backend.requests) == ARRIVES[section]
    assert (tmp_path / "mlflow.db").exists()


# Components of the contrib distribution, by kind, as its documentation has them.
COMPONENTS = {"receivers": {"otlp"}, "exporters": {"otlp_http", "prometheusremotewrite"}}


def test_the_collectors_file_is_one() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", SECTIONS["A collector"], re.DOTALL | re.MULTILINE)
    configuration: dict[str, Any] = yaml.safe_load(text)
    service = configuration.pop("service")
    assert configuration.keys() == COMPONENTS.keys()
    for kind, components in configuration.items():
        assert {name.partition("/")[0] for name in components} == COMPONENTS[kind]
        used = {name for pipeline in service["pipelines"].values() for name in pipeline[kind]}
        assert used == components.keys()
    assert service["pipelines"].keys() == {"traces", "logs", "metrics"}
    assert "prometheusremotewrite" not in {*service["pipelines"]["traces"]["exporters"]}
    protocols = configuration["receivers"]["otlp"]["protocols"]
    assert {name: each["endpoint"].rpartition(":")[2] for name, each in protocols.items()} == {
        "http": "4318",
        "grpc": "4317",
    }
