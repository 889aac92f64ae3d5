"""The parts of a video that are done: verified segments and what they hide, kept until the whole is released."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import discard
from unseen.core.names import display
from unseen.core.regions import Box, Detection, Region
from unseen.engine.film.kept_frames import KeptFrame
from unseen.errors import OutputFailed
from unseen.media.pace import Kind
from unseen.media.sights import Look
from unseen.tracks.named import NOTHING_KNOWN, Known

__all__ = ["FilmStore", "Progress", "sweep"]

_STATE = "state.json"
#: Seconds for which parts wait for a run that goes on with them: a week.
_KEPT_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a video is, and what the run needs that goes on there.

    That are the next frame to look at, the log of tracks as plain values, the looks that later windows need, the totals
    as `counts`, what is `known` of tracks by those looks, and the log of what was seen and left visible. When a part is
    taken in, `tracks` need only hold those that changed with it; a store that is opened gives all.
    """

    next_frame: int = 0
    tracks: dict[str, Any] = field(default_factory=dict)
    looks: tuple[Look, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    known: Known = NOTHING_KNOWN
    faint: dict[str, Any] = field(default_factory=dict)

    def looks_without(self, models: frozenset[str]) -> list[Look]:
        """Return the looks without what these models found, those that verify."""
        return [replace(look, found=tuple(d for d in look.found if d.model not in models)) for look in self.looks]


class FilmStore:
    """A folder for the segments of one video, with a state that says which of them are verified.

    `context` is what must be as it was for the work to go on: input, recipe, models. Work of another context is
    deleted. Holds nothing but what may be released. Raises OutputFailed when the disk is full.
    """

    def __init__(self, folder: Path, context: str) -> None:
        self.folder, self._context = folder, context
        self._parts: list[str] = []
        self.progress = Progress()
        #: The quarter turns in which people are looked for beside upright, as was found out on the way.
        self.turns: tuple[int, ...] = ()
        try:
            self._go_on(_read(folder / _STATE))
        except (KeyError, TypeError, ValueError, AttributeError, OSError):
            shutil.rmtree(folder, ignore_errors=True)
        self.drop_unfinished()

    def _go_on(self, state: dict[str, Any]) -> None:
        """Take over what an earlier run saved, all of it or, with an error, nothing: of another context, or damaged."""
        if state.get("context") != self._context:
            raise ValueError("the work is of another context")
        parts = [str(part) for part in state["parts"]]
        segments = [self.folder / part for part in parts]
        if not all(each.is_file() and _list_of(each).is_file() for each in segments):
            raise ValueError("a segment is gone")
        progress, turns = _progress(state, segments), tuple(map(int, state.get("turns", ())))
        self._parts, self.progress, self.turns = parts, progress, turns

    def drop_unfinished(self) -> None:
        """Delete segments that were not verified."""
        for path in self.folder.glob("*.new*"):
            discard(path)

    def begin_anew(self, turns: tuple[int, ...]) -> None:
        """Delete what is kept and look for people in these quarter `turns`, too."""
        self.delete()
        self._parts, self.progress, self.turns = [], Progress(), turns

    def delete(self) -> None:
        """Delete all that is kept, as no start for another run: not to be trusted, or sure to end in one failure."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def segments(self) -> list[Path]:
        """The verified segments, in order."""
        return [self.folder / part for part in self._parts]

    def new_path(self, ending: str) -> Path:
        """Return a path for the next segment, which is not there yet."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _failed(self.folder, error) from error
        return self.folder / f"{secrets.token_hex(8)}.new.{ending}"

    def commit(
        self,
        staged: Path,
        regions: Sequence[Sequence[Region]],
        first: int,
        times: Sequence[float],
        progress: Progress,
        whole: frozenset[int] = frozenset(),
    ) -> None:
        """Take in a verified segment: what is hidden in each of its frames from `first` on, their `times` in seconds,
        how far the video is with it, and which frames are hidden `whole`."""
        number = len(self._parts)
        final = self.folder / f"{number:06d}{staged.suffix}"
        try:
            with _list_of(final).open("w", encoding="utf-8") as file:
                frames = enumerate(zip(times, regions, strict=True), start=first)
                kept = (KeptFrame.of(index, time, each, whole=index in whole) for index, (time, each) in frames)
                file.writelines(frame.line() + "\n" for frame in kept)
                file.flush()
                os.fsync(file.fileno())
            _write(_tracks_of(final), progress.tracks)
            staged.replace(final)
            parts = [*self._parts, final.name]
            self._save(progress, parts)
        except OSError as error:
            raise _failed(self.folder, error) from error
        self._parts = parts

    def _save(self, progress: Progress, parts: Sequence[str]) -> None:
        state = {
            "context": self._context,
            "parts": parts,
            "next": progress.next_frame,
            "counts": progress.counts,
            "looks": [_plain_look(look) for look in progress.looks],
            "numbers": [[frame, *corners, number] for (frame, corners), number in progress.known.numbers.items()],
            "believed": sorted(progress.known.believed),
            "faint": progress.faint,
            "turns": self.turns,
        }
        part = self.folder / f"{_STATE}.new"
        _write(part, state)
        part.replace(self.folder / _STATE)

    def hidden(self) -> Iterator[str]:
        """Yield one JSON text a frame: its index and what is hidden in it; raises OutputFailed where it is gone."""
        return _lines(self.segments)

    @staticmethod
    def turns_in(folder: Path) -> tuple[int, ...]:
        """Return the quarter turns in which people were looked for beside upright, of a video whose parts are there."""
        try:
            return tuple(map(int, _read(folder / _STATE).get("turns", ())))
        except (OSError, ValueError, TypeError, AttributeError):
            return ()

    @staticmethod
    def lines_in(folder: Path) -> Iterator[str]:
        """Yield what `hidden` does, for the folder of a video that is done; raises OutputFailed for any other one."""
        parts = _read(folder / _STATE).get("parts")
        if not parts:
            raise _gone(folder)
        yield from _lines(folder / part for part in parts)


def sweep(work: Path, wanted: Collection[str], now: float) -> None:
    """Delete what was not verified below a folder of stores, and all of a store that is not `wanted` and that took in
    its last part more than a week before `now`, in seconds of the clock: until then its run may be called again."""
    for folder in work.iterdir():
        for path in folder.glob("*.new*"):
            discard(path)
        if folder.name not in wanted and not _is_recent(folder / _STATE, now):
            shutil.rmtree(folder, ignore_errors=True)


def _is_recent(state: Path, now: float) -> bool:
    with contextlib.suppress(OSError):
        # A time far ahead, as a clock that was wrong leaves, would keep it for ever.
        return abs(now - state.stat().st_mtime) < _KEPT_S
    return False


def _lines(segments: Iterable[Path]) -> Iterator[str]:
    for segment in segments:
        try:
            with _list_of(segment).open(encoding="utf-8") as file:
                yield from (line.rstrip("\n") for line in file)
        except (OSError, UnicodeDecodeError) as error:
            raise _gone(segment.parent) from error


def _list_of(segment: Path) -> Path:
    return segment.with_suffix(".jsonl")


def _tracks_of(segment: Path) -> Path:
    return segment.with_suffix(".tracks")


def _write(path: Path, values: dict[str, Any]) -> None:
    """Write plain values, and force them to disk."""
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(values))  # `json.dump` would write it piece by piece, in twice the time
        file.flush()
        os.fsync(file.fileno())


