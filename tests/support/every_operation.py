"""A program with one call of every operation that is recorded, and the server that answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from genspan.distro.demo.server import running
from support import app
from support.openai_families_wire import found, images, moderation, response, text_completion
from support.scripted_server import Body, Failure, Json, ScriptedServer, Sse

SOURCE = """
import io, os
import openai
from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

ASK = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Hello"}]}

client = openai.OpenAI()
client.chat.completions.create(**ASK)
for chunk in client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}):
    pass
client.responses.create(model="gpt-5.4-mini", input="Hello")
for event in client.responses.create(model="gpt-5.4-mini", input="Hello", stream=True):
    pass
client.embeddings.create(model="text-embedding-3-small", input="Hello")

scripted = openai.OpenAI(base_url=os.environ["SCRIPTED_URL"], max_retries=0)
scripted.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello")
scripted.responses.retrieve("resp_1")
scripted.images.generate(model="gpt-image-1", prompt="A cat.")
for event in scripted.images.generate(model="gpt-image-1", prompt="A cat.", stream=True):
    pass
scripted.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Hello")
scripted.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", io.BytesIO(b"RIFF"), "audio/wav"))
scripted.moderations.create(model="omni-moderation-latest", input="Hello")
scripted.vector_stores.search("vs_1", query="return policy")
try:
    scripted.chat.completions.create(**ASK)
except openai.RateLimitError:
    pass

model = ChatOpenAI(model="gpt-5.4-mini")
(ChatPromptTemplate.from_template("{question}") | model | StrOutputParser()).invoke({"question": "Hello"})
for chunk in model.stream("Hello"):
    pass

@tool
def look_up_order(order_id: int) -> str:
    "Look up a customer's order."
    return f"Order {order_id}: a grinder, 129 EUR."

@tool
def broken(order_id: int) -> str:
    "Fails."
    raise KeyError(order_id)

shelf = InMemoryVectorStore.from_texts(
    ["A grinder."], OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
)
shelf.as_retriever().invoke("grinder")
create_agent(model, [look_up_order], name="desk").invoke({"messages": [("user", "Look up order 1042")]})
try:
    broken.invoke({"order_id": 1})
except KeyError:
    pass
"""

_IMAGE = {"type": "image_generation.completed", "b64_json": "iVBORw0KGgo=", "usage": images()["usage"]}
_ANSWERS = (
    Json(text_completion()),
    Json(response()),
    Json(images()),
    Sse([{**_IMAGE, "type": "image_generation.partial_image", "partial_image_index": 0}, _IMAGE]),
    Body(b"RIFF" * 8, content_type="audio/wav"),
    Json({"text": "Hello", "usage": {"type": "tokens", "input_tokens": 9, "output_tokens": 1, "total_tokens": 10}}),
    Json(moderation()),
    Json(found()),
    Failure(429, code="rate_limit_exceeded"),
)


@contextmanager
def answering() -> Iterator[dict[str, str]]:
    """Answers the program while the block runs; gives what its environment needs for that."""
    with running(latency=0.01) as model, ScriptedServer() as scripted:
        scripted.script(*_ANSWERS)
        yield {"OPENAI_BASE_URL": model.base_url, "SCRIPTED_URL": scripted.url, "OPENAI_API_KEY": "none"}


def run(folder: Path, given: Mapping[str, str], source: str = SOURCE) -> None:
    """Runs the program in a folder, with what is given in its environment. It says nothing."""
    with answering() as environment:
        done = app.run(source, folder, {**environment, **given})
    assert (done.stdout, done.stderr) == ("", ""), done
