"""A picture in which one person at most shows: everybody is hidden and looked for again, then that part is shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unseen.adapters.files_output import discard
from unseen.core.names import display
from unseen.core.photos import Photo
from unseen.core.ports import ModelStore
from unseen.core.receipts import FrameNote, Verdict
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box
from unseen.crypto.keys import Key
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_photo
from unseen.engine.local import share_cores
from unseen.engine.needed_models import require_models
from unseen.engine.release import Workbench, stage_verified
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.work import Setup, Task, ToolMaker, Tools
from unseen.errors import VerificationFailed
from unseen.govern.rights import share_of
from unseen.media.photos import FrameRegions, hide_regions, plan
from unseen.media.views import rgb_views
from unseen.pixels.boxes import nms, round_out
from unseen.pixels.reveal import reveal
from unseen.verify.metadata import findings_text, scan

__all__ = ["Shown", "everybody", "only_person", "redacted", "workshop"]

_ONE_FACE = 0.3


@dataclass(frozen=True, slots=True)
class Shown:
    """The bytes of a picture, how it was verified, and why the person is not shown in it, "" if they are."""

    data: bytes
    verdict: Verdict
    hidden: str


def everybody(store: ModelStore, *, bodies: bool) -> Recipe:
    """Return the recipe that hides everybody: faces and plates, and with `bodies` whole people if they can be found."""
    whole = bodies and store.find("yolo26n") is not None
    return Recipe(looks=looks_for(["face", "plate", *(["person"] if whole else [])], None))


@contextmanager
def workshop(
    recipe: Recipe, store: ModelStore, make_tools: ToolMaker, key: Key, folder: Path, device: str = "auto"
) -> Iterator[Tools]:
    """Open the models of a recipe for work in a folder, which is deleted afterwards; raises UsageError."""
    staging = folder / "staging"
    _, threads = share_cores(1)
    setup = Setup(recipe, require_models(recipe, store), Hasher(key), staging, device, threads)
    try:
        yield make_tools(setup)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def redacted(task: Task, tools: Tools) -> tuple[Path, Verdict]:
    """Return a photo or video with everybody in it hidden, under a temporary name; raises FileError."""
    from unseen.engine.run import redact_one

    def nobody_waits(_: FrameNote) -> None:
        """Tell nobody of frames."""

    done = redact_one(task, tools, nobody_waits)
    if done.staged is None or done.receipt.verdict is None:
        raise VerificationFailed(done.receipt.error or f"{task.placed.label}: could not be verified; leave it out")
    return done.staged, done.receipt.verdict


def only_person(path: Path, shown: Box | None, tools: Tools) -> Shown:
    """Return a photo in which nobody shows but who is at `shown`; nobody at all where it is None, or in doubt.

    Everybody is hidden and looked for again, as for any release; only then are the pixels of `shown` put back, except
    where the region of somebody else reaches into it. Raises FileError.
    """
    recipe, name, codec = tools.setup.recipe, display(path.name), tools.codec
    photo = codec.decode(read_photo(path, name, recipe.limits.max_bytes), name, recipe.limits)
    bench = Workbench(codec, tools.models.opinion, np.random.default_rng(), tools.setup.staging, Stopwatch(tools.clock))
    staged = stage_verified(photo, plan(photo, tools.models.eyes, recipe), recipe, bench, name, look_again=True)
    discard(staged.path)
    if shown is None:
        return Shown(staged.data, staged.verdict, "nobody said where in it the person is")
    data, doubt = _with_person(photo, staged.regions, shown, tools)
    return Shown(staged.data if doubt else data, staged.verdict, doubt)


def _with_person(photo: Photo, regions: FrameRegions, shown: Box, tools: Tools) -> tuple[bytes, str]:
    """Return the picture with the person shown; or why that cannot be."""
    frame, recipe = photo.frames[0], tools.setup.recipe
    box = round_out(shown, frame.width, frame.height)
    if len(photo.frames) > 1 or box is None:
        return b"", "it has several pictures" if box is not None else "what was to be shown lies outside of it"
    share = share_of(regions[0], box)
    if share.doubt:
        return b"", share.doubt
    hidden = hide_regions(photo, regions, np.random.default_rng())
    final = hidden.with_frames((reveal(hidden.frames[0], frame, box, share.others),))
    if _faces_in(final, box, tools) > 1:
        return b"", "several faces are where one person is to be shown; name a smaller part"
    data = tools.codec.encode(final, format=recipe.format, keep=recipe.keep)
    findings = scan(data, keep=recipe.keep)
    if findings:
        raise VerificationFailed(f"the output holds {findings_text(findings)}; report this with the format")
    return data, ""


def _faces_in(photo: Photo, box: Box, tools: Tools) -> int:
    """Count the faces in a part of a picture that any of the models sees, the second family's too."""
    eyes, opinion = tools.models.eyes, tools.models.opinion
    detectors = [*([eyes.faces] if eyes.faces is not None else []), *opinion.faces]
    views = [view for frame in photo.frames for view in rgb_views(frame)]
    found = [d for detector in detectors for view in views for d in detector.detect([view])[0]]
    inside = [d for d in found if box.holds(*d.box.middle)]
    return len(nms(inside, _ONE_FACE))
