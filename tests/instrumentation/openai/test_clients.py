"""Kinds of clients: module-level, Azure, subclasses, and who is behind the URL."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from support.openai_scenario import App, compare, run, scenario
from support.openai_wire import ASK, MODEL, completion, text_chunks
from support.scripted_server import Json, ScriptedServer, Sse
from support.telemetry import InMemoryTelemetry
from support.ways import Way

ANSWER = Json(completion())
STREAM = Sse(text_chunks())


def azure(app: App, **options: Any) -> Any:
    return app.make(
        openai.AzureOpenAI,
        openai.AsyncAzureOpenAI,
        base_url=None,
        azure_endpoint=app.server.url.removesuffix("/v1"),
        api_version="2026-01-01",
        **options,
    )


AZURE = {"gen_ai.provider.name": "azure.ai.openai", "server.address": "127.0.0.1", "gen_ai.request.model": MODEL}


@scenario(ANSWER, attributes=AZURE)
async def test_azure(app: App) -> object:
    return await app.call(azure(app).chat.completions.create, **ASK)


@scenario(ANSWER, attributes=AZURE)
async def test_azure_deployment(app: App) -> object:
    return await app.call(azure(app, azure_deployment="mine").chat.completions.create, **ASK)


@scenario(STREAM, attributes=AZURE)
async def test_azure_stream(app: App) -> object:
    stream = await app.call(azure(app).chat.completions.create, **ASK, stream=True)
    await app.read(stream)


class Gateway(openai.AzureOpenAI):
    """As an app's own client for its gateway to Azure."""


class AsyncGateway(openai.AsyncAzureOpenAI):
    pass


@scenario(ANSWER, attributes=AZURE)
async def test_subclass_for_azure(app: App) -> object:
    client = app.make(
        Gateway, AsyncGateway, base_url=None, azure_endpoint=app.server.url, api_version="2026-08-01", api_key="test"
    )
    return await app.call(client.chat.completions.create, **ASK)


@scenario(ANSWER, attributes=AZURE)
async def test_azure_by_token(app: App) -> object:
    def token() -> str:
        app.saw("asked for a token")
        return "token"

    client = azure(app, api_key=None, azure_ad_token_provider=token)
    return await app.call(client.chat.completions.create, **ASK)


@scenario(ANSWER, error="ValueError")
async def test_azure_without_a_token(app: App) -> object:
    def token() -> str:
        raise ValueError("nobody is logged in")

    client = azure(app, api_key=None, azure_ad_token_provider=token)
    return await app.call(client.chat.completions.create, **ASK)


