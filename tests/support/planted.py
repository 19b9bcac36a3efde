"""Secrets and personal data that a test plants in an app, each of them one of a kind."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Plant:
    """What is planted, and how it is said."""

    kind: str
    needle: str
    """What must not be found."""
    text: str
    """What an app says with it."""


def _random(r: random.Random, length: int, letters: str = _LETTERS) -> str:
    return "7" + "".join(r.choices(letters, k=length - 1))


def _digits(r: random.Random, length: int) -> str:
    return "".join(r.choices(string.digits, k=length))


def _card(r: random.Random) -> str:
    digits = "4" + _digits(r, 14)
    total = sum(int(d) if n % 2 else (2 * int(d) - 9 * (int(d) > 4)) for n, d in enumerate(digits))
    number = digits + str(-total % 10)
    return " ".join(number[n : n + 4] for n in range(0, 16, 4))


def _iban(r: random.Random) -> str:
    account = _digits(r, 18)
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


KINDS: dict[str, tuple[Callable[[random.Random], str], str]] = {
    "openai": (lambda r: f"sk-proj-{_random(r, 40)}", "my key is {}, keep it"),
    "anthropic": (lambda r: f"sk-ant-api03-{_random(r, 60)}", "use {} there"),
    "google": (lambda r: f"AIza{_random(r, 35)}", "maps key={}"),
    "aws_id": (lambda r: f"AKIA{_random(r, 16, string.ascii_uppercase + string.digits)}", "id {} of ours"),
    "aws_secret": (lambda r: f"aB{_random(r, 38)}", "AKIAIOSFODNN7EXAMPLE with {} as its secret"),
    "github": (lambda r: f"ghp_{_random(r, 36)}", "git clone with {}"),
    "slack": (lambda r: f"xoxb-{_digits(r, 12)}-{_random(r, 24)}", "post by {}"),
    "stripe": (lambda r: "sk_" + f"live_{_random(r, 24)}", "charge by {}."),
    "huggingface": (lambda r: f"hf_{_random(r, 34)}", "pull with {}"),
    "databricks": (lambda r: f"dapi{''.join(r.choices('0123456789abcdef', k=32))}", "token={}"),
    "azure": (lambda r: f"{_random(r, 86)}==", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};"),
    "jwt": (lambda r: f"eyJ{_random(r, 20)}.eyJ{_random(r, 30)}.{_random(r, 43)}", "the session is {} today"),
    "private_key": (lambda r: _random(r, 60), "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"),
    "bearer": (lambda r: _random(r, 30), "curl -H 'Authorization: Bearer {}' x"),
    "basic": (lambda r: base64.b64encode(f"bob:{_random(r, 12)}".encode()).decode(), "Authorization: Basic {}"),
    "connection": (lambda r: _random(r, 12), "postgresql://bob:{}@db.example.org/shop"),
    "parameter": (lambda r: _random(r, 20), "GET https://api.example.org/v1?a=1&access_token={}&b=2"),
    "password": (lambda r: _random(r, 10), "the password: {} and nothing else"),
    "json": (lambda r: _random(r, 14), '{{"user": "bob", "client_secret": "{}", "n": 1}}'),
    "email": (lambda r: f"{_random(r, 10).lower()}@mail.example.org", "write to {}!"),
    "phone": (lambda r: f"+49 151 {_digits(r, 8)}", "call {} now"),
    "card": (_card, "pay by {}"),
    "iban": (_iban, "pay to {} please"),
    "ssn": (lambda r: f"{r.randint(100, 665)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}", "my number is {}"),
    "ip": (lambda r: f"10.{r.randint(100, 255)}.{r.randint(100, 255)}.{r.randint(100, 255)}", "from {}."),
}


def plants(count: int, seed: int = 7) -> list[Plant]:
    """So many, of all kinds in turn."""
    r = random.Random(seed)
    made = []
    for n in range(count):
        kind, (make, text) = list(KINDS.items())[n % len(KINDS)]
        needle = make(r)
        made.append(Plant(kind, needle, text.format(needle)))
    assert len({plant.needle for plant in made}) == count
    return made


def written(needle: str) -> str:
    """As JSON has it."""
    return json.dumps(needle)[1:-1]
