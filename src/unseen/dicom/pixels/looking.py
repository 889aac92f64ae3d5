"""Finding text in frames: looks at what changed since the last look, and remembers what was seen where."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels, Rgb8
from unseen.core.ports import Detector, Reader
from unseen.core.regions import Box, Detection
from unseen.dicom.pixels.words import Judge, is_number
from unseen.pixels.boxes import coverage, iou, merge, round_out, widen

__all__ = ["FrameLooker", "Seen", "TextFinder"]

#: Frames are compared in squares of so many pixels.
_TILE = 32
#: A look at a part larger than this is a look at the whole frame.
_PART = 0.6
#: Pixels that a part is grown by before it is looked at: text at its edge is whole in it.
_AROUND = 24
#: Frames before and after one in which something is found that hide it, too.
_BRIDGE = 2
#: How much alike the pixels of two frames have to be for the same text to stand in both (correlation).
_ALIKE = 0.6
#: The share of a text that may stay that something hidden may overlap.
_CUT = 0.02
#: When a sighting is one that is known: boxes that overlap so much (intersection over union), so much alike.
_SAME_BOX, _SAME_TEXT = 0.6, 0.9
_OVERLAP = 0.5
#: Chosen on scans without text and with planted text (docs/adr/0016-burned-in-text.md).
_LEAST_SCORE, _SURE_SCORE = 0.35, 0.7
_LEAST_PX, _LINE = 5.0, 0.08


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found, in pixels of the frame: boxes to hide, and boxes of text that may stay."""

    hide: tuple[Box, ...] = ()
    keep: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class TextFinder:
    """Finds, reads and judges text in the pictures of a frame."""

    detector: Detector
    reader: Reader
    judge: Judge

    def look(self, views: Sequence[Rgb8]) -> Seen:
        """Return what is to hide and what may stay in a frame, of which `views` are pictures of the same size."""
        hide: list[Box] = []
        keep: list[Box] = []
        for view, found in zip(views, self.detector.detect(views), strict=True):
            one = [d for d in merge(found, _OVERLAP) if _may_be_text(d.box, d.score, *view.shape[:2])]
            read = self.reader.read(view, [d.box for d in one])
            seen = self._judged(one, read, view)
            hide += seen.hide
            keep += seen.keep
        return _apart(hide, keep)

    def _judged(self, found: Sequence[Detection], read: Sequence[tuple[str, float]], view: Rgb8) -> Seen:
        """Return what to hide and what may stay of what was found and read in one picture."""
        hide: list[Box] = []
        keep: list[Box] = []
        doubtful: list[Box] = []
        for detection, (text, confidence) in zip(found, read, strict=True):
            if self.judge.keeps(text, confidence):
                # A number beside a word may be part of what the word begins.
                (doubtful if is_number(text) else keep).append(detection.box)
            elif _is_word(detection.score, text, confidence) or _is_line(detection, *view.shape[:2]):
                hide.append(detection.box)
            else:
                doubtful.append(detection.box)
        alone = _grow(hide, doubtful)
        numbers = {
            d.box
            for d, (text, sure) in zip(found, read, strict=True)
            if is_number(text) and self.judge.keeps(text, sure)
        }
        return Seen(tuple(hide), (*keep, *(box for box in alone if box in numbers)))


def _grow(hide: list[Box], others: Sequence[Box]) -> list[Box]:
    """Add to `hide` what stands in one line with it, next to it; return what does not."""
    left = list(others)
    for box in hide:  # grows while it is walked
        for other in [one for one in left if _beside(one, box)]:
            left.remove(other)
            hide.append(other)
    return left


def _beside(one: Box, other: Box) -> bool:
    """Whether two boxes are of about one height, in one line, and less than two letters' heights apart."""
    low, high = sorted((one.height, other.height))
    level = min(one.y2, other.y2) - max(one.y1, other.y1)
    apart = max(one.x1, other.x1) - min(one.x2, other.x2)
    return high <= 2.2 * low and level >= 0.5 * low and apart <= 2 * low


def _apart(hide: Sequence[Box], keep: Sequence[Box]) -> Seen:
    """Return what to hide and what may stay: text that would be cut, or that another view does not read, goes whole."""
    cut = [box for box in keep if coverage(box, hide) > _CUT]
    return Seen(tuple(dict.fromkeys([*hide, *cut])), tuple(box for box in keep if box not in cut))


def _may_be_text(box: Box, score: float, height: int, width: int) -> bool:
    """Whether an area is worth reading: neither a speck, nor as high as a fifth of the picture, nor hardly marked."""
    side = min(box.width, box.height)
    return score >= _LEAST_SCORE and _LEAST_PX <= side <= max(0.2 * min(height, width), 4 * _LEAST_PX)


def _is_word(score: float, text: str, confidence: float) -> bool:
    """Whether what was read is a word: characters that texture is not read as."""
    count = sum(c.isalnum() for c in text)
    return count >= 2 and confidence >= (0.5 if score >= 0.6 else 0.8)


