"""What one destination may have of content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from genspan.exporters.content.limit import cut
from genspan.exporters.content.redacting import Redaction, Tally
from genspan.exporters.content.vocabulary import ADDRESSES, IDENTITIES, METADATA, is_content

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class ContentPolicy:
    """Whether a destination has content, what is redacted before, and how long an attribute of it may be."""

    content: bool = True
    """False: metadata alone, as models, tokens, times and ids."""
    redaction: Redaction = field(default_factory=Redaction)
    """Applied to all text, metadata included; rules for personal data to all but metadata."""
    limit: int | None = None
    """Characters that an attribute of content may have; None is no limit."""

    @property
    def changes(self) -> bool:
        """Whether the policy asks for anything at all."""
        return not self.content or bool(self.redaction) or self.limit is not None

    def attributes(self, given: Attributes | None, tally: Tally) -> Attributes | None:
        """Attributes as the destination may have them; the same object where nothing changes."""
        if not given:
            return given
        kept = {name: self._attribute(name, value, tally) for name, value in given.items() if self._keeps(name, value)}
        if len(kept) == len(given) and all(kept[name] is value for name, value in given.items()):
            return given
        tally.count += sum(name in IDENTITIES for name in given) if self.redaction.identities else 0
        return kept

    def text(self, text: str | None, tally: Tally) -> str | None:
        """The text of a status, which may quote what was sent and answered."""
        if not text:
            return text
        return self._limited(self.redaction.value(text, tally)) if self.content else None

    def name(self, name: str, tally: Tally) -> str:
        """The name of a span or event."""
        return str(self.redaction.value(name, tally)) if self.redaction else name

    def body(self, body: Any, tally: Tally, is_conversation: bool) -> Any:
        """The body of a log record; without content, one that is part of a conversation goes."""
        if is_conversation and not self.content:
            return None
        redacted = self.redaction.value(body, tally)
        return self._limited(redacted) if is_conversation else redacted

    def _keeps(self, name: str, value: Any) -> bool:
        if self.redaction.identities and name in IDENTITIES:
            return False
        return self.content or not is_content(name, value)

    def _attribute(self, name: str, value: Any, tally: Tally) -> Any:
        if not self.content and name in ADDRESSES and isinstance(value, str):
            value = where_it_leads(value)
        if self.redaction:
            value = self.redaction.value(value, tally, name, is_metadata=name in METADATA)
        return self._limited(value) if self.limit is not None and is_content(name, value) else value

    def _limited(self, value: Any) -> Any:
        if self.limit is None:
            return value
        if isinstance(value, str):
            return cut(value, self.limit)
        if isinstance(value, bytes):
            return value[: self.limit]
        if isinstance(value, Mapping):
            items = {key: self._limited(item) for key, item in value.items()}
            return value if all(items[key] is item for key, item in value.items()) else items
        if isinstance(value, Sequence):
            parts = [self._limited(item) for item in value]
            return value if all(new is old for new, old in zip(parts, value, strict=True)) else type(value)(parts)  # type: ignore[call-arg]
        return value


def where_it_leads(address: str) -> str:
    """A URL without user, password, query and fragment; the same text where it has none of them."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if "@" not in parts.netloc and not parts.query and not parts.fragment:
        return address
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
