"""What de-identifying DICOM is told and tells: options, recipe, job, and what pixels and checks report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from unseen.core.access import Access
from unseen.core.regions import Box
from unseen.errors import UsageError

__all__ = [
    "OPTIONS",
    "DicomChecked",
    "DicomJob",
    "DicomReceipt",
    "DicomRecipe",
    "PixelOutcome",
    "PixelResidue",
    "parse_options",
]

#: The options of PS3.15 (E.3) by the words of the command line, with their codes in CID 7050.
OPTIONS: Mapping[str, tuple[str, str]] = {
    "clean-pixel-data": ("113101", "Clean Pixel Data Option"),
    "clean-recognizable-visual-features": ("113102", "Clean Recognizable Visual Features Option"),
    "clean-graphics": ("113103", "Clean Graphics Option"),
    "clean-structured-content": ("113104", "Clean Structured Content Option"),
    "clean-descriptors": ("113105", "Clean Descriptors Option"),
    "retain-full-dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "retain-modified-dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain-patient-characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain-device-identity": ("113109", "Retain Device Identity Option"),
    "retain-uids": ("113110", "Retain UIDs Option"),
    "retain-safe-private": ("113111", "Retain Safe Private Option"),
    "retain-institution-identity": ("113112", "Retain Institution Identity Option"),
}

DicomStatus = Literal["released", "resumed", "failed", "skipped"]


def parse_options(words: str) -> frozenset[str]:
    """Return the options that a list with commas names; raises UsageError for an unknown one."""
    chosen = frozenset(word.strip() for word in words.split(",") if word.strip())
    unknown = sorted(chosen - OPTIONS.keys())
    if unknown:
        raise UsageError(f"unknown option {unknown[0]!r}; choose of {', '.join(OPTIONS)}")
    return chosen


@dataclass(frozen=True, slots=True)
class DicomRecipe:
    """How to de-identify: the Basic Profile of PS3.15 Annex E with `options`.

    Of what options would let stay, only the attributes `fields` do, by their keywords; None for all. `text` says which
    burned-in text goes, `deface` and `keep_face` what becomes of faces in head volumes;
    `unsafe_keep_pixels` releases pictures that may hold text or faces without looking at their pixels, and is recorded.
    `verify` says which written pictures are read again for text ("full": all that may show some; "sample": a share of
    them; "skip": none); bytes are searched in any case. Raises UsageError for options that contradict each other.
    """

    options: frozenset[str] = frozenset()
    text: Literal["all", "identifying"] = "all"
    deface: bool = False
    keep_face: bool = False
    unsafe_keep_pixels: bool = False
    verify: Literal["full", "sample", "skip"] = "full"
    sample_share: float = 0.1
    max_bytes: int = 4 << 30
    fields: frozenset[str] | None = None

    def __post_init__(self) -> None:
        unknown = sorted(self.options - OPTIONS.keys())
        if unknown:
            raise UsageError(f"unknown option {unknown[0]!r}; choose of {', '.join(OPTIONS)}")
        if {"retain-full-dates", "retain-modified-dates"} <= self.options:
            raise UsageError("retain-full-dates and retain-modified-dates contradict each other; choose one")
        if self.deface and self.keep_face:
            raise UsageError("--deface and --keep-face contradict each other; choose one")
        if not 0 < self.sample_share <= 1:
            raise UsageError(f"the share to verify must be above 0 and at most 1, got {self.sample_share}")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "profile": "basic",
            "edition": "PS3.15 2026d",
            "options": sorted(self.options),
            "text": self.text,
            "deface": self.deface,
            "keep_face": self.keep_face,
            "unsafe_keep_pixels": self.unsafe_keep_pixels,
            **({} if self.fields is None else {"fields": sorted(self.fields)}),
            "verify_pixels": self.verify,
            "sample_share": float(self.sample_share) if self.verify == "sample" else None,
        }

    def digest(self) -> str:
        """Return the SHA-256 of all that changes what is written."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DicomJob:
    """One call of `unseen dicom`: files, folders and zip archives in, a folder out.

    `key_file` None means a key that is made for this run and thrown away; `vault` is the file of the encrypted map.
    `workers` None means as many processes as fit. `purpose`, `actor` and `policy_file` say what it is done for, by
    whom, and under which policy.
    """

    sources: tuple[Path, ...]
    output: Path
    recipe: DicomRecipe = field(default_factory=DicomRecipe)
    key_file: Path | None = None
    vault: Path | None = None
    workers: int | None = None
    report: Path | None = None
    overwrite: bool = False
    show_names: bool = False
    policy_file: Path | None = None
    purpose: str | None = None
    actor: str | None = None

    @property
    def access(self) -> Access:
        """For what, by whom and under which policy it is done."""
        return Access(self.purpose, self.actor, self.policy_file)


@dataclass(frozen=True, slots=True)
class PixelOutcome:
    """What a pixel cleaner did with one instance.

    `changed` says that pixel data or what belongs to it was replaced; `hidden` counts regions; `applied` are the
    options of PS3.15 that were carried out and checked; `burned_in` and `recognizable` are the values of
    BurnedInAnnotation and RecognizableVisualFeatures that are now true, "" where nothing is known. Notes hold no
    contents.
    """

    changed: bool = False
    hidden: int = 0
    applied: frozenset[str] = frozenset()
    burned_in: Literal["", "NO", "YES"] = ""
    recognizable: Literal["", "NO", "YES"] = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PixelResidue:
    """Text that a second reader still sees in a written picture: the frame (from 0), where in its pixels, and whether
    it is what the original names ("identifier") or text that may not stay ("text"); never what it says."""

    frame: int
    box: Box
    kind: Literal["identifier", "text"]


@dataclass(frozen=True, slots=True)
class DicomChecked:
    """What verification says of one file: a line for each finding, without contents, none where it may be released.

    `links` tie it to the other files of its run: a kind, and salted digests of what a value was and of what it is.
    """

    findings: tuple[str, ...] = ()
    links: tuple[tuple[str, bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class DicomReceipt:
    """What happened to one instance; it names the input by number and commitment only, as paths may hold names.

    `actions` counts elements by what was done with them, `study` and `series` are the new UIDs. `pixels_verified` says
    that a second reader looked at the written picture, `hidden_again` how many places it made to be hidden.
    """

    number: int
    status: DicomStatus
    tag: str = ""
    output: str | None = None
    error: str | None = None
    input_hash: str | None = None
    output_hash: str | None = None
    sop_class: str = ""
    modality: str = ""
    study: str = ""
    series: str = ""
    actions: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    regions_hidden: int = 0
    pixels: str = ""
    verified: bool = False
    pixels_verified: bool = False
    hidden_again: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "number": self.number,
            "input": self.tag,
            "status": self.status,
            "output": self.output,
            "error": self.error,
            "input_hash": self.input_hash,
            "output_hash": self.output_hash,
            "sop_class": self.sop_class,
            "modality": self.modality,
            "actions": dict(self.actions),
            "notes": list(self.notes),
            "pixels": self.pixels,
            "regions_hidden": self.regions_hidden,
            "verified": self.verified,
            "pixels_verified": self.pixels_verified,
            "hidden_again": self.hidden_again,
            "seconds": {stage: round(s, 5) for stage, s in self.seconds.items()},
        }
