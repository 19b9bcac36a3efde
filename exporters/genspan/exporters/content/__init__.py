"""What of prompts, answers and other content goes to which destination: all, redacted, cut, or none of it.

ContentSpanExporter(OTLPSpanExporter(), ContentPolicy(content=False))
ContentSpanExporter(MlflowSpanExporter(), ContentPolicy(redaction=redaction(["secrets"], names=without_names)))
"""

from __future__ import annotations

from genspan.exporters.content.exporter import ContentLogRecordExporter, ContentSpanExporter, behind
from genspan.exporters.content.policy import ContentPolicy
from genspan.exporters.content.redaction import Redaction, Redactor, mark
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
    "mark",
    "redaction",
]
