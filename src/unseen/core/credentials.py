"""What a content credential says of a released photo or video: what was done, by which rules, how it was checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unseen.core.formats import FORMATS
from unseen.core.receipts import Verdict
from unseen.core.regions import Box

__all__ = [
    "MOST_AREAS", "REDACTION", "Area", "Facts", "Signatory", "Statement", "area_of", "distinct", "media_type_of",
]  # fmt: skip

#: Label of the assertion of our own.
REDACTION = "org.unseen.redaction"
#: Formats that can carry credentials, by our name or a video's ending, and what C2PA calls them.
_MEDIA_TYPES: dict[str, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "avif": "image/avif",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
}
#: Areas in one statement; with more, one that covers all of them is named.
MOST_AREAS = 64
#: Areas are told in steps of so many percent of the picture, outward: enough to see where, too coarse to measure by.
_STEP = 10


def media_type_of(name: str) -> str | None:
    """Return what C2PA calls a file of this name, None where such files cannot have credentials."""
    ending = name.rpartition(".")[2].lower()
    formats = (format for format, endings in FORMATS.items() if ending in endings)
    return _MEDIA_TYPES.get(next(formats, ending))


@dataclass(frozen=True, slots=True, order=True)
class Area:
    """A part of the picture in percent of its sides, by tens, and in videos the whole seconds in which it is hidden."""

    x: int
    y: int
    width: int
    height: int
    start: int | None = None
    end: int | None = None

    def holds(self, other: Area) -> bool:
        """Whether another area lies within this one."""
        within = self.x <= other.x and other.x + other.width <= self.x + self.width
        within = within and self.y <= other.y and other.y + other.height <= self.y + self.height
        if self.start is None or self.end is None or other.start is None or other.end is None:
            return within and self.start == other.start
        return within and self.start <= other.start and other.end <= self.end

    def as_change(self) -> dict[str, Any]:
        """Return the area as C2PA describes a region of interest."""
        ranges: list[dict[str, Any]] = [
            {
                "type": "spatial",
                "shape": {
                    "type": "rectangle",
                    "unit": "percent",
                    "origin": {"x": float(self.x), "y": float(self.y)},
                    "width": float(self.width),
                    "height": float(self.height),
                },
            }
        ]
        if self.start is not None:
            ranges.append({"type": "temporal", "time": {"type": "npt", "start": str(self.start), "end": str(self.end)}})
        return {"region": ranges}


def area_of(box: Box, width: int, height: int, seconds: tuple[float, float] | None = None) -> Area:
    """Return a box in a picture of `width` x `height` pixels, rounded outward, so that it measures nobody."""
    x1, x2 = _outward(box.x1, box.x2, width)
    y1, y2 = _outward(box.y1, box.y2, height)
    start, end = (None, None) if seconds is None else (math.floor(max(0.0, seconds[0])), math.ceil(seconds[1]))
    return Area(x1, y1, x2 - x1, y2 - y1, start, end)


def _outward(low: float, high: float, side: int) -> tuple[int, int]:
    steps = 100 // _STEP
    first = min(steps - 1, max(0, math.floor(low * steps / side)))
    last = max(first + 1, min(steps, math.ceil(high * steps / side)))
    return first * _STEP, last * _STEP


def distinct(areas: Iterable[Area]) -> tuple[Area, ...]:
    """Return areas, sorted, without those that lie within others; where they are too many, one that covers all."""
    largest = sorted(set(areas), key=lambda a: (-a.width * a.height, a.start or 0, -(a.end or 0), a.x, a.y))
    kept: list[Area] = []
    for area in largest:
        if not any(other.holds(area) for other in kept):
            kept.append(area)
        if len(kept) > MOST_AREAS:
            return (_around(largest),)
    return tuple(sorted(kept, key=lambda a: (a.start or 0, a.y, a.x, a.width, a.height, a.end or 0)))


def _around(areas: list[Area]) -> Area:
    x, y = min(a.x for a in areas), min(a.y for a in areas)
    right, bottom = max(a.x + a.width for a in areas), max(a.y + a.height for a in areas)
    starts, ends = [a.start for a in areas if a.start is not None], [a.end for a in areas if a.end is not None]
    return Area(x, y, right - x, bottom - y, min(starts, default=None), max(ends, default=None))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said alike of all files of a run: SHA-256 of policy and recipe, models by name, looks by class (with
    their strength, as mosaic:6), and origin, size and root of the ledger's head, where there is a ledger."""

    policy: str
    recipe: str
    models: Mapping[str, str]
    looks: Mapping[str, str]
    ledger: tuple[str, int, str] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said of one file: facts of the run, verdict, where something was hidden, and how many tracks a person
    removed, kept visible and added, None where nobody changed anything."""

    facts: Facts
    verdict: Verdict
    areas: tuple[Area, ...] = ()
    by_hand: tuple[int, int, int] | None = None

    def redaction(self) -> dict[str, Any]:
        """Return the content of our own assertion; nothing in it tells the original, its name or a person."""
        facts, verdict = self.facts, self.verdict
        said: dict[str, Any] = {
            "version": 1,
            "policy": facts.policy,
            "recipe": facts.recipe,
            "models": dict(facts.models),
            "looks": dict(facts.looks),
            "verdict": {
                "outcome": verdict.outcome,
                "checked": list(verdict.checked),
                "unchecked": list(verdict.unchecked),
            },
        }
        if self.by_hand is not None:
            said["by_hand"] = dict(zip(("removed", "visible", "added"), self.by_hand, strict=True))
        if facts.ledger is not None:
            origin, size, root = facts.ledger
            said["ledger"] = {"origin": origin, "size": size, "root": root}
        return said

    def edited(self) -> dict[str, Any]:
        """Return the action that hid something; without areas nothing was found that had to be hidden."""
        changes = [area.as_change() for area in self.areas]
        return {"action": "c2pa.edited", **({"reason": "c2pa.PII.present", "changes": changes} if changes else {})}


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs: certificates (PEM, the signer's own first, no root), private key (PEM, never shown), C2PA's name of
    the algorithm, and the SHA-256 of the certificate."""

    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)
    algorithm: str
    fingerprint: str
