"""The client: traces by their ids."""

from genspan import mlflow
from genspan.mlflow import MlflowClient

client = MlflowClient()
root_span = client.start_trace(
    name="simple-rag-agent",
    inputs={"query": "Demo", "model_name": "DBRX"},
    attributes={"service": "go"},
    tags={"t": "1"},
)
trace_id = root_span.trace_id
retriever = client.start_span(
    name="retriever", span_type="RETRIEVER", trace_id=trace_id, parent_id=root_span.span_id, inputs={"query": "Demo"}
)
client.end_span(
    trace_id=trace_id,
    span_id=retriever.span_id,
    outputs=[{"page_content": "a page", "metadata": {"doc_uri": "x"}, "id": "1"}],
    attributes={"k": "v"},
)
failing = client.start_span(name="failing", trace_id=trace_id, parent_id=root_span.span_id)
client.end_span(trace_id=trace_id, span_id=failing.span_id, status="ERROR")
client.end_trace(trace_id=trace_id, outputs={"output": "out"}, attributes={"end": 1})

detached = mlflow.start_span_no_context("detached", span_type="CHAIN", inputs={"a": 1}, tags={"k": "v"})
inner = mlflow.start_span_no_context("inner", parent_span=detached)
inner.end(outputs=1)
detached.end(outputs={"b": 2})
