"""Embeddings: every implementation, whoever wrote it and whenever; one span a call."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Any

import openai
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import OpenAIEmbeddings
from pydantic import BaseModel

from genspan.distro.demo.server import DemoServer
from genspan.instrumentation.langchain import LangChainInstrumentor
from support.langchain_scenario import LAYERS, App, record, scenario
from support.telemetry import InMemoryTelemetry, instrumented
from support.ways import WAYS, Way

TEXTS = ["a grinder", "a kettle", "a cup"]
MODEL = "text-embedding-3-small"


def embeddings(app: App, **options: Any) -> OpenAIEmbeddings:
    clients = openai.DefaultHttpxClient(verify=False), openai.DefaultAsyncHttpxClient(verify=False)
    app.closes(*clients)
    return OpenAIEmbeddings(
        model=MODEL,
        api_key="test",
        base_url=app.server.base_url,
        check_embedding_ctx_length=False,  # it needs a tokenizer from the network
        http_client=clients[0],
        http_async_client=clients[1],
        **options,
    )


class Lengths(Embeddings):
    """Counts letters."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        if not text:
            raise ValueError("nothing to count")
        return [float(len(text)), 1.0]


class Stored(Lengths):
    """Has another do the work, as `CacheBackedEmbeddings` of langchain-classic."""

    def __init__(self, underlying: Embeddings) -> None:
        self.underlying = underlying

    def embed_query(self, text: str) -> list[float]:
        return self.underlying.embed_query(text)


@scenario(f"embeddings {MODEL}")
async def test_documents(app: App) -> object:
    return await app.call(embeddings(app), "embed_documents", TEXTS)


@scenario(f"embeddings {MODEL}")
async def test_query(app: App) -> object:
    return await app.call(embeddings(app), "embed_query", TEXTS[0])


@scenario(f"embeddings {MODEL}")
async def test_documents_in_several_requests(app: App) -> object:
    return await app.call(embeddings(app, chunk_size=1), "embed_documents", TEXTS)


@scenario(f"embeddings {MODEL} ! {openai.APIConnectionError.__name__}")
async def test_failure(app: App) -> object:
    lost = embeddings(app, max_retries=0).model_copy()
    lost.client = openai.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="test", max_retries=0).embeddings
    lost.async_client = openai.AsyncOpenAI(base_url="http://127.0.0.1:1/v1", api_key="test", max_retries=0).embeddings
    return await app.call(lost, "embed_query", TEXTS[0])


@scenario("embeddings\nembeddings")
async def test_implementation_of_the_app(app: App) -> object:
    """Its twins are LangChain's: the blocking methods, in a thread."""
    app.saw(await app.call(Lengths(), "embed_documents", TEXTS))
    return await app.call(Lengths(), "embed_query", TEXTS[0])


@scenario("embeddings ! ValueError")
async def test_implementation_that_fails(app: App) -> object:
    return await app.call(Lengths(), "embed_query", "")


@scenario("embeddings")
async def test_implementation_that_has_another_do_the_work(app: App) -> object:
    return await app.call(Stored(Lengths()), "embed_query", TEXTS[0])


@scenario("embeddings ! CancelledError", ways=WAYS[1:])
async def test_cancelled(app: App) -> object:
    begun: list[bool] = []

    class Slow(Lengths):
        async def aembed_query(self, text: str) -> list[float]:
            begun.append(True)
            await asyncio.sleep(60)
            return []

    return await app.cancelled(Slow().aembed_query("a grinder"), lambda: begun)


