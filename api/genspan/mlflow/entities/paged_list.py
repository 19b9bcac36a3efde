"""A page of a search's results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


class PagedList(list[Item]):
    """A list, and in `token` what to ask for the next page with; None on the last."""

    def __init__(self, items: Iterable[Item], token: str | None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[Item]:
        """The items alone."""
        return list(self)
