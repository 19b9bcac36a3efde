"""What is compared: the spans written by hand, genspan, and the instrumentations of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .recordings import MODES, Record, by_hand, genspan, instrumented, logfire, mlflow


@dataclass(frozen=True)
class Contender:
    """One way to record. Runs in a process of its own."""

    title: str
    recording: Record
    start: str = ""
    """What a program writes to have the OpenAI SDK instrumented."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Those of its environment, beside SHARED, with their versions. None: it runs in the repository's own."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Library to the reason why it is not measured there."""
    modes: Sequence[str] = ("content",)
    exports: Sequence[str] = ()
    """Where it exports to where that is measured: `mlflow`, `otlp`."""
    export_threads: tuple[str, ...] = ("OtelBatchSpan",)
    """What the names of the threads that export start with."""
    stays: bool = False
    """Its `uninstrument` does not undo all. Bare calls are then measured in a process beside it."""
    fewer: int = 1
    """Work is done so many times less often: for a contender that takes very long."""
    counts: bool = True
    """Whether its spans can be counted."""
    overrides: Sequence[str] = ()
    """Requirements that stand whatever the packages ask for."""
    environ: Mapping[str, str] = field(default_factory=dict)


SHARED: Final = (
    "openai",
    "httpx2",
    "pydantic",
    "langchain",
    "langchain-core",
    "langchain-openai",
    "langgraph",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation",
    "opentelemetry-exporter-otlp-proto-http",
    "wrapt",
)
"""Packages that are the same in every environment: in the version that the repository's own has."""


def _otel(title: str, openai: str, langchain: str, stays: bool = False, **more: Any) -> Contender:
    """One with instrumentors of OpenTelemetry's kind, each found at `module:class`."""
    recording = instrumented({"openai": openai, "langchain": langchain}, stays)
    return Contender(title, recording, start=instrumenting(openai), stays=stays, **more)


def instrumenting(found: str) -> str:
    """What a program writes to switch an instrumentor on that is found at `module:class`."""
    module, _, name = found.partition(":")
    return f"from {module} import {name}; {name}().instrument()"


_OTEL: Final = "opentelemetry.instrumentation"

CONTENDERS: Final[dict[str, Contender]] = {
    "hand-written": Contender("by hand", by_hand, modes=[mode for mode in MODES if mode != "suppressed"]),
    "genspan": Contender(
        "genspan",
        genspan,
        start=instrumenting("genspan.instrumentation.openai:OpenAIInstrumentor"),
        modes=tuple(MODES),
        exports=("mlflow", "otlp"),
    ),
    "upstream": _otel(
        "upstream",
        f"{_OTEL}.genai.openai:OpenAIInstrumentor",
        f"{_OTEL}.genai.langchain:LangChainInstrumentor",
        packages={
            "opentelemetry-instrumentation-genai-openai": "1.3b0",
            "opentelemetry-instrumentation-genai-langchain": "1.3b0",
        },
        exports=("otlp",),
        environ={
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        },
    ),
    "openinference": _otel(
        "OpenInference",
        "openinference.instrumentation.openai:OpenAIInstrumentor",
        "openinference.instrumentation.langchain:LangChainInstrumentor",
        packages={
            "openinference-instrumentation-openai": "0.1.66",
            "openinference-instrumentation-langchain": "0.1.80",
        },
    ),
    "openllmetry": _otel(
        "OpenLLMetry",
        f"{_OTEL}.openai:OpenAIInstrumentor",
        f"{_OTEL}.langchain:LangchainInstrumentor",
        stays=True,
        packages={
            "opentelemetry-instrumentation-openai": "0.62.4",
            "opentelemetry-instrumentation-langchain": "0.62.4",
        },
    ),
    "logfire": Contender(
        "Logfire",
        logfire,
        start="import logfire; logfire.configure(send_to_logfire=False, console=False); logfire.instrument_openai()",
        packages={"logfire": "5.4.0"},
        missing={"langchain": "has none for LangChain"},
        # It asks for certificates that not every index has; nothing is encrypted here.
        overrides=("certifi==2026.10.18",),
    ),
    "mlflow": Contender(
        "MLflow",
        mlflow,
        start="import mlflow; mlflow.openai.autolog()",
        exports=("mlflow",),
        export_threads=("MLflow", "Mlflow"),
        fewer=10,
        counts=False,
        environ={"MLFLOW_MODEL_CATALOG_URI": "", "MLFLOW_DISABLE_TELEMETRY": "true"},
    ),
}
