"""The decorator on functions of every kind."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from genspan import mlflow
from genspan.mlflow.entities import Document, SpanType


@mlflow.trace(name="add", span_type=SpanType.TOOL, attributes={"kind": "arithmetic"})
def add(x: int, y: int = 2) -> int:
    return x + y


@mlflow.trace(output_reducer="".join)
def words() -> Iterator[str]:
    yield from ("Hello", " ", "World")


@mlflow.trace
async def async_words(n: int) -> AsyncIterator[int]:
    for i in range(n):
        yield i


@mlflow.trace
async def wait(x: int) -> int:
    await asyncio.sleep(0)
    return x


@mlflow.trace(span_type=SpanType.RETRIEVER)
def retrieve(query: str) -> list[Document]:
    return [Document(id="doc-1", page_content="MLflow is …", metadata={"doc_uri": "https://example.com/1"})]


class Chatbot:
    @mlflow.trace
    def ask(self, question: str) -> str:
        return self.answer(question)

    @classmethod
    @mlflow.trace
    def answer(cls, question: str) -> str:
        return question.upper()

    @staticmethod
    @mlflow.trace
    def close() -> None:
        return None


@mlflow.trace
def fail() -> None:
    raise KeyError("missing")


async def consume() -> None:
    print([item async for item in async_words(2)])
    print(await wait(3))


print(add(1))
print(list(words()))
asyncio.run(consume())
print(len(retrieve("what is mlflow?")))
print(Chatbot().ask("hi"), Chatbot.close())
try:
    fail()
except KeyError as error:
    print(error)
