"""Before a file gets its name: hide, write, read back, check; hide again what still shows; else delete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unseen.adapters.files_output import discard, stage
from unseen.core.formats import FORMATS
from unseen.core.looks import DEFAULT_LOOKS, Look
from unseen.core.photos import Photo
from unseen.core.ports import PhotoCodec
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.verdicts import ResiduesRemain, verdict_of
from unseen.errors import UnseenError, VerificationFailed
from unseen.media.margins import cover
from unseen.media.photos import FrameRegions, hide_regions
from unseen.media.views import rgb_views
from unseen.verify.metadata import findings_text, scan
from unseen.verify.residues import SecondOpinion, residues

__all__ = [
    "MAX_ROUNDS",
    "Staged",
    "Workbench",
    "left_over",
    "stage_verified",
    "with_residues",
]

#: How often residues are hidden again before a file fails.
MAX_ROUNDS = 3
_GROWTH = 0.25


@dataclass(frozen=True, slots=True)
class Staged:
    """A verified file under its temporary name: its path, bytes, the regions it hides and the verdict."""

    path: Path
    data: bytes
    regions: FrameRegions
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Workbench:
    """What staging works with: codec, second opinion, noise source, folder for staged files, stop watch."""

    codec: PhotoCodec
    opinion: SecondOpinion
    noise: np.random.Generator
    folder: Path
    watch: Stopwatch


def stage_verified(
    photo: Photo, regions: FrameRegions, recipe: Recipe, bench: Workbench, name: str, *, look_again: bool
) -> Staged:
    """Hide the regions, write the photo under a temporary name, and verify what was written.

    `look_again` asks for re-detection by the second model family; the bytes are scanned for metadata in any case.
    What still shows is hidden in the original too, and checked again, three times at most. Raises VerificationFailed
    or OutputFailed and leaves nothing then.
    """
    total = 0
    for round_ in range(MAX_ROUNDS + 1):
        with bench.watch.time("hide"):
            hidden = hide_regions(photo, regions, bench.noise)
        with bench.watch.time("encode"):
            data = bench.codec.encode(hidden, format=recipe.format, keep=recipe.keep)
            path = stage(data, bench.folder, name)
        try:
            left = _check(path, photo, regions, recipe, bench, name, look_again=look_again)
        except BaseException:
            discard(path)
            raise
        found = sum(map(len, left))
        if not found:
            verdict = verdict_of(recipe, bench.opinion, total, round_, scanned="" if look_again else "metadata")
            return Staged(path, data, regions, verdict)
        discard(path)
        total += found
        regions = with_residues(regions, left, recipe, photo, earlier=round_)
    raise ResiduesRemain(
        f"{name}: {found} faces or plates still show after {MAX_ROUNDS} more tries; mark them by hand or leave it out"
    )


def _check(
    path: Path, photo: Photo, regions: FrameRegions, recipe: Recipe, bench: Workbench, name: str, *, look_again: bool
) -> list[list[Detection]]:
    """Read the written file back; return what a second model family still sees in each frame."""
    with bench.watch.time("verify"):
        written = path.read_bytes()
        findings = scan(written, keep=recipe.keep)
        if findings:
            raise VerificationFailed(f"{name}: the output holds {findings_text(findings)}; report this with the format")
        if not look_again:
            return [[] for _ in photo.frames]
        again = _decode_again(written, name, bench.codec, recipe, photo)
        return left_over(again, regions, recipe, bench.opinion)


def left_over(photo: Photo, regions: FrameRegions, recipe: Recipe, opinion: SecondOpinion) -> list[list[Detection]]:
    """Return what a second model family still sees in each frame of a redacted photo."""
    return [
        [d for view in rgb_views(frame) for d in residues(view, parts, opinion, recipe.hidden)]
        for frame, parts in zip(photo.frames, regions, strict=True)
    ]


def _decode_again(written: bytes, name: str, codec: PhotoCodec, recipe: Recipe, photo: Photo) -> Photo:
    ending = FORMATS[recipe.format or photo.format][0]
    # A result may have more bytes than its input was allowed to.
    limits = replace(recipe.limits, max_bytes=len(written))
    try:
        again = codec.decode(written, f"output.{ending}", limits)
    except UnseenError as error:
        raise VerificationFailed(f"{name}: the output cannot be read back ({error}); try another --format") from error
    sizes = [(f.width, f.height) for f in photo.frames]
    if [(f.width, f.height) for f in again.frames] != sizes:
        raise VerificationFailed(f"{name}: the output has other frames than the input; try another --format")
    return again


def with_residues(
    regions: FrameRegions, left: list[list[Detection]], recipe: Recipe, photo: Photo, *, earlier: int = 0
) -> FrameRegions:
    """Add regions for what still shows; they are hidden without interference, whatever look the recipe has.

    They grow with the number of `earlier` rounds: what shows again beside what was hidden is often the same thing. The
    last round lays one colour over it, because a surface can look like a face by chance.
    """
    looks = {cls: look if look.non_interfering else DEFAULT_LOOKS[cls] for cls, look in recipe.looks.items()}
    if earlier >= MAX_ROUNDS - 1:
        looks = dict.fromkeys(looks, Look("solid"))
    margin = min(2.0, recipe.margin + _GROWTH * earlier)
    safe = replace(recipe, looks={**recipe.looks, **{c: looks[c] for c in recipe.hidden}}, margin=margin)
    return tuple(
        parts + tuple(cover(found, safe, frame.width, frame.height, reason="verification"))
        for parts, found, frame in zip(regions, left, photo.frames, strict=True)
    )
