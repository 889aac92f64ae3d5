"""What was made from what: one step of a lineage, and the override of a state that two people have to agree on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Made", "Override"]

#: What an item can be.
KINDS: tuple[str, ...] = ("photo", "video", "live", "table", "dicom", "model", "synthetic", "other")


@dataclass(frozen=True, slots=True)
class Made:
    """An item that was made from another: its commitment, kind, how many steps away, its state, and when (seconds)."""

    item: str
    kind: str
    depth: int
    state: str
    at: float


@dataclass(frozen=True, slots=True)
class Override:
    """A state that one person proposes for an item, by hand; a second person has to propose the same."""

    item: str
    state: str
    proposed_by: str
    reason: str
    at: float
