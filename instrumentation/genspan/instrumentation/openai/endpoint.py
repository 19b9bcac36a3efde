"""Who a client talks to: the provider behind the address, and the address."""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from genspan.instrumentation.core import Attributes, Call
from genspan.instrumentation.core.reading import string
from genspan.semconv import attributes as names
from genspan.semconv.values import ProviderName

PROVIDERS: Final = (
    (".api.openai.com", ProviderName.OPENAI),
    (".openai.azure.com", ProviderName.AZURE_AI_OPENAI),
    (".cognitiveservices.azure.com", ProviderName.AZURE_AI_OPENAI),
    (".services.ai.azure.com", ProviderName.AZURE_AI_INFERENCE),
    (".models.ai.azure.com", ProviderName.AZURE_AI_INFERENCE),
    (".cloud.databricks.com", "databricks"),
    (".azuredatabricks.net", "databricks"),
    (".gcp.databricks.com", "databricks"),
    (".api.groq.com", ProviderName.GROQ),
    (".api.deepseek.com", ProviderName.DEEPSEEK),
    (".api.x.ai", ProviderName.X_AI),
    (".api.mistral.ai", ProviderName.MISTRAL_AI),
    (".api.perplexity.ai", ProviderName.PERPLEXITY),
    (".api.moonshot.ai", ProviderName.MOONSHOT_AI),
    (".api.moonshot.cn", ProviderName.MOONSHOT_AI),
    (".api.anthropic.com", ProviderName.ANTHROPIC),
    (".api.cohere.ai", ProviderName.COHERE),
    (".generativelanguage.googleapis.com", ProviderName.GCP_GEMINI),
    (".aiplatform.googleapis.com", ProviderName.GCP_VERTEX_AI),
    ("-aiplatform.googleapis.com", ProviderName.GCP_VERTEX_AI),
    (".amazonaws.com", ProviderName.AWS_BEDROCK),
    (".openrouter.ai", "openrouter"),
    (".api.together.xyz", "together"),
)
"""Suffix of the host, with a dot before it, to `gen_ai.provider.name`: the conventions' value, or the provider's own
word where they have none.
Any other host speaks OpenAI's protocol for we do not know whom, and is `openai`."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80, "wss": 443, "ws": 80}

_known: WeakKeyDictionary[Any, tuple[Any, Attributes]] = WeakKeyDictionary()


def model_and_endpoint(call: Call) -> Attributes:
    """What names the span of a call to a model: provider, address and the model asked for."""
    attributes = dict(endpoint(call.instance))
    model = string(call.get("model"))
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    return attributes


def endpoint(resource: Any) -> Attributes:
    """Provider, server address and port of the client that an API resource belongs to."""
    return endpoint_of(resource._client)


def endpoint_of(client: Any) -> Attributes:
    """Provider, server address and port of a client."""
    url = client.base_url
    known = _known.get(client)
    if known is not None and known[0] is url:
        return known[1]
    attributes = _attributes(type(client).__name__, url)
    _known[client] = (url, attributes)
    return attributes


def socket_endpoint_of(client: Any) -> Attributes:
    """As `endpoint_of`, for connections over WebSocket, which may have an address of their own."""
    address = getattr(client, "websocket_base_url", None)
    if address is None:
        return endpoint_of(client)
    return _attributes(type(client).__name__, type(client.base_url)(str(address)))


def _attributes(client_type: str, url: Any) -> Attributes:
    host = str(url.host)
    attributes: Attributes = {
        names.GEN_AI_PROVIDER_NAME: _provider(client_type, host, str(url.path)),
        names.SERVER_ADDRESS: host,
    }
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    if port is not None:
        attributes[names.SERVER_PORT] = port
    return attributes


def _provider(client_type: str, host: str, path: str) -> str:
    if "Azure" in client_type:
        return ProviderName.AZURE_AI_OPENAI
    if "/serving-endpoints" in path:
        return "databricks"
    return next((provider for suffix, provider in PROVIDERS if f".{host}".endswith(suffix)), ProviderName.OPENAI)
