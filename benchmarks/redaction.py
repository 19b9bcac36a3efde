"""What redaction costs in the export thread, per thousand characters of text: `python benchmarks/redaction.py`.

Processor time of the fastest of five rounds. `clean` is prose with nothing to find; `messages` is the same as JSON in
`gen_ai.input.messages`; `full` has a secret in every hundred characters; `worst` is the slowest text known.
`copy` is str.upper of the same text, by which machines can be compared.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

from genspan.exporters.content import Redaction, redaction
from genspan.exporters.content.redacting import Tally

PROSE = "The quick brown fox, aged 42, jumps over the lazy dog: that is the key to his success, says Ada. "
SECRET = "My password: hunter2, mail ada@example.org, and use sk-proj-abcDEF1234567890abcDEF12345 for it.   "


def fastest(work: Callable[[], object], times: int) -> float:
    """Seconds of one call."""
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - started) / times)
    return best


def _redact(rules: Redaction, text: str) -> object:
    return rules.value(text, Tally())


def main() -> None:
    """Prints a table in Markdown."""
    policies = {"secrets": redaction(["secrets"]), "secrets,personal": redaction(["secrets", "personal"])}
    print("| text | characters | copy | " + " | ".join(policies) + " |")
    print("|---|---:|---:|" + "---:|" * len(policies))
    for size in (1_000, 100_000, 10_000_000):
        times = max(1, 1_000_000 // size // 5)
        clean = (PROSE * (size // len(PROSE) + 1))[:size]
        texts = {
            "clean": clean,
            "messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": clean}]}]),
            "full": (SECRET * (size // len(SECRET) + 1))[:size],
        }
        for name, text in texts.items():
            if name == "full" and size > 1_000_000:
                continue
            cells = [fastest(text.upper, times)]
            cells += [fastest(partial(_redact, rules, text), times) for rules in policies.values()]
            shown = " | ".join(f"{seconds * 1e9 / size:.1f}" for seconds in cells)
            print(f"| {name} | {size:,} | {shown} |")
    worst = "?key=" * 80_000
    cells = [fastest(worst.upper, 1), *(fastest(partial(_redact, rules, worst), 1) for rules in policies.values())]
    print(f"| worst | {len(worst):,} | " + " | ".join(f"{seconds * 1e9 / len(worst):.1f}" for seconds in cells) + " |")


if __name__ == "__main__":
    main()
