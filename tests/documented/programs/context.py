"""Facts of all traces that begin in a block."""

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()

with mlflow.tracing.context(
    session_id="session-123", user="user-456", tags={"project": "p"}, metadata={"release": "1.2"}
):
    OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "Hello"}])
    with mlflow.tracing.context(enabled=False):
        OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "Unseen"}])
        with mlflow.start_span("unseen"):
            pass
    with mlflow.start_span("seen"):
        pass
