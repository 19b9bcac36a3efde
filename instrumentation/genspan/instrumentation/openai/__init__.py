"""OpenAI's Python SDK, and every service that is called through it."""

from operator import attrgetter

from genspan.instrumentation.core import Closing, LibraryInstrumentor, Target

from .chat import CHAT

_CHAT = "openai.resources.chat.completions"
_BETA_CHAT = "openai.resources.beta.chat.completions"
_CHAT_STREAM = "openai.lib.streaming.chat._completions"

# `.stream()` wraps the stream of `create` in an object whose `close` closes the response beneath that stream.
_CLOSE = Closing(attrgetter("_raw_stream"))

TARGETS = (
    Target(_CHAT, "Completions.create", CHAT),
    Target(_CHAT, "AsyncCompletions.create", CHAT),
    Target(_CHAT, "Completions.parse", CHAT),
    Target(_CHAT, "AsyncCompletions.parse", CHAT),
    # openai 1.40 to 1.91 had `parse` here alone.
    Target(_BETA_CHAT, "Completions.parse", CHAT),
    Target(_BETA_CHAT, "AsyncCompletions.parse", CHAT),
    Target(_CHAT_STREAM, "ChatCompletionStream.close", _CLOSE),
    Target(_CHAT_STREAM, "AsyncChatCompletionStream.close", _CLOSE),
)


class OpenAIInstrumentor(LibraryInstrumentor):
    """Records calls of the OpenAI SDK."""

    requirement = "openai >= 1.26"
    targets = TARGETS


__all__ = ["OpenAIInstrumentor"]
