"""The rules by name: built in, in groups, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Final

from genspan.exporters.content.personal import PERSONAL
from genspan.exporters.content.redacting import Redaction, Redactor
from genspan.exporters.content.rule import Rule
from genspan.exporters.content.secrets import SECRETS

REDACTORS: Final = "genspan_redactor"
"""The entry-point group of users' own redaction: functions of text that return text."""

SECRETS_GROUP: Final = "secrets"
PERSONAL_GROUP: Final = "personal"
IDENTITIES_GROUP: Final = "identities"


class UnknownRule(ValueError):
    """A name that no rule has, and no installed package brings."""


def redaction(names: Iterable[str], /, **own: Redactor) -> Redaction:
    """Redaction by the rules of these names: groups, single rules, or entry points of `genspan_redactor`.

    Groups are `secrets`, `personal` (what can be told by its form: e-mail addresses, phone numbers, cards, IBANs, IP
    addresses, US social security numbers) and `identities` (ids of users and sessions). `own` are further redactors, by
    the names that the log has for them. Raises UnknownRule, and whatever loading an entry point raises.
    """
    rules: list[Rule] = []
    personal: list[Rule] = []
    redactors: list[tuple[str, Redactor]] = []
    identities = False
    for name in names:
        of_secrets = [rule for rule in SECRETS if name in (SECRETS_GROUP, rule.name)]
        of_persons = [rule for rule in PERSONAL if name in (PERSONAL_GROUP, rule.name)]
        rules += of_secrets
        personal += of_persons
        if name == IDENTITIES_GROUP:
            identities = True
        elif not of_secrets and not of_persons:
            redactors.append((name, _installed(name)))
    return Redaction(tuple(rules), tuple(personal), (*redactors, *own.items()), identities)


def _installed(name: str) -> Redactor:
    for point in entry_points(group=REDACTORS, name=name):
        loaded: Redactor = point.load()
        if not callable(loaded):
            raise TypeError(f"{point.value} is no function")
        return loaded
    known = ", ".join(
        (SECRETS_GROUP, PERSONAL_GROUP, IDENTITIES_GROUP, *dict.fromkeys(rule.name for rule in (*SECRETS, *PERSONAL)))
    )
    raise UnknownRule(f"there is no rule {name!r}; there are {known}, and entry points of {REDACTORS}")