def _plain(found: Detection) -> list[Any]:
    return [found.cls, *found.box.xyxy, found.score, found.model]


def _plain_look(look: Look) -> list[Any]:
    part = None if look.part is None else look.part.xyxy
    return [look.frame, [_plain(found) for found in look.found], look.kind, part]


def _look(frame: int, found: list[Any], kind: Kind | None, part: list[float] | None) -> Look:
    seen = tuple(Detection(d[0], Box(*d[1:5]), float(d[5]), str(d[6])) for d in found)
    return Look(int(frame), seen, kind, None if part is None else Box(*part))


def _progress(state: dict[str, Any], segments: Iterable[Path]) -> Progress:
    looks = tuple(_look(*each) for each in state["looks"])
    numbers = {(int(frame), (x1, y1, x2, y2)): int(number) for frame, x1, y1, x2, y2, number in state["numbers"]}
    known = Known(numbers, frozenset(map(int, state["believed"])))
    tracks: dict[str, Any] = {}
    for segment in segments:
        # What a later part says of a track takes the place of what earlier ones did.
        tracks.update(json.loads(_tracks_of(segment).read_text("utf-8")))
    return Progress(
        next_frame=int(state["next"]),
        tracks=tracks,
        looks=looks,
        counts=dict(state["counts"]),
        known=known,
        faint=dict(state["faint"]),
    )


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        state = json.loads(path.read_text("utf-8"))
        if isinstance(state, dict):
            return state
    return {}


def _gone(folder: Path) -> OutputFailed:
    return OutputFailed(f"{display(folder)}: what was hidden is not there any more; run again")


def _failed(folder: Path, error: OSError) -> OutputFailed:
    return OutputFailed(
        f"{display(folder)}: cannot be written ({error.strerror}); free some space or choose another -o"
    )
