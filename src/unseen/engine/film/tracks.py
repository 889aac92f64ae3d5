"""What was hidden in each frame of a released video, kept in the output's own folder for edits to go by."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from unseen.adapters.files_output import replace_file
from unseen.core.edits import KnownTracks
from unseen.core.names import display
from unseen.engine.film.kept_frames import KeptFrame
from unseen.errors import OutputFailed

__all__ = [
    "Kept",
    "digest_of",
    "keep_tracks",
    "kept_lines",
    "read_kept",
    "spans_in",
    "still_kept",
    "tracks_path",
    "with_tracks",
]

_SCHEMA = "unseen-tracks/1"
_DIGITS = 16
_BROKEN = (OSError, EOFError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file begins with: commitment to the input, digest of the recipe, what edits can speak of, and `digests`;
    and the quarter `turns` in which people were looked for beside upright.

    These are the digest of the tracks that were detected and, for each edited run in which verification added some, the
    one of all that were there then; each with the first number that was not taken.
    """

    input_hash: str
    recipe: str
    known: KnownTracks
    digests: tuple[tuple[str, int], ...]
    turns: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of all tracks that are there now."""
        return self.digests[-1][0]


def tracks_path(folder: Path, tag: str) -> Path:
    """Return where the tracks of a video are kept, below `folder`, by the commitment to its output's path."""
    return folder / f"{tag[:32]}.jsonl.gz"


def keep_tracks(path: Path, kept: Kept, lines: Iterable[str], name: str) -> None:
    """Write what was hidden, `lines` with a JSON text for each frame, whole or not at all; raises OutputFailed."""
    known = kept.known
    head = {
        "schema": _SCHEMA,
        "input": kept.input_hash,
        "recipe": kept.recipe,
        "size": [known.width, known.height],
        "frames": known.frames,
        "digests": kept.digests,
        "turns": kept.turns,
        "tracks": {str(number): cls for number, cls in sorted(known.classes.items())},
    }
    try:
        replace_file(path, _packed(chain((json.dumps(head),), lines)))
    except OSError as error:
        raise OutputFailed(f"{name}: cannot keep its tracks ({error.strerror}); free some space") from error


def _packed(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield lines as a gzip file, which tells no time."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for line in lines:
        yield packer.compress(f"{line}\n".encode())
    yield packer.flush()


def read_kept(path: Path) -> Kept | None:
    """Return what the file of a video begins with, None if there is none that can be read."""
    with suppress(*_BROKEN, KeyError, TypeError, AttributeError), gzip.open(path, "rt", encoding="utf-8") as file:
        head = json.loads(file.readline())
        if head["schema"] != _SCHEMA:
            return None
        width, height = head["size"]
        classes = {int(number): str(cls) for number, cls in head["tracks"].items()}
        known = KnownTracks(int(width), int(height), int(head["frames"]), classes)
        # Files of earlier versions tell none, or none of what verification added.
        told = head["digests"] if "digests" in head else [(digest_of(file), known.next_number)]
        digests = tuple((str(digest), int(end)) for digest, end in told)
        turns = tuple(map(int, head.get("turns", ())))
        return Kept(str(head["input"]), str(head["recipe"]), known, digests, turns) if digests else None
    return None


def still_kept(path: Path, input_hash: str, recipe: str) -> bool:
    """Whether the file of a video is there, for an input and a recipe (its digest), so that all can be told of it."""
    kept = read_kept(path)
    return kept is not None and (kept.input_hash, kept.recipe) == (input_hash, recipe)


def digest_of(lines: Iterable[str]) -> str:
    """Return a short digest of the tracks in lines with a JSON text for each frame: numbers, classes, boxes."""
    digest = hashlib.sha256()
    for frame in map(KeptFrame.read, lines):
        rows = sorted((each.track, each.cls, *each.corners) for each in frame.regions if each.track is not None)
        if rows:
            digest.update(json.dumps([frame.index, rows], separators=(",", ":")).encode())
    return digest.hexdigest()[:_DIGITS]


def spans_in(lines: Iterable[str], tracks: Collection[int]) -> dict[int, tuple[float, float]]:
    """Return by its number when each of the tracks is first and last there, in seconds from the first line on."""
    spans: dict[int, tuple[float, float]] = {}
    zero: float | None = None
    for frame in map(KeptFrame.read, lines):
        zero = frame.time if zero is None else zero
        time = round(frame.time - zero, 6)
        for number in {each.track for each in frame.regions if each.track is not None}.intersection(tracks):
            spans[number] = spans.get(number, (time, 0.0))[0], time
    return spans


def kept_lines(path: Path) -> Iterator[str]:
    """Yield the JSON text of each frame; raises OutputFailed where the file is damaged."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            file.readline()
            yield from file
    except _BROKEN as error:
        raise OutputFailed(f"{display(path)}: is damaged; delete it and run once without --edits") from error


def with_tracks(before: Iterable[str], after: Iterable[str], first: int) -> Iterator[str]:
    """Yield the lines of `before`, each with those regions of `after` whose tracks are numbered `first` or above."""
    for one, other in zip(before, after, strict=True):
        frame = KeptFrame.read(one)
        later = (each for each in KeptFrame.read(other).regions if each.track is not None and each.track >= first)
        yield replace(frame, regions=(*frame.regions, *later)).line()
