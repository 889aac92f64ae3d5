"""Values of a file that know where they stand, so that whatever is said of one can name its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from unseen.errors import DamagedInput
from unseen.govern.documents.model import Source

__all__ = ["Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a JSON or YAML file: the file's name as it is shown, and the value's JSON pointer (RFC 6901).

    What is asked for and is missing, or of another kind, raises DamagedInput with the place.
    """

    value: Any
    place: str
    pointer: str = ""

    @property
    def source(self) -> Source:
        """Where the value stands."""
        return Source(self.place, self.pointer)

    def __getitem__(self, key: str | int) -> Node:
        found = self.get(key)
        if found is None:
            raise self._damaged(f"has no {key}")
        return found

    def get(self, key: str | int) -> Node | None:
        """Return a value of a mapping or a list, None if there is none."""
        value = self.value
        there = key in value if isinstance(value, Mapping) else isinstance(value, list) and key in range(len(value))
        return self._below(key) if there else None

    def _below(self, key: str | int) -> Node:
        step = str(key).replace("~", "~0").replace("/", "~1")
        return Node(self.value[key], self.place, f"{self.pointer}/{step}")

    def each(self) -> Iterator[Node]:
        """Yield the values of a list."""
        if not isinstance(self.value, list):
            raise self._damaged("is no list")
        for number in range(len(self.value)):
            yield self._below(number)

    def pairs(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys and values of a mapping."""
        if not isinstance(self.value, Mapping):
            raise self._damaged("is no mapping")
        for key in self.value:
            yield str(key), self._below(key)

    def text(self) -> str:
        """Return a text of one line, in which every character can be printed."""
        if not isinstance(self.value, str) or not self.value.isprintable():
            raise self._damaged("is no text of one line")
        return self.value

    def whole(self) -> int:
        """Return a whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self._damaged("is no whole number")
        return self.value

    def number(self) -> float:
        """Return a number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._damaged("is no number")
        return float(self.value)

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self._damaged("is neither true nor false")
        return self.value

    def words(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(each.text() for each in self.each())

    def _damaged(self, what: str) -> DamagedInput:
        return DamagedInput(f"{self.place}#{self.pointer or '/'}: {what}; take the file as it was written")