@scenario(f"embeddings {MODEL}\nretrieval\n  embeddings {MODEL}")
async def test_vector_store(app: App) -> object:
    store = InMemoryVectorStore(embeddings(app))
    await app.way.call(getattr(store, "add_texts" if app.blocking else "aadd_texts"), TEXTS, ids=["1", "2", "3"])
    found = await app.invoke(store.as_retriever(search_kwargs={"k": 1}), "a kettle")
    return [document.page_content for document in found]


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_what_is_recorded(way: Way, layers: str, demo: DemoServer) -> None:
    telemetry = InMemoryTelemetry()

    async def whole(app: App) -> object:
        return len(await app.call(embeddings(app, dimensions=8), "embed_documents", TEXTS))

    async def parted(app: App) -> object:
        return len(await app.call(embeddings(app, dimensions=8, chunk_size=1), "embed_documents", TEXTS))

    record(whole, way, demo, LAYERS[layers], telemetry)
    record(parted, way, demo, LAYERS[layers], telemetry)
    one, three = (dict(span.attributes or {}) for span in telemetry.spans)
    assert one == three, "whatever the number of requests, all tokens count"
    from_the_sdk = {
        "server.address": "127.0.0.1",
        "server.port": demo.server_port,
        "gen_ai.response.model": MODEL,
        "gen_ai.usage.input_tokens": one.get("gen_ai.usage.input_tokens", 0),
    }
    if "openai" in layers:
        assert one["gen_ai.usage.input_tokens"] >= len(TEXTS)
        assert one.pop("gen_ai.request.encoding_formats", None) in (None, ("base64",), ("float",))
    assert one == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": MODEL,
        "gen_ai.embeddings.dimension.count": 8,
        **(from_the_sdk if "openai" in layers else {}),
    }


def test_implementations_of_whatever_time_and_kind() -> None:
    """Made before, made meanwhile, of pydantic's, of a class with an `__init_subclass__` of its own."""
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()) as telemetry:

        class Named(BaseModel, Lengths):
            model_id: str = "counting-1"

        class Abstract(Embeddings):
            told: str

            def __init_subclass__(cls, told: str, **kwargs: Any) -> None:
                super().__init_subclass__(**kwargs)
                cls.told = told

            @abstractmethod
            def embed_query(self, text: str) -> list[float]: ...

        class Concrete(Abstract, told="something"):
            def embed_query(self, text: str) -> list[float]:
                return super().embed_query(text) or [0.0]  # type: ignore[safe-super]

            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return []

        assert DeterministicFakeEmbedding(size=3).embed_query("a") is not None
        assert Named().embed_query("a") == [1.0, 1.0]
        assert Concrete().embed_query("a") == [0.0]
        assert Concrete().embed_documents([]) == []
        assert Concrete.told == "something"
        with pytest.raises(TypeError, match="abstract"):
            Abstract()  # type: ignore[abstract]
    assert [span.name for span in telemetry.spans] == [
        "embeddings",
        "embeddings counting-1",
        "embeddings",
        "embeddings",
    ]
    assert [(span.attributes or {})["gen_ai.provider.name"] for span in telemetry.spans[:2]] == [
        "deterministicfake",
        "named",
    ]
    telemetry.assert_sound()
    assert Named().embed_query("a") == [1.0, 1.0]
    assert len(telemetry.spans) == 4


def test_uninstrumenting_leaves_nothing_behind() -> None:
    def state() -> list[Any]:
        return [dict(vars(kind)) for kind in (Embeddings, Lengths, OpenAIEmbeddings, DeterministicFakeEmbedding)]

    before = state()
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()):
        assert "__init_subclass__" in vars(Embeddings)
        assert vars(Lengths)["embed_query"] is not before[1]["embed_query"]
    assert state() == before


def test_class_of_a_notebook_can_be_pickled() -> None:
    """By value, as Spark and Ray send it to their workers: without what is wrapped around it."""
    cloudpickle = pytest.importorskip("cloudpickle")
    notebook: dict[str, Any] = {"Lengths": Lengths, "__name__": "__main__"}
    source = "class Mine(Lengths):\n    def embed_query(self, text):\n        return [2.0]\n"
    with instrumented(LangChainInstrumentor(), InMemoryTelemetry()) as telemetry:
        exec(source, notebook)
        sent = cloudpickle.dumps(notebook["Mine"])
        assert notebook["Mine"]().embed_query("a") == [2.0]
    assert b"genspan" not in sent
    assert [span.name for span in telemetry.spans] == ["embeddings"]
    assert cloudpickle.loads(sent)().embed_query("a") == [2.0]
