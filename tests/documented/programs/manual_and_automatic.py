"""Spans by hand around spans of the OpenAI client."""

from openai import OpenAI

from genspan import mlflow
from genspan.mlflow.entities import SpanType

mlflow.openai.autolog()


@mlflow.trace(span_type=SpanType.CHAIN)
def run(question: str) -> str:
    messages = build_messages(question)
    response = OpenAI().chat.completions.create(model="gpt-4.1-mini", max_tokens=100, messages=messages)
    return parse_response(response)


@mlflow.trace
def build_messages(question: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": "You are a helpful chatbot."},
        {"role": "user", "content": question},
    ]


@mlflow.trace
def parse_response(response: object) -> str:
    return response.choices[0].message.content


print(run("What is MLflow?"))
