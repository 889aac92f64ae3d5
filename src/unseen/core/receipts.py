"""What is said of a run afterwards: verdicts, one receipt a file, and the report with its totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from unseen.core.looks import LEAKS
from unseen.core.models import ModelFile
from unseen.core.regions import Region

__all__ = [
    "SCHEMA",
    "EditsReceipt",
    "FaintReceipt",
    "FileReceipt",
    "FrameNote",
    "Status",
    "TrackReceipt",
    "Verdict",
    "VideoReceipt",
    "model_record",
    "region_record",
    "time_code",
]

#: Name and version of the report's format; a change that breaks readers raises the number.
SCHEMA = "unseen-report/1"

Outcome = Literal["pass", "fail", "not-verified"]
Status = Literal["released", "resumed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of verification before release.

    `metadata` is "pass" or what was found; `checked` and `unchecked` are hidden classes that a second model family
    could, and could not, look for; `rounds` counts how often residues were hidden again; `residues` counts those.
    """

    outcome: Outcome
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    residues: int = 0
    rounds: int = 0
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "outcome": self.outcome,
            "checked": list(self.checked),
            "unchecked": list(self.unchecked),
            "residues_hidden": self.residues,
            "rounds": self.rounds,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class TrackReceipt:
    """One object that was hidden over time; frames are counted from 0, times are seconds from the first frame.

    `detected` counts frames in which it was found, `bridged` the others between its first and last detection,
    `longest_gap` the most of these in a row. `review` says why a person should look at it, "" when the evidence is
    good.
    """

    number: int
    cls: str
    first: int
    last: int
    start: float
    end: float
    detected: int
    bridged: int
    longest_gap: int
    mean_score: float
    review: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "track": self.number,
            "class": self.cls,
            "first": self.first,
            "last": self.last,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "detected": self.detected,
            "bridged": self.bridged,
            "longest_gap": self.longest_gap,
            "mean_score": round(self.mean_score, 3),
        }


@dataclass(frozen=True, slots=True)
class FaintReceipt:
    """Something that was seen at several `looks`, never well enough to be hidden (`best` is its highest score), and is
    left visible; times are seconds from the first frame. A person who knows better can hide `box` (x1, y1, x2, y2 in
    pixels) in `frames`, first and last.
    """

    number: int
    cls: str
    start: float
    end: float
    looks: int
    best: float
    frames: tuple[int, int]
    box: tuple[int, int, int, int]

    @property
    def review(self) -> str:
        """Why a person should look at it."""
        return f"left visible: weak evidence, seen at {self.looks} looks, best score {self.best:.2f}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; `add` is what to write into the file of --edits to hide it."""
        return {
            "track": self.number,
            "class": self.cls,
            "from": time_code(self.start),
            "to": time_code(self.end),
            "reason": self.review,
            "add": {"class": self.cls, "frames": list(self.frames), "boxes": [list(self.box)]},
        }


