"""`@mlflow.trace`: what the function does is as it was, and every call is a span."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import trace as otel
from opentelemetry.trace import StatusCode

from genspan import mlflow
from genspan.mlflow.entities import Link, SpanType
from genspan.semconv.encoding import decode
from support.mlflow_api import Tracing


def content(span: Any, name: str) -> Any:
    return decode(span.attributes[f"mlflow.span{name}"])


def test_records_arguments_and_result(tracing_to: Tracing) -> None:
    @mlflow.trace
    def add(x: int, y: int = 2, *rest: int, **more: int) -> int:
        """Adds."""
        return x + y

    assert add(1, z=3) == 3
    span = tracing_to.spans["add"]
    assert content(span, "Inputs") == {"x": 1, "y": 2, "rest": [], "more": {"z": 3}}
    assert content(span, "Outputs") == 3
    assert span.attributes["mlflow.spanFunctionName"] == "add"
    assert span.status.status_code is StatusCode.OK
    assert add.__doc__ == "Adds."
    assert list(inspect.signature(add).parameters) == ["x", "y", "rest", "more"]


def test_takes_what_the_decorator_says(tracing_to: Tracing) -> None:
    link = Link("tr-" + "1" * 32, "2" * 16, {"why": "before"})

    @mlflow.trace(
        name="sum",
        span_type=SpanType.TOOL,
        attributes={"unit": "m", "more": {"a": [1]}},
        links=[link],
        description="adds",
    )
    def add(x: int, y: int) -> int:
        return x + y

    add(1, 2)
    span = tracing_to.spans["sum"]
    assert span.attributes["mlflow.spanType"] == "TOOL"
    assert span.attributes["unit"] == "m"
    assert decode(span.attributes["more"]) == {"a": [1]}
    assert span.attributes["mlflow.spanDescription"] == "adds"
    assert f"{span.links[0].context.trace_id:032x}" == "1" * 32


def test_a_link_that_names_no_span_is_left_out(tracing_to: Tracing, caplog: pytest.LogCaptureFixture) -> None:
    assert mlflow.trace(lambda: 1, name="f", links=[Link("nonsense", "", None)])() == 1
    assert not tracing_to.spans["f"].links
    assert "nonsense" in caplog.text


def test_an_exception_is_the_callers(tracing_to: Tracing) -> None:
    error = ValueError("no")

    @mlflow.trace
    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="no") as raised:
        fail()
    assert raised.value is error
    span = tracing_to.spans["fail"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "ValueError"
    (event,) = span.events
    assert event.attributes["exception.message"] == "no"


async def test_coroutines(tracing_to: Tracing) -> None:
    @mlflow.trace
    async def inner(x: int) -> int:
        await asyncio.sleep(0)
        return x

    @mlflow.trace
    async def outer() -> list[int]:
        return list(await asyncio.gather(*(inner(x) for x in range(3))))

    assert inspect.iscoroutinefunction(outer)
    assert await outer() == [0, 1, 2]
    assert tracing_to.tree() == {"inner": "outer", "outer": None}


async def test_a_cancelled_coroutine_failed(tracing_to: Tracing) -> None:
    @mlflow.trace
    async def wait() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tracing_to.spans["wait"].status.status_code is StatusCode.ERROR
    assert tracing_to.open_spans == 0


class TestGenerators:
    def test_the_span_is_current_inside_alone(self, tracing_to: Tracing) -> None:
        @mlflow.trace
        def inner() -> None: ...

        @mlflow.trace
        def consumer() -> None: ...

        @mlflow.trace
        def items() -> Iterator[int]:
            inner()
            yield 1
            inner()
            yield 2

        for _ in items():
            assert not otel.get_current_span().get_span_context().is_valid
            consumer()
        assert tracing_to.tree() == {"inner": "items", "consumer": None, "items": None}
        span = tracing_to.spans["items"]
        assert content(span, "Outputs") == [1, 2]
        assert [(event.name, event.attributes["mlflow.chunk.value"]) for event in span.events] == [
            ("mlflow.chunk.item.0", "1"),
            ("mlflow.chunk.item.1", "2"),
        ]

    def test_items_become_one_output(self, tracing_to: Tracing) -> None:
        @mlflow.trace(output_reducer="".join)
        def words() -> Iterator[str]:
            yield "a"
            yield "b"

        assert list(words()) == ["a", "b"]
        assert content(tracing_to.spans["words"], "Outputs") == "ab"

    def test_a_reducer_that_fails_loses_nothing(self, tracing_to: Tracing) -> None:
        @mlflow.trace(output_reducer=lambda items: 1 / 0)
        def words() -> Iterator[str]:
            yield "a"

        assert list(words()) == ["a"]
        assert content(tracing_to.spans["words"], "Outputs") == ["a"]

    @pytest.mark.parametrize("leave", ["break", "close", "collect"])
    def test_one_that_is_left_has_not_failed(self, tracing_to: Tracing, leave: str) -> None:
        closed = []

        @mlflow.trace
        def items() -> Iterator[int]:
            try:
                yield from range(9)
            finally:
                closed.append(True)

        generator = items()
        assert next(generator) == 0
        if leave == "break":
            for _ in generator:
                break
        if leave == "close":
            generator.close()  # type: ignore[attr-defined]
        del generator
        gc.collect()
        assert closed == [True]
        span = tracing_to.spans["items"]
        assert span.status.status_code is StatusCode.OK
        assert not any(event.name == "exception" for event in span.events)
        assert tracing_to.open_spans == 0

    def test_values_are_sent_and_exceptions_thrown(self, tracing_to: Tracing) -> None:
        @mlflow.trace
        def echo() -> Any:
            heard = []
            while True:
                try:
                    heard.append((yield len(heard)))
                except KeyError as error:  # noqa: PERF203
                    heard.append(error)
                except ValueError:
                    return heard

        generator = echo()
        assert next(generator) == 0
        assert generator.send("a") == 1
        error = KeyError("b")
        assert generator.throw(error) == 2
        with pytest.raises(StopIteration) as stopped:
            generator.throw(ValueError())
        assert stopped.value.value == ["a", error]
        assert tracing_to.spans["echo"].status.status_code is StatusCode.OK

    def test_one_that_fails(self, tracing_to: Tracing) -> None:
        @mlflow.trace
        def items() -> Iterator[int]:
            yield 1
            raise RuntimeError("gone")

        with pytest.raises(RuntimeError, match="gone"):
            list(items())
        span = tracing_to.spans["items"]
        assert span.status.status_code is StatusCode.ERROR
        assert content(span, "Outputs") == [1]

    def test_one_that_is_never_read_is_no_span(self, tracing_to: Tracing) -> None:
        @mlflow.trace
        def items() -> Iterator[int]:
            yield 1

        items()
        assert not tracing_to.spans

    async def test_async_ones(self, tracing_to: Tracing) -> None:
        @mlflow.trace
        async def inner() -> None: ...

        @mlflow.trace
        async def items() -> AsyncIterator[int]:
            await inner()
            yield 1
            await asyncio.sleep(0)
            yield 2

        assert [item async for item in items()] == [1, 2]
        assert tracing_to.tree() == {"inner": "items", "items": None}
        assert content(tracing_to.spans["items"], "Outputs") == [1, 2]

    async def test_an_async_one_that_is_left(self, tracing_to: Tracing, caplog: pytest.LogCaptureFixture) -> None:
        @mlflow.trace
        async def items() -> AsyncIterator[int]:
            for number in range(9):
                yield number

        generator = items()
        async for _ in generator:
            break
        await generator.aclose()  # type: ignore[attr-defined]
        assert tracing_to.spans["items"].status.status_code is StatusCode.OK
        assert not caplog.records

    async def test_an_async_one_closed_in_another_task(
        self, tracing_to: Tracing, caplog: pytest.LogCaptureFixture
    ) -> None:
        @mlflow.trace
        async def items() -> AsyncIterator[int]:
            for number in range(9):
                yield number

        generator = items()
        await asyncio.create_task(anext(generator))  # type: ignore[arg-type]
        await asyncio.create_task(generator.aclose())  # type: ignore[attr-defined]
        assert tracing_to.open_spans == 0
        assert not caplog.records


def test_methods_keep_their_kind(tracing_to: Tracing) -> None:
    class Bot:
        @mlflow.trace
        def ask(self, question: str) -> str:
            return question

        @mlflow.trace
        @classmethod
        def make(cls, name: str) -> str:
            return cls.__name__ + name

        @classmethod
        @mlflow.trace(name="made")
        def made(cls, name: str) -> str:
            return cls.__name__ + name

        @mlflow.trace
        @staticmethod
        def twice(x: int) -> int:
            return 2 * x

    class Child(Bot): ...

    assert (Bot().ask("a"), Child.make("b"), Child.made("c"), Bot.twice(2)) == ("a", "Childb", "Childc", 4)
    inputs = {name: content(span, "Inputs") for name, span in tracing_to.spans.items()}
    assert inputs == {"ask": {"question": "a"}, "make": {"name": "b"}, "made": {"name": "c"}, "twice": {"x": 2}}


def test_around_any_callable(tracing_to: Tracing) -> None:
    import math

    class Adder:
        def __call__(self, x: int) -> int:
            return x + 1

    assert mlflow.trace(math.factorial)(5) == 120
    assert mlflow.trace(Adder())(1) == 2
    assert set(tracing_to.spans) == {"factorial", "Adder"}


def test_what_the_function_says_of_itself_stays(tracing_to: Tracing) -> None:
    @mlflow.trace
    def answer(question: str) -> str:
        span = mlflow.get_current_active_span()
        assert span is not None
        span.set_inputs({"masked": True})
        span.set_outputs("masked")
        return question

    answer("secret")
    span = tracing_to.spans["answer"]
    assert (content(span, "Inputs"), content(span, "Outputs")) == ({"masked": True}, "masked")


def test_values_of_any_type(tracing_to: Tracing) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

        __str__ = __repr__

    @dataclass
    class Point:
        x: int

    cycle: list[Any] = []
    cycle.append(cycle)

    @mlflow.trace
    def take(*values: Any) -> Any:
        return values

    values = (Broken(), Point(1), cycle, b"\x00\xff", {1: {2}}, float("nan"), 10**30, "\ud800", object, None)
    assert take(*values) is not None
    recorded = content(tracing_to.spans["take"], "Inputs")["values"]
    assert len(recorded) == len(values)
    assert recorded[1] == {"x": 1}


def test_arrays_and_tables(tracing_to: Tracing) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")

    @mlflow.trace
    def take(array: Any, table: Any) -> Any:
        return array

    take(numpy.array([[1, 2]]), pandas.DataFrame({"a": [1, 2]}))
    inputs = content(tracing_to.spans["take"], "Inputs")
    assert inputs["array"] == [[1, 2]]
    assert inputs["table"] == {"a": {"0": 1, "1": 2}}


def test_a_call_that_does_not_fit_is_the_functions_to_refuse(tracing_to: Tracing) -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        mlflow.trace(lambda x: x, name="f")(y=1)
    assert content(tracing_to.spans["f"], "Inputs") == {"args": [], "kwargs": {"y": 1}}


def test_a_function_of_c_that_names_no_parameters(tracing_to: Tracing) -> None:
    assert mlflow.trace(max)(1, 2) == 2
    assert content(tracing_to.spans["max"], "Inputs") == {"args": [1, 2], "kwargs": {}}


def test_content_is_left_out_where_the_user_said_so(tracing_to: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "NO_CONTENT")
    assert mlflow.trace(lambda secret: secret, name="f")("x") == "x"
    attributes = tracing_to.spans["f"].attributes or {}
    assert "mlflow.spanInputs" not in attributes
    assert "mlflow.spanOutputs" not in attributes


class TestSampling:
    def test_none_and_all(self, tracing_to: Tracing) -> None:
        @mlflow.trace
        def inner() -> None: ...

        @mlflow.trace(sampling_ratio_override=0.0)
        def never() -> int:
            inner()
            return 1

        @mlflow.trace(sampling_ratio_override=1.0)
        def always() -> None:
            inner()

        assert never() == 1
        assert not tracing_to.spans
        always()
        assert tracing_to.tree() == {"inner": "always", "always": None}

    def test_a_child_follows_its_parent(self, tracing_to: Tracing) -> None:
        @mlflow.trace(sampling_ratio_override=0.0)
        def inner() -> None: ...

        mlflow.trace(inner, name="outer")()
        assert tracing_to.tree() == {"inner": "outer", "outer": None}

    @pytest.mark.parametrize("ratio", [-0.1, 1.1])
    def test_what_is_no_ratio(self, ratio: float) -> None:
        with pytest.raises(mlflow.MlflowException, match=r"between 0\.0 and 1\.0") as raised:
            mlflow.trace(sampling_ratio_override=ratio)
        assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_reducer_is_for_generators() -> None:
    with pytest.raises(mlflow.MlflowException, match="output_reducer"):
        mlflow.trace(lambda: 1, output_reducer=list)
