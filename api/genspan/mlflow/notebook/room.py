"""How much of a large trace is shown: characters are counted, and what does not fit is left out and said."""

from __future__ import annotations

from genspan.mlflow.notebook.markup import Markup, element, text


class Room:
    """Characters of HTML that there is still room for, in a part of the view and in all that holds it."""

    def __init__(self, characters: int, whole: Room | None = None) -> None:
        self._characters = self._left = characters
        self._whole = whole
        self.is_cut = False
        """Whether something of this part was left out."""

    @property
    def left(self) -> int:
        """Characters; none left is 0."""
        return max(min(self._left, self._whole.left) if self._whole else self._left, 0)

    def part(self, characters: int) -> Room:
        """Room for a part of what this is for."""
        return Room(characters, self)

    def spend(self, characters: int) -> bool:
        """Takes room. False, and nothing taken, where there is not so much left."""
        if characters > self.left:
            self.is_cut = True
            return False
        self._take(characters)
        return True

    def settle(self, characters: int) -> None:
        """Gives back what was taken beyond what was used; tags are paid for at the most that they can take."""
        self._take(characters - (self._characters - self._left))

    def cut(self, value: str, most: int) -> Markup:
        """As much of a text as fits, and at most so many characters of it, with a note of how many are left out."""
        # As escaped, a character takes five at most.
        shown = value[: min(most, self.left // 5)]
        html = text(shown)
        self._take(len(html))
        if len(shown) == len(value):
            return html
        self.is_cut = True
        return Markup(html + left_out(f"{len(value) - len(shown):,} more characters"))

    def _take(self, characters: int) -> None:
        self._left -= characters
        if self._whole:
            self._whole._take(characters)


def left_out(what: str) -> Markup:
    """The note in the place of something that is not shown."""
    return element("span", f" … {what}", class_="gs-cut")
