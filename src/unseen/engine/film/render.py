"""Settled windows of a video are hidden, written, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from unseen.adapters.video.planes import layout
from unseen.core.ports import VideoCodec
from unseen.core.video import VideoFrame
from unseen.engine.film.hide import Hider
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.what_to_hide import Settled
from unseen.engine.stopwatch import Stopwatch
from unseen.pixels.planes import HeldCells
from unseen.verify.film_written import Meant, check_written, meant_by

__all__ = ["Drawn", "Part", "Renderer"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A frame as it is to be written, with what to compare it with, the window it is of, and whether it is the last one
    there; the frames of the window have no pixels."""

    settled: Settled
    frame: VideoFrame
    meant: Meant
    last: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A window as it was written, with enough of the frames that were meant to compare."""

    settled: Settled
    path: Path
    meant: Sequence[Meant]


class Renderer:
    """Hides the settled windows of one video, in order, writes them, and reads them back; each in one thread at a time.

    `new_path` names files for segments.
    """

    def __init__(
        self, film: OpenFilm, *, hider: Hider, codec: VideoCodec, new_path: Callable[[], Path], watch: Stopwatch
    ) -> None:
        self._film, self._hider, self._codec, self._new_path, self._watch = film, hider, codec, new_path, watch
        self._held = HeldCells(max(1, round(film.rate)))

    def drawn(self, settled: Iterable[Settled]) -> Iterator[Drawn]:
        """Hide the frames of settled windows and yield them, in order."""
        for window in settled:
            last, told = window.window.last, _without_pixels(window)
            for hidden, meant in self._hidden(window):
                yield Drawn(told, hidden, meant, hidden.index == last)

    def parts(self, drawn: Iterator[Drawn]) -> Iterator[Part]:
        """Encode drawn frames and yield each window as a part, as soon as its last frame is written."""
        for first in drawn:
            path, meant = self._new_path(), []
            info, style = self._film.smaller.info, self._film.recipe.video.style
            with self._codec.open_writer(path, info, style, self._film.name) as writer:
                for each in chain([first], drawn):
                    meant.append(each.meant)
                    with self._watch.time("encode"):
                        writer.write(each.frame)
                    if each.last:
                        break
            yield Part(first.settled, path, meant)

    def _hidden(self, settled: Settled) -> Iterator[tuple[VideoFrame, Meant]]:
        """Yield the frames of a window as they are to be written, each with what to compare it with."""
        smaller = self._film.smaller
        for frame, regions in zip(settled.window.frames, settled.regions, strict=True):
            hidden = frame if frame.index in settled.done else self._hider.hidden(frame, regions, self._held)
            hidden = replace(hidden, planes=smaller.planes(hidden.planes))
            placed = [replace(region, box=smaller.box(region.box)) for region in regions]
            yield hidden, meant_by(hidden.planes, () if frame.damaged else placed)

    def check(self, part: Part) -> Part:
        """Read a written window back and return it; raises VerificationFailed if it is not what was meant.

        Every frame is compared with the one that was meant, which the second model family has looked at already.
        """
        film = self._film
        with self._watch.time("verify"):
            coarse = film.recipe.video.style.quality is not None
            check_written(part.path, part.meant, film.smaller.info, self._codec, _bits, film.name, coarse=coarse)
        return part


def _without_pixels(settled: Settled) -> Settled:
    frames = tuple(replace(frame, planes=()) for frame in settled.window.frames)
    return replace(settled, window=replace(settled.window, frames=frames))


def _bits(pixel_format: str) -> int:
    return layout(pixel_format).bits
