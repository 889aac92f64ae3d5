"""Reads a file of edits and finds out, before anything is done, whether each of them can and may be done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.core.edits import Edits, KnownTracks, parse_edits
from unseen.core.formats import is_video
from unseen.core.names import display
from unseen.core.receipts import FileReceipt
from unseen.core.recipe import Recipe
from unseen.engine.film.store import FilmStore
from unseen.engine.film.tracks import Kept, keep_tracks, kept_lines, read_kept, tracks_path, with_tracks
from unseen.engine.hashing import Hasher
from unseen.engine.names import Placed
from unseen.engine.resume import path_tag
from unseen.engine.work import Task
from unseen.errors import Refused, UsageError
from unseen.policy.rules import Policy, must_stay_hidden

__all__ = ["edits_for", "keep_for_edits", "misfit"]


def edits_for(
    path: Path | None, placed: Sequence[Placed], folder: Path, hasher: Hasher, recipe: Recipe, policy: Policy
) -> dict[Path, Edits]:
    """Return the edits of each input that the file at `path` names, by the input's place; none without a file.

    `folder` has what was hidden in videos by earlier runs. Raises UsageError for edits that are not understood or do
    not fit the videos, and Refused where the policy wants hidden what they leave visible.
    """
    if path is None:
        return {}
    if not hasher.comparable:
        raise UsageError("--edits needs the --key FILE of the run before: only that tells a video by its bytes")
    shown = display(path)
    inputs = {each.label: each for each in placed} | {each.name: each for each in placed}
    found: dict[Path, Edits] = {}
    try:
        for name, edits in parse_edits(_loaded(path)).items():
            each = inputs.get(name)
            if each is None or each.item.fate != "redact" or not is_video(each.below.name):
                raise UsageError(f"{display(name)}: no input video is called so; name it as the report does")
            kept = read_kept(tracks_path(folder, path_tag(hasher, each.below)))
            problem = _problem(each, kept, hasher, recipe, edits)
            if kept is None or problem:
                raise UsageError(f"{display(name)}: {problem}")
            _check(edits, kept, policy, display(name))
            found[each.below] = edits
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from error
    except Refused as error:
        raise Refused(f"{shown}: {error}") from error
    return found


def misfit(kept: Kept, input_hash: str, recipe: Recipe, edits: Edits) -> str:
    """Return why what is kept of a video does not fit its bytes, the recipe and the edits, or ""."""
    if kept.input_hash != input_hash:
        return "is another file than the one whose tracks are kept; run once without --edits"
    if kept.recipe != recipe.digest():
        return "its tracks are those of other options; say the same ones again, or run once without --edits"
    return edits.problem_of(kept.digests)


def keep_for_edits(work: Path, task: Task, receipt: FileReceipt, recipe: str, folder: Path) -> None:
    """Keep what was hidden in a video, whose parts are in `work`, so that later runs can edit it; raises OutputFailed.

    Of a video that was edited, what was detected stays as it is; what verification found since is added to it.
    """
    if receipt.video is None:
        return
    path, name = tracks_path(folder, task.tag), task.placed.label
    lines, turns = FilmStore.lines_in(work), FilmStore.turns_in(work)
    digests: tuple[tuple[str, int], ...] = ()
    classes = {track.number: track.cls for track in receipt.video.tracks}
    before = read_kept(path) if task.edits is not None else None
    if task.edits is not None and before is not None:
        first = task.edits.first_found(before.known.next_number)
        classes = {number: cls for number, cls in classes.items() if number >= first}
        if not classes:
            return
        classes |= before.known.classes
        lines, digests, turns = with_tracks(kept_lines(path), lines, first), before.digests, before.turns
    size = receipt.video.size_before or (receipt.width, receipt.height)
    known = KnownTracks(*size, receipt.video.frames, classes)
    digests = (*digests, (receipt.video.tracks_digest or "", known.next_number))
    keep_tracks(path, Kept(receipt.input_hash or "", recipe, known, digests, turns), lines, name)


def _problem(each: Placed, kept: Kept | None, hasher: Hasher, recipe: Recipe, edits: Edits) -> str:
    if kept is None:
        return "no tracks are kept of it in the output folder; run once without --edits and with the same --key"
    try:
        return misfit(kept, hasher.of_file("input", each.item.path), recipe, edits)
    except OSError as error:
        return f"cannot be read ({error.strerror}); check its permissions"


def _check(edits: Edits, kept: Kept, policy: Policy, name: str) -> None:
    try:
        edits.check(kept.known)
    except UsageError as error:
        text = str(error)
        raise UsageError(text if text.startswith(f"{name}: ") else f"{name}: {text}") from error
    classes = {number: kept.known.classes[number] for number in sorted(edits.spared)}
    for number, cls in classes.items():
        if must_stay_hidden(policy, cls):
            raise Refused(f"{name}: policy requires {cls} to be hidden, so track {number} stays hidden; leave it out")


def _loaded(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise UsageError(f"cannot read the edits ({error.strerror}); check the name") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"no valid JSON ({' '.join(str(error).split())}); mend the edits") from error


def _once(pairs: Iterable[tuple[str, Any]]) -> Mapping[str, Any]:
    """Return an object of JSON; a name that is there twice is an error, since all but one would be lost."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"{json.dumps(name)} is there twice")
        made[name] = value
    return made
