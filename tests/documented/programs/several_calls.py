"""Several model calls in one trace, with facts of the trace."""

from openai import OpenAI

from genspan import mlflow
from genspan.mlflow.entities import SpanType

mlflow.openai.autolog()


@mlflow.trace(span_type=SpanType.CHAIN)
def answer(question: str) -> str:
    mlflow.update_current_trace(
        tags={"fruit": "apple"},
        metadata={"mlflow.trace.user": "user-456", "mlflow.trace.session": "session-123"},
        client_request_id="req-12345",
        request_preview=question[:10],
    )
    client = OpenAI()
    draft = client.chat.completions.create(
        model="gpt-4.1-mini", messages=[{"role": "user", "content": f"Draft an answer: {question}"}]
    )
    final = client.chat.completions.create(
        model="gpt-4.1-mini",
        messages=[{"role": "user", "content": f"Improve this: {draft.choices[0].message.content}"}],
    )
    return final.choices[0].message.content


print(answer("What is the capital of France?"))