def _is_line(detection: Detection, height: int, width: int) -> bool:
    """Whether an area that cannot be read is marked as surely, and is as low, as a line of text."""
    side = min(detection.box.width, detection.box.height)
    return detection.score >= _SURE_SCORE and side <= max(_LINE * min(height, width), 4 * _LEAST_PX)


@dataclass(slots=True)
class _Sighting:
    """Text that was seen: its box in whole pixels, and what the frame held there."""

    box: Box
    patch: NDArray[np.float32]


@dataclass(slots=True)
class FrameLooker:
    """Looks at the frames of an image one after another, and then says what to hide in each.

    A frame whose pixels were seen before is not looked at again; of one that changed in part, that part is. What was
    seen in a frame is hidden in its neighbours as well, and in every frame that shows the same there.
    """

    finder: TextFinder
    looks: int = 0
    _frames: list[Seen] = field(default_factory=list)
    _by_content: dict[bytes, int] = field(default_factory=dict)
    _last: Pixels | None = None
    _sightings: list[_Sighting] = field(default_factory=list)

    def look(self, values: Pixels, views: Sequence[Rgb8]) -> Seen:
        """Look at the next frame, whose stored values `views` are pictures of; return what was found in it alone."""
        key = hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
        if key in self._by_content:
            seen = self._frames[self._by_content[key]]
        else:
            seen = self._fresh(values, views)
            self._by_content[key] = len(self._frames)
        self._last = values
        self._frames.append(seen)
        return seen

    def add(self, index: int, boxes: Sequence[Box], values: Pixels) -> None:
        """Take note of what else is to hide in a frame that was looked at."""
        seen = self._frames[index]
        self._frames[index] = Seen((*seen.hide, *boxes), seen.keep)
        self._remember(boxes, values)

    def settled(self, index: int, values: Pixels) -> Seen:
        """Return what to hide in a frame, once all were looked at."""
        near = self._frames[max(index - _BRIDGE, 0) : index + _BRIDGE + 1]
        hide = [box for seen in near for box in seen.hide]
        hide += [s.box for s in self._sightings if _correlation(s.patch, _cut(values, s.box)) >= _ALIKE]
        return _apart(hide, self._frames[index].keep)

    def _fresh(self, values: Pixels, views: Sequence[Rgb8]) -> Seen:
        part = self._changed(values)
        self.looks += 1
        seen = self.finder.look(views) if part is None else self._in_part(part, views)
        self._remember(seen.hide, values)
        return seen

    def _in_part(self, part: Box, views: Sequence[Rgb8]) -> Seen:
        """Look at a part, and keep what the frame before shows outside of it."""
        x1, y1, x2, y2 = (int(v) for v in part.xyxy)
        inner = self.finder.look([np.ascontiguousarray(view[y1:y2, x1:x2]) for view in views])
        before = self._frames[-1]
        carried = [box for box in before.hide if coverage(box, [part]) < 1.0]
        kept = [box for box in before.keep if not box.meets(part)]
        hide = (*carried, *(box.moved(x1, y1) for box in inner.hide))
        return Seen(hide, (*kept, *(box.moved(x1, y1) for box in inner.keep)))

    def _changed(self, values: Pixels) -> Box | None:
        """Return the part of a frame that differs from the one before; None where that is most of it, or all is new."""
        if self._last is None or self._last.shape != values.shape:
            return None
        differs = self._last != values
        if differs.ndim == 3:
            differs = differs.any(axis=2)
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not rows.size:
            return None
        height, width = differs.shape
        x1, y1 = _floor(columns[0]), _floor(rows[0])
        part = round_out(widen(Box(x1, y1, float(columns[-1]) + 1, float(rows[-1]) + 1), 0, 0, _AROUND), width, height)
        return part if part is not None and part.area < _PART * height * width else None

    def _remember(self, boxes: Sequence[Box], values: Pixels) -> None:
        for box in boxes:
            whole = round_out(box, values.shape[1], values.shape[0])
            if whole is None:
                continue
            if not any(
                iou(s.box, whole) >= _SAME_BOX and _correlation(s.patch, _cut(values, s.box)) >= _SAME_TEXT
                for s in self._sightings
            ):
                self._sightings.append(_Sighting(whole, _cut(values, whole)))


def _floor(value: np.intp) -> float:
    return float(int(value) // _TILE * _TILE)


def _cut(values: Pixels, box: Box) -> NDArray[np.float32]:
    x1, y1, x2, y2 = (int(v) for v in box.xyxy)
    cut = values[y1:y2, x1:x2].astype(np.float32)
    return np.asarray(cut.mean(axis=2) if cut.ndim == 3 else cut)


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the correlation of two patches of one shape; 1 for equal ones, even where they are plain."""
    if np.array_equal(a, b):
        return 1.0
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / norm if norm > 0 else 0.0
