"""What is known of a model: its catalogue entry, and the file that was found for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["DETECTOR_SIDE", "ModelEntry", "ModelFile", "UrlSource", "WheelMember"]

#: Longer side in pixels of the pictures that detectors get, of photos and of videos: those that hide, and those that
#: verify, which would miss what the others missed if they got less.
DETECTOR_SIDE = 1280


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside a wheel on the package index; the wheel is pinned by its SHA-256."""

    project: str
    version: str
    wheel_sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file at a URL; its bytes are compared with the entry's SHA-256."""

    url: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that Unseen knows how to run: facts, licence of the weights, and where its file comes from.

    `family` names the architecture, so that verification can ask for another one. `sha256` is None where the user
    makes or brings the file (then its hash is recorded in receipts). `sources` are tried in order, after the folder
    in UNSEEN_MODELS and the user's cache.
    """

    name: str
    family: str
    task: str
    classes: tuple[str, ...]
    filename: str
    licence: str
    training_data: str
    size_bytes: int | None
    sha256: str | None
    sources: tuple[WheelMember | UrlSource, ...]
    how_to_get: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that was found: entry, path, SHA-256 of its bytes, and whose it is.

    `origin` is "catalogue" when the hash is the pinned one and "user" when the file is the user's own.
    """

    entry: ModelEntry
    path: Path
    sha256: str
    origin: Literal["catalogue", "user"]

    @property
    def name(self) -> str:
        """The catalogue name."""
        return self.entry.name
