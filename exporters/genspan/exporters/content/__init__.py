"""What of prompts, answers and other content goes to which destination: all, redacted, cut, or none of it.

ContentSpanExporter(OTLPSpanExporter(), ContentPolicy(content=False))
ContentSpanExporter(MlflowSpanExporter(), ContentPolicy(redaction=redaction(["secrets"], acme=redact)))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from genspan.exporters.content.exporter import ContentLogRecordExporter, ContentSpanExporter, behind, in_front_of
    from genspan.exporters.content.policy import ContentPolicy
    from genspan.exporters.content.redacting import Redaction, Redactor, mark
    from genspan.exporters.content.rules import redaction
    from genspan.exporters.content.settings import ContentSettings

__all__ = [
    "ContentLogRecordExporter",
    "ContentPolicy",
    "ContentSettings",
    "ContentSpanExporter",
    "Redaction",
    "Redactor",
    "behind",
    "in_front_of",
    "mark",
    "redaction",
]

_MODULES: Final = {
    "ContentLogRecordExporter": "exporter",
    "ContentPolicy": "policy",
    "ContentSettings": "settings",
    "ContentSpanExporter": "exporter",
    "Redaction": "redacting",
    "Redactor": "redacting",
    "behind": "exporter",
    "in_front_of": "exporter",
    "mark": "redacting",
    "redaction": "rules",
}


def __getattr__(name: str) -> Any:
    # A process that asks for no policy does not wait for fifty patterns to be compiled.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
