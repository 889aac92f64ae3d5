"""The charter: what unseen.yaml says, as frozen values. Purposes form a tree, in which nothing widens downwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from unseen.policy.roles import Person
from unseen.policy.rules import Policy

__all__ = [
    "MODES",
    "OUTPUTS",
    "TO_FILL_IN",
    "Budget",
    "Charter",
    "Controller",
    "Kept",
    "Mode",
    "Purpose",
    "Source",
    "from_floor",
]

Mode = Literal["observe", "warn", "enforce"]
MODES: tuple[str, ...] = get_args(Mode)
#: What may come out under a purpose.
OUTPUTS: tuple[str, ...] = ("photo", "video", "live", "table", "dicom", "model", "synthetic")
#: Name and contact of the controller in a policy to begin with, until somebody writes who it is.
TO_FILL_IN = ("NAME OF YOUR ORGANISATION", "privacy@example.org")


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the data, and how they, and their data protection officer, are reached."""

    name: str
    contact: str
    dpo: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The data that a purpose needs; all else is dropped. None means that nothing is said.

    `classes` may stay visible, all others that are detected are hidden; `metadata` may be kept in files; `fields` are
    the columns of tables; `max_side` is the longer side of pictures in pixels, `max_rate` frames a second.
    """

    classes: frozenset[str] | None = None
    metadata: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    max_side: int | None = None
    max_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How much differentially private releases under a purpose may reveal in all: epsilon, delta."""

    epsilon: float
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose, with what it inherited: term, basis, end of storage, what may be done, made, kept, and by whom."""

    name: str
    description: str = ""
    term: str = "dpv:Purpose"
    basis: str = ""
    special_basis: str = ""
    retention_s: float | None = None
    actions: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    who: frozenset[str] = frozenset()
    consent: bool = False
    floor: Policy = field(default_factory=Policy)
    kept: Kept = field(default_factory=Kept)
    budget: Budget | None = None

    @property
    def parent(self) -> str | None:
        """The name of the next wider purpose."""
        above = self.name.rpartition(".")[0]
        return above or None


@dataclass(frozen=True, slots=True)
class Source:
    """Where data comes from: paths below the charter's folder, cameras by name, DICOM senders by AE title; and what its
    labels begin with."""

    name: str
    paths: tuple[str, ...] = ()
    cameras: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    prohibitions: frozenset[str] = frozenset()
    jurisdiction: frozenset[str] = frozenset()

    def holds(self, below: str) -> bool:
        """Whether a path below the charter's folder, with slashes, belongs to this source."""
        return any(_matches(below, pattern) for pattern in self.paths)


def _matches(below: str, pattern: str) -> bool:
    """Match a path: a pattern that ends in / stands for all below that folder; * is any text, with folders in it."""
    if pattern.endswith("/"):
        return below.startswith(pattern)
    return fnmatchcase(below, pattern)


@dataclass(frozen=True, slots=True)
class Charter:
    """All that a policy file says; `rules` are texts of Cedar rules that are added to those of the purposes."""

    controller: Controller | None = None
    mode: Mode = "enforce"
    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    floor: Policy = field(default_factory=Policy)
    needs_purpose: bool = True

    def source_of(self, below: str) -> Source | None:
        """Return the source that a path belongs to, the first that is named; None for a path of no source."""
        return next((source for source in self.sources.values() if source.holds(below)), None)

    def source_of_camera(self, camera: str) -> Source | None:
        """Return the source that a camera belongs to."""
        return next((source for source in self.sources.values() if camera in source.cameras), None)

    def source_of_sender(self, title: str) -> Source | None:
        """Return the source that has a sender of DICOM objects, by its AE title."""
        return next((source for source in self.sources.values() if title.strip() in source.senders), None)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: sets as sorted lists, for the digest and for comparing two charters."""
        plain = _plain(self)
        return dict(plain)

    def digest(self) -> str:
        """Return the SHA-256 of the charter in canonical JSON, hexadecimal."""
        if not self.needs_purpose:
            return self.floor.digest()
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def from_floor(floor: Policy) -> Charter:
    """Return what rules on recipes mean alone: no purposes, and the built-in policy for all else."""
    return Charter(floor=floor, needs_purpose=False)
