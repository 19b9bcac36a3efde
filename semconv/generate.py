"""Writes genspan.semconv's constants and tables from registry.json.

Run by `make semconv`; `make lint` fails when a committed file differs from what this writes.
How registry.json itself is brought up to date: CONTRIBUTING.md.
"""

from __future__ import annotations

import json
import pprint
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGE = HERE / "genspan" / "semconv"
HEADER = '"""{doc}\n\nWritten by semconv/generate.py from semconv/registry.json ({baseline}): edit those.\n"""\n'

TYPES = {
    "string": "str",
    "int": "int",
    "double": "float",
    "boolean": "bool",
    "string[]": "list[str]",
    "any": "structured; JSON text on spans",
    "template[string]": "str; a prefix, the key follows it",
}

ENUMS = {
    "gen_ai.operation.name": ("OperationName", "What a GenAI span does: `gen_ai.operation.name`."),
    "gen_ai.provider.name": ("ProviderName", "Who serves the model: `gen_ai.provider.name`. Other values are allowed."),
    "gen_ai.output.type": ("OutputType", "The content type asked for: `gen_ai.output.type`."),
    "gen_ai.response.status": ("ResponseStatus", "State of a stored response: `gen_ai.response.status`."),
    "gen_ai.token.modality": ("TokenModality", "What a counted token stands for: `gen_ai.token.modality`."),
    "openai.api.type": ("OpenAIApiType", "Which OpenAI API was called: `openai.api.type`."),
    "mcp.method.name": ("McpMethodName", "The method of an MCP message: `mcp.method.name`."),
}


def constant(name: str) -> str:
    """`gen_ai.request.model` -> `GEN_AI_REQUEST_MODEL`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()


def header(doc: str, registry: dict[str, Any]) -> str:
    return HEADER.format(doc=doc, baseline=registry["meta"]["baseline"])


def literal(value: Any) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False)


def attributes(registry: dict[str, Any]) -> str:
    lines = [header("Names of the attributes of GenAI spans, events and metrics.", registry)]
    lines += ["from __future__ import annotations\n", "from typing import Final\n"]
    for name, spec in sorted(registry["attributes"].items()):
        lines.append(f'{constant(name)}: Final = "{name}"')
        brief = f" {spec['brief'].rstrip('.')}." if spec["brief"] else ""
        lines.append(f'"""{TYPES[spec["type"]]} ({spec["stability"]}).{brief}"""\n')
    content = sorted(constant(name) for name, spec in registry["attributes"].items() if spec.get("content"))
    lines.append("CONTENT_ATTRIBUTES: Final = frozenset({" + ", ".join(content) + "})")
    lines.append('"""Attributes that hold what people wrote or models answered: recorded only where asked for."""')
    return "\n".join(lines) + "\n"


def values(registry: dict[str, Any]) -> str:
    lines = [header("Well-known values of GenAI attributes.", registry)]
    lines += ["from __future__ import annotations\n", "from typing import Final\n"]
    for name, (cls, doc) in ENUMS.items():
        lines += ["", f"class {cls}:", f'    """{doc}"""\n']
        members = registry["attributes"][name]["enum"]
        lines += [f'    {constant(value)}: Final = "{value}"' for value in members]
        lines.append("")
    lines += ["", "class FinishReason:", '    """Why a model stopped: `gen_ai.response.finish_reasons`. Advisory."""\n']
    lines += [f'    {constant(value)}: Final = "{value}"' for value in registry["finish_reasons"]]
    return "\n".join(lines) + "\n"


def names(attributes: dict[str, Any], *levels: str) -> tuple[str, ...]:
    return tuple(name for name, spec in attributes.items() if spec["level"] in levels)


def spans(registry: dict[str, Any]) -> str:
    lines = [header("The span types of the conventions: kind, name rule and attributes of each.", registry)]
    lines += [
        "from __future__ import annotations\n",
        "from dataclasses import dataclass",
        "from typing import Final, Literal\n\n",
        "@dataclass(frozen=True)",
        "class SpanType:",
        '    """One row of the conventions\' table of spans."""\n',
        "    name: str",
        '    """The convention\'s id of the span type, as `gen_ai.client.inference`."""',
        "    operations: tuple[str, ...]",
        '    """Values of `gen_ai.operation.name` that make a span one of this type."""',
        '    kind: Literal["client", "internal", "server"]',
        '    also_kind: Literal["internal"] | None',
        '    """The other kind allowed, as for a model that runs in the app\'s own process."""',
        "    name_key: str | None",
        '    """The attribute whose value follows the operation in the span\'s name."""',
        "    sampling_relevant: tuple[str, ...]",
        '    """Attributes to give when the span starts, so that samplers see them."""',
        "    required: tuple[str, ...]",
        "    conditionally_required: tuple[str, ...]",
        "    recommended: tuple[str, ...]",
        "    opt_in: tuple[str, ...]",
        "    forbidden: tuple[str, ...] = ()\n\n",
        "SPAN_TYPES: Final[tuple[SpanType, ...]] = (",
    ]
    for name, spec in registry["spans"].items():
        also = spec["also_kind"]
        attrs = spec["attributes"]
        lines += [
            "    SpanType(",
            f"        name={name!r},",
            f"        operations={tuple(spec['operations'])!r},",
            f"        kind={spec['kind']!r},",
            f"        also_kind={also[0] if also else None!r},",
            f"        name_key={spec['name_key']!r},",
            f"        sampling_relevant={tuple(spec['sampling_relevant'])!r},",
            f"        required={names(attrs, 'required')!r},",
            f"        conditionally_required={names(attrs, 'conditionally_required')!r},",
            f"        recommended={names(attrs, 'recommended')!r},",
            f"        opt_in={names(attrs, 'opt_in')!r},",
            f"        forbidden={tuple(spec.get('forbidden', ()))!r},",
            "    ),",
        ]
    lines.append(")")
    return "\n".join(lines) + "\n"


