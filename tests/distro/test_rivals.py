"""Instrumentors of other vendors for libraries that ours cover."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from genspan.distro.rivals import distribution, rivals

GROUP = "opentelemetry_instrumentor"


def point(name: str, module: str) -> EntryPoint:
    return EntryPoint(name, f"{module}:Instrumentor", GROUP)


OURS = [point("genspan_openai", "genspan.instrumentation.openai"), point("genspan_langchain", "genspan.x")]
UPSTREAM = point("openai", "opentelemetry.instrumentation.genai.openai")
OPENINFERENCE = point("openai", "openinference.instrumentation.openai")
AWS = point("aws_langchain", "amazon.opentelemetry.distro.langchain")
OTHERS = [point("openai_agents", "openinference.agents"), point("requests", "opentelemetry.instrumentation.requests")]
ALL = [UPSTREAM, *OURS, OPENINFERENCE, AWS, *OTHERS]


def test_the_same_library_under_any_vendors_name() -> None:
    assert rivals(ALL, ()) == {"genspan_openai": (UPSTREAM, OPENINFERENCE), "genspan_langchain": (AWS,)}


def test_nobody_is_a_rival_of_one_that_is_off() -> None:
    assert rivals(ALL, {"genspan_openai"}) == {"genspan_langchain": (AWS,)}


def test_one_that_is_off_is_no_rival() -> None:
    assert rivals(ALL, {"openai"}) == {"genspan_langchain": (AWS,)}


def test_all_off() -> None:
    assert rivals(ALL, {"*"}) == {}


def test_alone() -> None:
    assert rivals([*OURS, *OTHERS], ()) == {}


def test_an_entry_point_without_a_distribution_goes_by_its_module() -> None:
    assert distribution(UPSTREAM) == "opentelemetry.instrumentation.genai.openai"
