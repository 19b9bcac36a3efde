"""Switched off and on again."""

from openai import OpenAI

from genspan import mlflow

client = OpenAI()


def ask(question: str) -> None:
    client.chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": question}])


@mlflow.trace
def work(x: int) -> int:
    return x


mlflow.openai.autolog()
ask("recorded first")
mlflow.openai.autolog(disable=True)
ask("unseen")
mlflow.openai.autolog()
ask("recorded second")
mlflow.tracing.disable()
ask("unseen")
work(1)
mlflow.tracing.enable()
work(2)
