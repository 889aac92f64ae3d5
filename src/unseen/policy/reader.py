"""Reads plain values of a policy file one by one and collects every fault with the place it is at."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

__all__ = ["Fault", "Place", "Reader", "span_of"]

#: Where a value is: the keys and numbers that lead to it.
Place = tuple[str | int, ...]

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(hours?|days?|weeks?|months?|years?)")
_HOURS = {"hour": 1, "day": 24, "week": 168, "month": 730, "year": 8766}


def span_of(text: str) -> float | None:
    """Return the seconds of a span, as "90 days" or "2 years" (of 365.25 days), or None if it is none."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return None
    seconds = float(found[1]) * _HOURS[found[2].removesuffix("s")] * 3600
    return seconds if 0 < seconds < 1e11 else None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a policy file, where, and what to write instead."""

    place: Place
    text: str

    def __str__(self) -> str:
        where = ".".join(str(each) for each in self.place)
        return f"{where}: {self.text}" if where else self.text


@dataclass(slots=True)
class Reader:
    """Takes values out of mappings; what is wrong becomes a fault, and the value None."""

    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: Place, text: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(place, text))

    def mapping(self, value: Any, place: Place, known: Collection[str] | None = None) -> Mapping[str, Any]:
        """Return a mapping whose keys are all known, an empty one if it is none; None as `known` takes every key."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.fault(place, "write keys with values here")
            return {}
        for key in value:
            if known is not None and key not in known:
                self.fault((*place, key), f"unknown key; {_meant(key, known)}")
        return value

    def text(self, values: Mapping[str, Any], key: str, place: Place, *, required: bool = False) -> str:
        """Return a text of one line, "" if it is absent."""
        value = values.get(key)
        if value is None:
            if required:
                self.fault(place, f"{key} is missing; every policy says it")
            return ""
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 500:
            self.fault((*place, key), "write a text of one line")
            return ""
        return value.strip()

    def word(self, values: Mapping[str, Any], key: str, place: Place, known: Collection[str]) -> str | None:
        """Return one of the known words, None if it is absent."""
        value = values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or value not in known:
            self.fault((*place, key), f"unknown word {value!r}; {_meant(value, known)}")
            return None
        return value

    def words(
        self,
        values: Mapping[str, Any],
        key: str,
        place: Place,
        good: Collection[str] | Callable[[str], bool],
        what: str,
    ) -> frozenset[str] | None:
        """Return a set of words, which are among the known ones or pass a test; None if it is absent."""
        value = values.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.fault((*place, key), "write a list, as [one, another]")
            return None
        for number, word in enumerate(value):
            fits = isinstance(word, str) and (good(word) if callable(good) else word in good)
            if not fits:
                hint = what if callable(good) else _meant(word, good)
                self.fault((*place, key, number), f"unknown word {word!r}; {hint}")
        return frozenset(word for word in value if isinstance(word, str))

    def flag(self, values: Mapping[str, Any], key: str, place: Place) -> bool | None:
        """Return true or false, None if it is absent."""
        value = values.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.fault((*place, key), "write true or false")
        return None

    def number(
        self, values: Mapping[str, Any], key: str, place: Place, *, low: float, whole: bool = False
    ) -> float | None:
        """Return a finite number of at least `low`, None if it is absent."""
        value = values.get(key)
        if value is None:
            return None
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value) or value < low:
            self.fault((*place, key), f"write a {'whole ' if whole else ''}number of at least {low:g}")
            return None
        return value

    def span(self, values: Mapping[str, Any], key: str, place: Place) -> float | None:
        """Return a span of time in seconds, None if it is absent."""
        value = values.get(key)
        if value is None:
            return None
        seconds = span_of(value) if isinstance(value, str) else None
        if seconds is None:
            self.fault((*place, key), "write a span, as 24 hours, 90 days, 6 months or 2 years")
        return seconds


def _meant(word: Any, known: Collection[str]) -> str:
    """Return what was probably meant, or all that can be."""
    close = get_close_matches(str(word), list(known), n=1, cutoff=0.7)
    return f"did you mean {close[0]}?" if close else f"choose from {', '.join(sorted(known))}"
