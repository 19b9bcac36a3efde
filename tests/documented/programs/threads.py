"""One trace over several threads, as the documentation has it: by copying the context."""

import contextvars
from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()
client = OpenAI()


@mlflow.trace
def worker(question: str) -> str:
    response = client.chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": question}])
    return response.choices[0].message.content


@mlflow.trace
def main(questions: list[str]) -> list[str]:
    with ThreadPoolExecutor(max_workers=2) as executor:
        futures = [executor.submit(contextvars.copy_context().run, worker, question) for question in questions]
        return [future.result() for future in futures]


print(main(["What is the capital of France?", "What is the capital of Germany?"]))
