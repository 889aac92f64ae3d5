"""Retention: which items have to be deleted by a moment, which of them are kept all the same, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from unseen.core.rights import Hold

__all__ = ["Due", "Graph", "Known", "Plan", "kept_of", "plan"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item: kind, end of storage (None for none), people, and whether it was deleted already.

    `at` is when it was first seen; times are seconds since 1970, people keyed identifiers.
    """

    item: str
    kind: str
    retain_until: float | None
    subjects: frozenset[str]
    at: float
    gone: bool = False


class Graph:
    """What was made from what; circles, which nothing of this program makes, end where they began."""

    def __init__(self, edges: Iterable[tuple[str, str]]) -> None:
        self._below: dict[str, list[str]] = defaultdict(list)
        self._above: dict[str, list[str]] = defaultdict(list)
        for child, parent in edges:
            self._below[parent].append(child)
            self._above[child].append(parent)

    def below(self, items: Iterable[str]) -> dict[str, int]:
        """Return all that was made from these, and they themselves, with how many steps away each is at least."""
        return _reached(items, self._below)

    def above(self, items: Iterable[str]) -> dict[str, int]:
        """Return all that these were made from, and they themselves."""
        return _reached(items, self._above)


def _reached(items: Iterable[str], steps: Mapping[str, Sequence[str]]) -> dict[str, int]:
    depth = dict.fromkeys(items, 0)
    ahead = list(depth)
    for item in ahead:  # grows while it is walked: nearest first
        for each in steps.get(item, ()):
            if each not in depth:
                depth[each] = depth[item] + 1
                ahead.append(each)
    return depth


@dataclass(frozen=True, slots=True)
class Due:
    """An item that has to be deleted: because its own time is over, or that of what it was made from."""

    known: Known
    derived: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be deleted, what was made last first, and what is kept although its time is over, with the reason."""

    due: tuple[Due, ...]
    kept: tuple[tuple[Known, str], ...]


def kept_of(
    items: Mapping[str, Known], graph: Graph, holds: Iterable[Hold], restricted: Iterable[str] = ()
) -> dict[str, str]:
    """Return which items must not be deleted, each with the reason.

    A hold is on an item, or on all that a person is in; what a held item was made from is needed with it. Data of a
    person who restricted processing is kept for that person (GDPR Art. 18(1)).
    """
    reasons: dict[str, str] = {}
    for hold in holds:
        held = [hold.item] if hold.item else [each.item for each in items.values() if hold.subject in each.subjects]
        for item, steps in graph.above(held).items():
            told = f"held: {hold.reason}" if not steps else f"what is held was made from it: {hold.reason}"
            if steps == 0 or item not in reasons:
                reasons[item] = told
    people = frozenset(restricted)
    for each in items.values():
        if people & each.subjects:
            reasons.setdefault(each.item, "a person in it restricted processing")
    return {item: reason for item, reason in reasons.items() if item in items}


def plan(items: Mapping[str, Known], graph: Graph, kept: Mapping[str, str], now: float) -> Plan:
    """Return what has to be deleted at a moment: what is expired, all that was made from it, but for what is kept.

    Cameras are no data; what was made of their pictures has its own end. What was deleted already is due again, in
    case a copy of it comes back.
    """
    expired = {
        each.item
        for each in items.values()
        if each.kind != "live" and each.retain_until is not None and each.retain_until <= now
    }
    reached = graph.below(expired)
    stored = [item for item in reached if item in items and items[item].kind != "live"]
    order = sorted(stored, key=lambda item: (-reached[item], item))
    due = tuple(Due(items[item], item not in expired) for item in order if item not in kept)
    return Plan(due, tuple((items[item], kept[item]) for item in order if item in kept))