def metrics(registry: dict[str, Any]) -> str:
    lines = [
        header("The metrics of the conventions: instrument, unit, bucket bounds and attributes of each.", registry)
    ]
    lines += [
        "from __future__ import annotations\n",
        "from dataclasses import dataclass",
        "from typing import Final, Literal\n\n",
        "@dataclass(frozen=True)",
        "class Metric:",
        '    """One row of the conventions\' table of metrics."""\n',
        "    name: str",
        '    instrument: Literal["histogram", "counter"]',
        "    unit: str",
        '    """UCUM: `s`, or an annotation as `{token}`."""',
        "    buckets: tuple[float, ...] | None",
        '    """Explicit bucket bounds, in the unit."""',
        '    generation: Literal["main", "legacy"]',
        '    """`legacy`: replaced upstream in autumn 2026, read by the dashboards in use."""',
        "    attributes: tuple[str, ...]",
        "    description: str",
        '    """What is measured; empty where the registry does not say."""\n\n',
    ]
    for name, spec in registry["metrics"].items():
        buckets = tuple(spec["buckets"]) if spec["buckets"] else None
        generation = "legacy" if spec.get("profile") == "legacy" else "main"
        lines += [
            f"{constant(name)}: Final = Metric(",
            f"    {name!r},",
            f"    {spec['instrument']!r},",
            f"    {spec['unit']!r},",
            f"    {buckets!r},",
            f"    {generation!r},",
            f"    {tuple(spec['attributes'])!r},",
            f"    {spec.get('brief', '')!r},",
            ")",
        ]
    lines.append(f"\nMETRICS: Final = ({', '.join(constant(name) for name in registry['metrics'])})")
    return "\n".join(lines) + "\n"


def events(registry: dict[str, Any]) -> str:
    lines = [header("The events (log records) of the conventions.", registry)]
    lines += [
        "from __future__ import annotations\n",
        "from dataclasses import dataclass",
        "from typing import Final\n\n",
        "@dataclass(frozen=True)",
        "class Event:",
        '    """One row of the conventions\' table of events."""\n',
        "    name: str",
        "    severity_number: int | None",
        "    attributes: tuple[str, ...]\n\n",
    ]
    for name, spec in registry["events"].items():
        lines.append(f"{constant(name)}: Final = Event({name!r}, {spec['severity']!r}, {tuple(spec['attributes'])!r})")
    lines.append(f"\nEVENTS: Final = ({', '.join(constant(name) for name in registry['events'])})")
    return "\n".join(lines) + "\n"


def renamed(registry: dict[str, Any]) -> str:
    lines = [header("Older attribute names and what they are called now.", registry)]
    lines += ["from __future__ import annotations\n", "from typing import Final\n"]
    lines.append(f"RENAMED_ATTRIBUTES: Final[dict[str, str | None]] = {literal(registry['renamed'])}")
    lines.append('"""Older name to today\'s; None where nothing takes its place."""')
    return "\n".join(lines) + "\n"


FILES = {
    "attributes.py": attributes,
    "values.py": values,
    "spans.py": spans,
    "metrics.py": metrics,
    "events.py": events,
    "renamed.py": renamed,
}


def formatted(source: str) -> str:
    """The source as `ruff format` leaves it."""
    command = [Path(sys.executable).with_name("ruff"), "format", "--stdin-filename", PACKAGE / "generated.py", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Writes every file of the package; with `--check`, exits 1 where one differs instead."""
    registry = json.loads((HERE / "registry.json").read_text())
    stale = []
    for name, write in FILES.items():
        path, source = PACKAGE / name, formatted(write(registry))
        if "--check" not in sys.argv:
            path.write_text(source)
        elif path.read_text() != source:
            stale.append(path.name)
    if stale:
        sys.exit(f"Not what registry.json says: {', '.join(stale)}. Run `make semconv`.")


if __name__ == "__main__":
    main()
