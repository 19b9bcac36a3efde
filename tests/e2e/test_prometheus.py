"""Metrics as Prometheus reads them: the exporter's HTTP endpoint, and a real Prometheus that scrapes it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import app, every_operation
from support import prometheus as backend
from support.collector import Collector, collector
from support.ports import free_port

pytest.importorskip("opentelemetry.exporter.prometheus")
from prometheus_client.parser import text_string_to_metric_families

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
# The endpoint is there until the program ends.
WAITS = f"{every_operation.SOURCE}\nprint('done', flush=True)\nimport sys\nsys.stdin.read()\n"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@contextmanager
def running(folder: Path, given: dict[str, str]) -> Iterator[int]:
    """The port of a program that has called every operation, and waits until the block is over."""
    port = free_port()
    with every_operation.answering() as environment:
        prometheus = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(port), **environment, **given}
        with app.start(WAITS, folder, prometheus, stdin=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            try:
                assert process.stdout.readline() == "done\n", process.communicate()
                yield port
            finally:
                process.stdin.close()
            assert process.wait(30) == 0


def scraped(text: str) -> Samples:
    """What an endpoint says of our metrics, by name and labels; without the empty ones, which mean none."""
    return {
        (sample.name, labelled(sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("gen_ai_") and sample.labels["otel_scope_name"] == "genspan.instrumentation"
    }


def labelled(labels: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Labels that say something of the call."""
    return frozenset((name, str(value)) for name, value in labels.items() if value != "" and "otel_scope" not in name)


def pushed(otlp: Collector) -> Samples:
    """What a collector was sent, under Prometheus' names."""
    found: Samples = {}
    for metric in otlp.metrics:
        name = metric.name.replace(".", "_") + ("_seconds" if metric.unit == "s" else "")
        for point in metric.data.data_points:
            labels = {key.replace(".", "_"): value for key, value in (point.attributes or {}).items()}
            if not hasattr(point, "bucket_counts"):
                found[f"{name}_total", labelled(labels)] = point.value
                continue
            found[f"{name}_sum", labelled(labels)] = point.sum
            found[f"{name}_count", labelled(labels)] = point.count
            bounds = [*point.explicit_bounds, math.inf]
            for place, bound in enumerate(bounds, 1):
                below = labelled({**labels, "le": "+Inf" if bound == math.inf else bound})
                found[f"{name}_bucket", below] = sum(point.bucket_counts[:place])
    return found


def comparable(samples: Samples) -> Samples:
    """Bounds as numbers: `1` and `1.0` are one."""
    return {
        (name, frozenset((key, str(float(value)) if key == "le" else value) for key, value in labels)): value
        for (name, labels), value in samples.items()
    }


def test_the_endpoint_says_what_a_collector_is_sent(tmp_path: Path) -> None:
    with collector() as otlp:
        both = {"OTEL_METRICS_EXPORTER": "prometheus,otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url}
        with running(tmp_path, both) as port:
            text = httpx.get(f"http://localhost:{port}/metrics", trust_env=False, verify=False).text
    told = comparable(scraped(text))
    assert len(told) > 500
    assert told == pytest.approx(comparable(pushed(otlp)))
    assert "# HELP gen_ai_client_operation_duration_seconds GenAI operation duration." in text


@pytest.mark.slow
@pytest.mark.skipif(backend.program() is None, reason="there is no Prometheus: see tests/prometheus.sh")
def test_a_prometheus_that_scrapes_it_answers_the_pages_queries(tmp_path: Path) -> None:
    (configuration,) = re.findall(r"^```yaml\n(scrape_configs:.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (queries,) = re.findall(r"^```promql\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    with running(tmp_path, {"OTEL_METRICS_EXPORTER": "prometheus"}) as port:
        often = "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
        with backend.prometheus(often + configuration.replace("9464", str(port)), tmp_path) as server:
            (calls,) = server.ask('sum(gen_ai_client_inference_duration_seconds_count{job="shop"})')
            assert calls[1] == 14
            tokens = server.ask(
                "sum by (gen_ai_token_modality) "
                '(gen_ai_client_inference_usage_input_tokens_total{gen_ai_request_model="gpt-image-1"})'
            )
            assert {labels["gen_ai_token_modality"]: count for labels, count in tokens} == {"text": 20, "image": 80}
            # The numbers do not grow between two scrapes, but every query of the page is one, and finds its series.
            answers = [server.ask(query) for query in queries.splitlines()]
    models = {labels["gen_ai_request_model"] for labels, _ in answers[0]}
    assert {"gpt-5.4-mini", "gpt-image-1", "gpt-3.5-turbo-instruct"} <= models
    assert len(answers) == 3
    assert all(answers)
