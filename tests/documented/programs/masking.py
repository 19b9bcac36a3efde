"""Span processors that mask what must not leave the process."""

from openai import OpenAI

from genspan import mlflow


def mask(span: object) -> None:
    if span.inputs:
        span.set_inputs({"masked": True})
    if span.outputs:
        span.set_outputs("[REDACTED]")
    if span.name == "work":
        span.set_attribute("secret", "[REDACTED]")


mlflow.openai.autolog()
mlflow.tracing.configure(span_processors=[mask])


@mlflow.trace
def work(password: str) -> int:
    span = mlflow.get_current_active_span()
    span.set_attribute("secret", password)
    OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": password}])
    return len(password)


work("hunter2")
