"""A job: what to redact, where to, by which recipe, under which policy and key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unseen.core.access import Access
from unseen.core.counts import Counting
from unseen.core.recipe import Recipe
from unseen.core.scene import COUNTED, Calibration, Line, Zone

__all__ = ["CountJob", "Job", "Renaming", "SceneJob"]

Renaming = Literal["keep", "pseudonym"]


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `unseen redact`.

    `sources` are files and folders; `output` is a folder. `key` is the secret behind keyed hashes, None for one that
    is made for this run and thrown away. `regions` is a file for what is hidden in each frame of videos, `edits` one
    with what a person changes in that, `preview` asks for a small copy of each video with its tracks drawn in.
    `counting` asks for counts of what passes in videos. `workers` None means as many processes as fit the work and the
    machine. `purpose` and `actor` say what it is done for, and by whom. `credentials` is a certificate, and
    `credentials_key` its private key, with which content credentials are signed.
    """

    sources: tuple[Path, ...]
    output: Path
    recipe: Recipe = field(default_factory=Recipe)
    policy_file: Path | None = None
    key_file: Path | None = None
    plain_hashes: bool = False
    rename: Renaming = "keep"
    overwrite: bool = False
    device: str = "auto"
    workers: int | None = None
    report: Path | None = None
    sheet: Path | None = None
    regions: Path | None = None
    edits: Path | None = None
    preview: bool = False
    counting: Counting | None = None
    purpose: str | None = None
    actor: str | None = None
    credentials: Path | None = None
    credentials_key: Path | None = None

    @property
    def access(self) -> Access:
        """For what, by whom and under which policy it is done."""
        return Access(self.purpose, self.actor, self.policy_file)


@dataclass(frozen=True, slots=True)
class CountJob:
    """One call of `unseen count` that writes no video: videos and folders of them, and how they are counted.

    `stride` is the number of frames from look to look, None for as often as movement asks; `access` says what it is
    done for, by whom and under which policy.
    """

    sources: tuple[Path, ...]
    counting: Counting
    stride: int | None = None
    device: str = "auto"
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, slots=True)
class SceneJob:
    """One call of `unseen scene draw`: a picture of the camera (a photo or a video, of which the first frame is taken),
    what is drawn on it, and the scene file to write. Without lines and zones a page is written to draw them in."""

    frame: Path
    out: Path
    lines: tuple[Line, ...] = ()
    zones: tuple[Zone, ...] = ()
    calibration: Calibration | None = None
    classes: tuple[str, ...] = COUNTED
    device: str = "auto"
    overwrite: bool = False
