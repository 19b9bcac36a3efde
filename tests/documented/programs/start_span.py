"""Spans as `with` blocks."""

from genspan import mlflow
from genspan.mlflow.entities import SpanType

with mlflow.start_span(name="parent", span_type=SpanType.CHAIN) as parent:
    parent.set_inputs({"x": 1, "y": 2})
    with mlflow.start_span(name="child", attributes={"key": {"nested": [1, 2]}}) as child:
        child.set_inputs("abc")
        child.set_attribute("number", 1.5)
        child.set_attributes({"text": "t", "none": None})
        child.set_outputs(["a", "b"])
    parent.set_outputs({"z": 3})

try:
    with mlflow.start_span(name="failing", span_type=SpanType.TOOL):
        raise ValueError("This is an error")
except ValueError as error:
    print(error)
