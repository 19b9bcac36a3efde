"""The calls of an app, as it writes them. `by_hand` has the same with spans around them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Final

import httpx2
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion

from .answers import ANSWERS, CHAT, EMBEDDING_MODEL, MODEL, TEXTS, TOOL

BASE_URL: Final = "http://127.0.0.1:9/v1"
SETTINGS: Final[dict[str, Any]] = {"model": MODEL, "temperature": 0.5}
SYSTEM: Final = "Be nice."
THREADS: Final = 16
TASKS: Final = 64
CALLS_OF_A_THREAD: Final = 5
CHUNKS_LEFT_AT: Final = 3
"""How many chunks are read of a stream that is left."""


def messages(size: int) -> list[dict[str, Any]]:
    """A prompt of that many bytes."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "x" * size}]


class _Clients(dict[str, OpenAI]):
    """One for every answer."""

    def __missing__(self, answer: str) -> OpenAI:
        transport = httpx2.MockTransport(ANSWERS[answer])
        self[answer] = OpenAI(api_key="test", base_url=BASE_URL, http_client=httpx2.Client(transport=transport))
        return self[answer]


class _AsynchronousClients(dict[str, AsyncOpenAI]):
    """The same."""

    def __missing__(self, answer: str) -> AsyncOpenAI:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(ANSWERS[answer]))
        self[answer] = AsyncOpenAI(api_key="test", base_url=BASE_URL, http_client=client)
        return self[answer]


class Calls:
    """Each method is one call, or as many as it says. What it needs is made with the first one."""

    def __init__(self) -> None:
        self.clients = _Clients()
        self._asynchronous = _AsynchronousClients()

    def chat(self, prompt: list[dict[str, Any]]) -> Any:
        return self.clients["chat"].chat.completions.create(messages=prompt, **SETTINGS)

    def ready(self, prompt: list[dict[str, Any]]) -> Any:
        """A chat completion without HTTP or parsing: the SDK's method returns one that is ready-made."""
        return self._ready.chat.completions.create(messages=prompt, **SETTINGS)

    def tools(self, prompt: list[dict[str, Any]]) -> Any:
        return self.clients["tools"].chat.completions.create(messages=prompt, tools=[TOOL], **SETTINGS)

    def opened(self, prompt: list[dict[str, Any]]) -> Iterator[Any]:
        """A stream that nothing is read of yet."""
        stream = self.clients["stream"].chat.completions.create(messages=prompt, stream=True, **SETTINGS)
        return iter(stream)

    def stream(self, prompt: list[dict[str, Any]]) -> None:
        for _ in self.opened(prompt):
            pass

    def abandoned(self, prompt: list[dict[str, Any]]) -> None:
        """A stream that is dropped after a few chunks, neither read to its end nor closed."""
        chunks = self.opened(prompt)
        for _ in range(CHUNKS_LEFT_AT):
            next(chunks)

    def abandoned_asynchronously(self, prompt: list[dict[str, Any]]) -> None:
        """The same of an asynchronous one, in a loop that goes on."""

        async def left() -> None:
            stream = await self._asynchronous["stream"].chat.completions.create(
                messages=prompt, stream=True, **SETTINGS
            )
            chunks = aiter(stream)
            for _ in range(CHUNKS_LEFT_AT):
                await anext(chunks)

        async def left_and_gone_on() -> None:
            await left()
            await asyncio.sleep(0)  # The loop ends what is dropped of asynchronous generators in its next turn.

        self._loop.run_until_complete(left_and_gone_on())

    def embeddings(self, prompt: list[dict[str, Any]]) -> Any:
        texts = [prompt[-1]["content"]] * TEXTS
        return self.clients["embeddings"].embeddings.create(model=EMBEDDING_MODEL, input=texts)

    def responses(self, prompt: list[dict[str, Any]]) -> Any:
        return self.clients["responses"].responses.create(instructions=SYSTEM, input=prompt[-1]["content"], **SETTINGS)

    async def asynchronous_chat(self, prompt: list[dict[str, Any]]) -> Any:
        return await self._asynchronous["chat"].chat.completions.create(messages=prompt, **SETTINGS)

    def tasks(self, prompt: list[dict[str, Any]]) -> None:
        """As many calls as TASKS, concurrently."""

        async def all_of_them() -> None:
            await asyncio.gather(*(self.asynchronous_chat(prompt) for _ in range(TASKS)))

        self._loop.run_until_complete(all_of_them())

    def threads(self, prompt: list[dict[str, Any]]) -> None:
        """CALLS_OF_A_THREAD calls in each of THREADS."""

        def some(_: int) -> None:
            for _ in range(CALLS_OF_A_THREAD):
                self.chat(prompt)

        list(self._pool.map(some, range(THREADS)))

    def agent(self, prompt: list[dict[str, Any]]) -> Any:
        """LangChain's agent: the model asks for a tool, the tool answers, the model answers."""
        return self._agent.invoke({"messages": prompt[1:]})

    @cached_property
    def _ready(self) -> OpenAI:
        completion = ChatCompletion.model_validate(CHAT)

        class Ready(OpenAI):
            def post(self, *args: Any, **given: Any) -> Any:
                return completion

        return Ready(api_key="test", base_url=BASE_URL)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS)

    @cached_property
    def _agent(self) -> Any:
        from langchain.agents import create_agent

        return create_agent(self._model(), [self._tool()], system_prompt=SYSTEM, name="forecaster")

    def _model(self) -> Any:
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(**self._model_settings())

    def _model_settings(self) -> dict[str, Any]:
        client = httpx2.Client(transport=httpx2.MockTransport(ANSWERS["agent"]))
        return {**SETTINGS, "api_key": "test", "base_url": BASE_URL, "http_client": client}

    def _tool(self) -> Any:
        def weather(city: str) -> str:
            """Weather of a city."""
            return f"sunny in {city}"

        return weather
