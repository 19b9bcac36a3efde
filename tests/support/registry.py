"""The registry of the GenAI conventions, as the repository keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

REGISTRY: dict[str, Any] = json.loads((Path(__file__).parents[2] / "semconv" / "registry.json").read_text())