@dataclass(frozen=True, slots=True)
class EditsReceipt:
    """What a person changed in a video: tracks (number, class) that are not hidden, or are kept visible by choice, and
    regions that were added (track, class, first and last frame). `spans` has when the former are seen (number, first
    and last second)."""

    removed: tuple[tuple[int, str], ...] = ()
    visible: tuple[tuple[int, str], ...] = ()
    added: tuple[tuple[int, str, int, int], ...] = ()
    spans: tuple[tuple[int, float, float], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return counts, and numbers by class, as plain values."""
        return {
            "counts": {"removed": len(self.removed), "visible": len(self.visible), "added": len(self.added)},
            "removed": _numbers_by_class(self.removed),
            "visible_by_choice": _numbers_by_class(self.visible),
            "added": [{"track": n, "class": cls, "first": first, "last": last} for n, cls, first, last in self.added],
        }


def _numbers_by_class(tracks: Sequence[tuple[int, str]]) -> dict[str, list[int]]:
    return {cls: sorted(n for n, c in tracks if c == cls) for cls in sorted({cls for _, cls in tracks})}


@dataclass(frozen=True, slots=True)
class Minimised:
    """What was taken from a video because its purpose does not need it: its size (width, height) in pixels and its
    frames a second, before and after, and how many frames were left out."""

    size_before: tuple[int, int]
    size: tuple[int, int]
    rate_before: float
    rate: float
    frames_left_out: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "size_before": list(self.size_before),
            "size": list(self.size),
            "rate_before": round(self.rate_before, 3),
            "rate": round(self.rate, 3),
            "frames_left_out": self.frames_left_out,
        }


@dataclass(frozen=True, slots=True)
class VideoReceipt:
    """What is said of a video beside what is said of every file.

    `whole` counts the frames that were hidden whole, `looked` those in which something was looked for, `checked` the
    pictures that a second model looked at; `problems` tell what was wrong with the input; `dropped` names what else
    the input held, by kind; `edits` what a person changed; `preview` names the preview below the output folder.
    `minimised` says what a smaller or slower video was before, None for one that is as it was. `tracks_digest` tells
    the tracks of the run that detected them from those of another, for edits; None where they cannot be edited.
    `faint` tells of what was left visible although it was seen for long, and `faint_more` how much more there is.
    """

    frames: int
    seconds: float
    tracks: tuple[TrackReceipt, ...] = ()
    whole: int = 0
    looked: int = 0
    checked: int = 0
    problems: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    edits: EditsReceipt | None = None
    preview: str | None = None
    minimised: Minimised | None = None
    tracks_digest: str | None = None
    faint: tuple[FaintReceipt, ...] = ()
    faint_more: int = 0

    @property
    def size_before(self) -> tuple[int, int] | None:
        """The size in whose pixels tracks and regions are told, None for that of the video itself."""
        return None if self.minimised is None else self.minimised.size_before

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; `needs_review` lists tracks with weak evidence, those left visible last."""
        weak = [track for track in self.tracks if track.review]
        return {
            "frames": self.frames,
            "duration": round(self.seconds, 3),
            "frames_hidden_whole": self.whole,
            "frames_looked_at": self.looked,
            "frames_checked": self.checked,
            "problems": list(self.problems),
            "dropped": list(self.dropped),
            "edits": None if self.edits is None else self.edits.as_dict(),
            "preview": self.preview,
            **({} if self.minimised is None else {"minimised": self.minimised.as_dict()}),
            "tracks_digest": self.tracks_digest,
            "tracks": [track.as_dict() for track in self.tracks],
            "needs_review": [
                {
                    "track": track.number,
                    "class": track.cls,
                    "from": time_code(track.start),
                    "to": time_code(track.end),
                    "reason": track.review,
                }
                for track in weak
            ]
            + [each.as_dict() for each in self.faint],
            **({"left_visible_not_listed": self.faint_more} if self.faint_more else {}),
        }


@dataclass(frozen=True, slots=True)
class FrameNote:
    """How far a video is: frames done, and in all, None where that is not known."""

    name: str
    done: int
    total: int | None


def time_code(seconds: float) -> str:
    """Return seconds as hours:minutes:seconds.milliseconds."""
    whole = round(max(0.0, seconds) * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """What happened to one file; `seconds` maps stages to times, hashes are keyed unless the report says plain.

    `label` is the signed label of the output, as plain values, where one was given; `credentials` names the manifest of
    its content credentials, and the certificate that signed it, where it has them.
    """

    input: str
    status: Status
    output: str | None = None
    error: str | None = None
    input_hash: str | None = None
    output_hash: str | None = None
    width: int = 0
    height: int = 0
    regions: tuple[tuple[Region, ...], ...] = ()
    verdict: Verdict | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    video: VideoReceipt | None = None
    label: Mapping[str, Any] | None = None
    credentials: Mapping[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the report's schema has them; a label only where a policy with purposes gave one."""
        return {
            "input": self.input,
            "status": self.status,
            "output": self.output,
            "error": self.error,
            "input_hash": self.input_hash,
            "output_hash": self.output_hash,
            "size": [self.width, self.height],
            "regions": [region_record(r, i) for i, frame in enumerate(self.regions) for r in frame],
            "verdict": None if self.verdict is None else self.verdict.as_dict(),
            "seconds": {stage: round(s, 4) for stage, s in self.seconds.items()},
            "video": None if self.video is None else self.video.as_dict(),
            **({} if self.label is None else {"label": dict(self.label)}),
            **({} if self.credentials is None else {"credentials": dict(self.credentials)}),
        }


def region_record(region: Region, frame: int) -> dict[str, Any]:
    """Return a region as plain values; methods that hold information carry the measured rate at which they leak."""
    look = region.look
    return {
        "frame": frame,
        "class": region.cls,
        "box": [int(v) for v in region.box.xyxy],
        "score": round(region.score, 4),
        "model": region.model,
        "reason": region.reason,
        "method": look.method,
        "shape": look.shape,
        "strength": look.strength_for(region.cls),
        "non_interfering": look.non_interfering,
        "leaks": LEAKS.get(look.method),
    }


def model_record(models: Sequence[ModelFile], devices: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the models of a run as plain values: hashes, licences, whose files they are, and what they ran on."""
    return [
        {
            "name": m.name,
            "family": m.entry.family,
            "sha256": m.sha256,
            "origin": m.origin,
            "licence": m.entry.licence,
            "device": devices.get(m.name),
        }
        for m in sorted(models, key=lambda m: m.name)
    ]
