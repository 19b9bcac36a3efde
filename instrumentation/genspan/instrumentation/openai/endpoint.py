"""Who a client talks to: the provider behind the address, and the address."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Final
from weakref import WeakKeyDictionary

from genspan.instrumentation.core import Attributes, Call
from genspan.instrumentation.core.reading import string
from genspan.semconv import attributes as names
from genspan.semconv.values import ProviderName

HOSTS: Final = (
    ("*.api.openai.com", ProviderName.OPENAI),
    ("*.openai.azure.com", ProviderName.AZURE_AI_OPENAI),
    ("*.openai.azure.us", ProviderName.AZURE_AI_OPENAI),
    ("*.cognitiveservices.azure.com", ProviderName.AZURE_AI_OPENAI),
    ("*.services.ai.azure.com", ProviderName.AZURE_AI_INFERENCE),
    ("*.models.ai.azure.com", ProviderName.AZURE_AI_INFERENCE),
    ("*.cloud.databricks.com", "databricks"),
    ("*.azuredatabricks.net", "databricks"),
    ("*.gcp.databricks.com", "databricks"),
    ("*.api.groq.com", ProviderName.GROQ),
    ("*.api.deepseek.com", ProviderName.DEEPSEEK),
    ("*.api.x.ai", ProviderName.X_AI),
    ("*.api.mistral.ai", ProviderName.MISTRAL_AI),
    ("*.codestral.mistral.ai", ProviderName.MISTRAL_AI),
    ("*.api.perplexity.ai", ProviderName.PERPLEXITY),
    ("*.api.moonshot.ai", ProviderName.MOONSHOT_AI),
    ("*.api.moonshot.cn", ProviderName.MOONSHOT_AI),
    ("*.api.anthropic.com", ProviderName.ANTHROPIC),
    ("*.api.cohere.ai", ProviderName.COHERE),
    ("*.api.cohere.com", ProviderName.COHERE),
    ("*.generativelanguage.googleapis.com", ProviderName.GCP_GEMINI),
    ("*[.-]aiplatform.googleapis.com", ProviderName.GCP_VERTEX_AI),
    ("*.ml.cloud.ibm.com", ProviderName.IBM_WATSONX_AI),
    # Not all of AWS: an app's own model may run behind any of its load balancers.
    ("*.bedrock-*.amazonaws.com", ProviderName.AWS_BEDROCK),
    ("*.bedrock-*.amazonaws.com.cn", ProviderName.AWS_BEDROCK),
    ("*.bedrock-*.api.aws", ProviderName.AWS_BEDROCK),
    ("*.openrouter.ai", "openrouter"),
    ("*.api.together.xyz", "together"),
    ("*.api.together.ai", "together"),
)
"""Pattern of the host, with a dot before it, to `gen_ai.provider.name`: the conventions' value, or the provider's own
word where they have none.
Any other host speaks OpenAI's protocol for we do not know whom, and is `openai`."""

_CLIENTS: Final = {"BaseAzureClient": ProviderName.AZURE_AI_OPENAI}
"""Classes of the SDK's clients that are made for one provider, whatever the host: theirs and those derived."""
_RUNTIMES: Final = {"bedrock": ProviderName.AWS_BEDROCK, "vertex": ProviderName.GCP_VERTEX_AI}
"""What the SDK calls the `provider` given to a client, also by the classes made for one."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80, "wss": 443, "ws": 80}

_known: WeakKeyDictionary[Any, tuple[Any, Attributes]] = WeakKeyDictionary()


def model_and_endpoint(call: Call) -> Attributes:
    """What names the span of a call to a model: provider, address and the model asked for."""
    attributes = dict(endpoint(call.instance))
    model = string(call.arguments.get("model"))
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    return attributes


def endpoint(resource: Any) -> Attributes:
    """Provider, server address and port of the client that an API resource belongs to."""
    return endpoint_of(resource._client)


def endpoint_of(client: Any) -> Attributes:
    """Provider, server address and port of a client."""
    # The property's own value, in every version. Its getter imports a module each time (openai 3.51).
    url = getattr(client, "_base_url", None) or client.base_url
    known = _known.get(client)
    if known is not None and known[0] is url:
        return known[1]
    attributes = _attributes(client, url)
    _known[client] = (url, attributes)
    return attributes


def socket_endpoint_of(client: Any) -> Attributes:
    """As `endpoint_of`, for connections over WebSocket, which may have an address of their own."""
    address = getattr(client, "websocket_base_url", None)
    if address is None:
        return endpoint_of(client)
    return _attributes(client, type(client.base_url)(str(address)))


def _attributes(client: Any, url: Any) -> Attributes:
    host = str(url.host)
    attributes: Attributes = {
        names.GEN_AI_PROVIDER_NAME: _made_for(client) or _behind(host, str(url.path)),
        names.SERVER_ADDRESS: host,
    }
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    if port is not None:
        attributes[names.SERVER_PORT] = port
    return attributes


def _made_for(client: Any) -> str | None:
    """The provider that a client is made for, None for one that talks to any."""
    known = next((_CLIENTS[kind.__name__] for kind in type(client).__mro__ if kind.__name__ in _CLIENTS), None)
    # Private in every version that has it: openai 2.54 to 3.51.
    runtime = getattr(client, "_provider_runtime", None)
    return known or _RUNTIMES.get(getattr(runtime, "name", ""))


def _behind(host: str, path: str) -> str:
    if "/serving-endpoints" in path:
        return "databricks"
    return next((provider for pattern, provider in HOSTS if fnmatchcase(f".{host}", pattern)), ProviderName.OPENAI)
