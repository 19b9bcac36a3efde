"""MLflow's tracing API on OpenTelemetry: `from genspan import mlflow` in place of `import mlflow`.

```python
from genspan import mlflow

mlflow.set_experiment("support")
mlflow.openai.autolog()

@mlflow.trace
def answer(question: str) -> str: ...
```

Names, arguments and results are those of MLflow 3.17's tracing; the `mlflow` package is not needed and never imported.
Spans are ordinary OpenTelemetry spans: of the same traces as those of any other tracer, and sent wherever the tracer
provider sends them. Nothing is set up before the first of these functions is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from . import client, entities, exceptions, tracing, tracking
    from .assessments import (
        delete_assessment,
        get_assessment,
        log_assessment,
        log_expectation,
        log_feedback,
        override_feedback,
        update_assessment,
    )
    from .client import MlflowClient
    from .exceptions import MlflowException
    from .flavors import autolog
    from .reading import delete_trace_tag, get_trace, search_sessions, search_traces, set_trace_tag
    from .settings import (
        create_experiment,
        get_experiment,
        get_experiment_by_name,
        is_tracking_uri_set,
        set_experiment,
        set_tracking_uri,
    )
    from .settings import tracking_uri as get_tracking_uri
    from .tracing.decorator import trace
    from .tracing.fluent import (
        get_active_trace_id,
        get_current_active_span,
        start_span,
        start_span_no_context,
        update_current_trace,
    )
    from .tracing.merging import add_trace, log_trace
    from .tracing.processor import last_trace_id as get_last_active_trace_id
    from .tracing.provider import flush_trace_async_logging

__all__ = [
    "MlflowClient",
    "MlflowException",
    "add_trace",
    "autolog",
    "client",
    "create_experiment",
    "delete_assessment",
    "delete_trace_tag",
    "entities",
    "exceptions",
    "flush_trace_async_logging",
    "get_active_trace_id",
    "get_assessment",
    "get_current_active_span",
    "get_experiment",
    "get_experiment_by_name",
    "get_last_active_trace_id",
    "get_trace",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "log_assessment",
    "log_expectation",
    "log_feedback",
    "log_trace",
    "override_feedback",
    "search_sessions",
    "search_traces",
    "set_experiment",
    "set_trace_tag",
    "set_tracking_uri",
    "start_span",
    "start_span_no_context",
    "trace",
    "tracing",
    "tracking",
    "update_assessment",
    "update_current_trace",
]

_MODULES: Final = frozenset(
    {
        "assessments",
        "client",
        "entities",
        "exceptions",
        "flavors",
        "notebook",
        "reading",
        "settings",
        "store",
        "tracing",
        "tracking",
    }
)

_WHERE: Final = {
    **dict.fromkeys(
        (
            "delete_assessment",
            "get_assessment",
            "log_assessment",
            "log_expectation",
            "log_feedback",
            "override_feedback",
            "update_assessment",
        ),
        "assessments",
    ),
    "autolog": "flavors",
    "MlflowClient": "client",
    "MlflowException": "exceptions",
    **dict.fromkeys(
        ("delete_trace_tag", "get_trace", "search_sessions", "search_traces", "set_trace_tag"),
        "reading",
    ),
    **dict.fromkeys(
        (
            "create_experiment",
            "get_experiment",
            "get_experiment_by_name",
            "is_tracking_uri_set",
            "set_experiment",
            "set_tracking_uri",
        ),
        "settings",
    ),
    "trace": "tracing.decorator",
    **dict.fromkeys(
        (
            "get_active_trace_id",
            "get_current_active_span",
            "start_span",
            "start_span_no_context",
            "update_current_trace",
        ),
        "tracing.fluent",
    ),
    "add_trace": "tracing.merging",
    "log_trace": "tracing.merging",
    "flush_trace_async_logging": "tracing.provider",
}
"""The module of each name, loaded when the name is first used: importing this package costs next to nothing."""

_OTHERS: Final = {
    "get_last_active_trace_id": ("tracing.processor", "last_trace_id"),
    "get_tracking_uri": ("settings", "tracking_uri"),
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    module, here = _OTHERS.get(name) or (_WHERE.get(name), name)
    if module is not None:
        value = getattr(import_module(f".{module}", __name__), here)
        globals()[name] = value
        return value
    if not name.startswith("_"):
        flavors = import_module(".flavors", __name__)
        if name in flavors.FLAVORS or name in flavors.flavors():
            value = globals()[name] = flavors.Flavor(name)
            return value
    raise AttributeError(
        f"genspan.mlflow has no {name!r}: it is MLflow's tracing API. For runs, models and the rest, import mlflow "
        "itself, beside this"  # Python may add what it takes to be meant, after a full stop.
    )


def __dir__() -> list[str]:
    flavors = import_module(".flavors", __name__)
    return sorted({*__all__, *flavors.flavors()})
