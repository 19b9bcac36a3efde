from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from genspan.distro.demo.server import DemoServer, running


@pytest.fixture(scope="session")
def server() -> Iterator[DemoServer]:
    with running() as server:
        yield server


@pytest.fixture
def client(server: DemoServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key="test", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_client(server: DemoServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0) as client:
        yield client


def function(name: str, description: str, required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": required or list(properties)}
    return {"name": name, "description": description, "parameters": parameters}


WEATHER = function(
    "get_weather",
    "Current weather in a city.",
    ["city"],
    city={"type": "string"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
MULTIPLY = function("multiply", "Multiply two numbers.", a={"type": "number"}, b={"type": "number"})
FLIGHTS = function(
    "search_flights",
    "Find flights between two airports on a day.",
    ["origin", "destination", "date"],
    origin={"type": "string"},
    destination={"type": "string"},
    date={"type": "string", "format": "date"},
    passengers={"type": "integer"},
    direct={"type": "boolean"},
)


@pytest.fixture(scope="session")
def functions() -> list[dict[str, Any]]:
    return [WEATHER, MULTIPLY, FLIGHTS]


@pytest.fixture(scope="session")
def tools(functions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "function", "function": function} for function in functions]
