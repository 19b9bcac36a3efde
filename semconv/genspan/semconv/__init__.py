"""The vocabulary: the names, values, message parts and tables of OpenTelemetry's GenAI semantic conventions.

`attributes`, `values`, `spans`, `metrics`, `events` and `renamed` are written from `semconv/registry.json`;
`messages` types the structured attributes, `encoding` turns them into JSON text.
"""

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/gen-ai/1.42.0"
"""The GenAI conventions' own schema, which is versioned apart from the core conventions."""