class Databricks(openai.OpenAI):
    """As databricks-openai's client: a subclass with options of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.mine = "kept"


class AsyncDatabricks(openai.AsyncOpenAI):
    pass


@scenario(ANSWER, attributes={"gen_ai.provider.name": "databricks"})
async def test_subclass_at_a_serving_endpoint(app: App) -> object:
    client = app.make(Databricks, AsyncDatabricks, base_url=f"{app.server.url}/serving-endpoints")
    app.saw([isinstance(client, openai.OpenAI), getattr(client, "mine", None)])
    return await app.call(client.chat.completions.create, **ASK)


def test_module_level_client(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "api_key", "test")
    monkeypatch.setattr(openai, "base_url", server.url + "/")
    telemetry = InMemoryTelemetry()

    async def body(app: App) -> object:
        return openai.chat.completions.create(**ASK)

    run(body, Way(), server, [ANSWER])  # The first call makes the client.
    compare(body, Way(), server, [ANSWER], telemetry)
    assert telemetry.span.name == "chat gpt-5-mini"


@scenario(ANSWER, spans=2)
async def test_base_url_changed(app: App) -> object:
    app.saw(await app.create())
    app.client.base_url = app.server.url.replace("127.0.0.1", "localhost")
    return await app.create()


@scenario(ANSWER)
async def test_client_in_a_with_block(app: App) -> object:
    async with app.way.using(app.make()) as client:
        return await app.call(client.chat.completions.create, **ASK)


@scenario(ANSWER, spans=0)
async def test_calls_that_are_no_operation(app: App) -> object:
    return await app.call(app.client.models.retrieve, "gpt-5-mini")


@scenario(ANSWER)
async def test_strict_client(app: App) -> object:
    client = app.make(_strict_response_validation=True)
    return await app.call(client.chat.completions.create, **ASK)


@scenario(Json({**completion(), "choices": "x"}), error="openai.APIResponseValidationError")
async def test_strict_client_and_an_odd_answer(app: App) -> object:
    client = app.make(_strict_response_validation=True)
    return await app.call(client.chat.completions.create, **ASK)


@pytest.mark.parametrize(
    ("base_url", "provider", "port"),
    [
        ("https://api.openai.com/v1", "openai", 443),
        ("https://us.api.openai.com/v1", "openai", 443),
        ("https://mine.openai.azure.com/openai", "azure.ai.openai", 443),
        ("https://mine.services.ai.azure.com/models", "azure.ai.inference", 443),
        ("https://api.groq.com/openai/v1", "groq", 443),
        ("https://api.deepseek.com", "deepseek", 443),
        ("https://api.x.ai/v1", "x_ai", 443),
        ("https://api.mistral.ai/v1", "mistral_ai", 443),
        ("https://api.perplexity.ai", "perplexity", 443),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "gcp.gemini", 443),
        ("https://adb-1.2.azuredatabricks.net/serving-endpoints", "databricks", 443),
        ("http://localhost:11434/v1", "openai", 11434),
        ("http://notapi.x.ai.example.com/v1", "openai", 80),
        ("https://bedrock-mantle.us-west-2.api.aws/openai/v1", "aws.bedrock", 443),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "aws.bedrock", 443),
        ("https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/openai/v1", "aws.bedrock", 443),
        ("http://my-vllm-1.us-east-1.elb.amazonaws.com/v1", "openai", 80),
        ("https://us-south.ml.cloud.ibm.com/ml/gateway/v1", "ibm.watsonx.ai", 443),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/openai/v1", "gcp.vertex_ai", 443),
        ("https://us-central1-aiplatform.googleapis.com/v1/openapi", "gcp.vertex_ai", 443),
        ("https://evilapi.groq.com/v1", "openai", 443),
        ("http://[::1]:8000/v1", "openai", 8000),
    ],
)
def test_provider_and_address(base_url: str, provider: str, port: int) -> None:
    from genspan.instrumentation.openai.endpoint import endpoint

    client = openai.OpenAI(api_key="test", base_url=base_url, http_client=openai.DefaultHttpxClient(verify=False))
    attributes = endpoint(client.chat.completions)
    assert attributes["gen_ai.provider.name"] == provider
    assert attributes["server.port"] == port
    assert attributes["server.address"] == client.base_url.host


@pytest.mark.parametrize(
    ("named", "options", "expected"),
    [
        ("bedrock", {"region": "eu-west-1", "api_key": "test"}, "aws.bedrock"),
        ("vertex", {"token_provider": lambda: "test"}, "gcp.vertex_ai"),
    ],
)
def test_client_with_a_provider(named: str, options: dict[str, Any], expected: str) -> None:
    from genspan.instrumentation.openai.endpoint import endpoint_of

    make = getattr(pytest.importorskip("openai.providers"), named, None)
    if make is None:
        pytest.skip(f"no {named} in openai {openai.__version__}")
    provider = make(base_url="https://gateway.example/openai/v1", **options)
    client = openai.OpenAI(provider=provider, http_client=openai.DefaultHttpxClient(verify=False))
    assert endpoint_of(client)["gen_ai.provider.name"] == expected
    assert endpoint_of(client)["server.address"] == "gateway.example"


def test_client_for_bedrock() -> None:
    from genspan.instrumentation.openai.endpoint import endpoint_of

    if not hasattr(openai, "BedrockOpenAI"):
        pytest.skip("no BedrockOpenAI in this version")
    client = openai.BedrockOpenAI(aws_region="eu-west-1", api_key="test", base_url="https://gateway.example/openai/v1")
    assert endpoint_of(client)["gen_ai.provider.name"] == "aws.bedrock"
