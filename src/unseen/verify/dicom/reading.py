"""Reads the pictures of a written file again, and says what text still shows that may not stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import Literal

import numpy as np

from unseen.core.dicom import PixelResidue
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, Reader
from unseen.core.regions import Box
from unseen.verify.dicom.needles import squeezed
from unseen.verify.dicom.parse import Parsed, parse
from unseen.verify.dicom.pictures import LOSSY, altered
from unseen.verify.dicom.raster import Form, Values, comparable, form_of, frames, is_lossy, is_video, pictures
from unseen.verify.dicom.search import Sought, sought, touches

__all__ = ["TextEyes", "may_stay", "shown_text"]

_LEAST_SIDE = 12
#: Text is as high as so many pixels at least, and as this share of the picture at most.
_LEAST_HEIGHT, _MOST_HEIGHT = 6.0, 0.3
#: What counts as read: so many letters and digits, with so much confidence; fewer with more of it.
_READ, _SURE = (3, 0.75), (2, 0.92)
#: What the original names counts where the reader is less sure.
_NAMED = 0.5
#: Misread letters in a name or number that are let pass, and from how many on.
_ONE_OFF = 6
_ALIKE = str.maketrans(
    {c: to for to, each in {"0": "oqd", "1": "ijl|!", "2": "z", "5": "s", "6": "g", "8": "b"}.items() for c in each}
)
_SIDE = re.compile(r"[lrapfhsi]{1,2}|left|right|lt|rt|lat|med|lmlo|rmlo|lcc|rcc", re.I)
_NUMBER = re.compile(r"[<>±+~-]?\d{1,3}(?:[.,]\d{1,3})?")
_MEASURE = re.compile(
    r"[<>±+~-]?\d{0,4}(?:[.,]\d{1,3})?(?:[µum]?[smlgvtk]|[ckm]?hz|[cmn]?m[23²³]?|[cm]m/s|k?vp?|m?as?|d?b|fps|bpm|mmhg|hu|%|°c?|deg|cc|m?gy|msv|sec|msec|kpa|x)",
    re.I,
)
_TELLING = re.compile(
    r"\d{5,}|\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}:\d{2}|[\w.+-]+@[\w-]+\.\w"
    r"|\d{1,2}[ -]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]?\d{2,4}",
    re.I,
)


@dataclass(frozen=True, slots=True)
class TextEyes:
    """What text is found and read with: models of another family or generation than those that hid it."""

    detector: Detector
    reader: Reader


@dataclass(frozen=True, slots=True)
class _Read:
    box: Box
    text: str
    confidence: float


def shown_text(
    original: bytes,
    written: bytes,
    eyes: Callable[[], TextEyes],
    kept: Collection[str],
    mode: Literal["all", "identifying"],
) -> list[PixelResidue] | None:
    """Return the text in the pictures of a written file that may not stay; None where it has no pictures.

    Text may not stay that tells what the original file names (`kept` are the options under which some of it stays),
    with `mode` "all" all that is no side marker, number of a scale or measure, with "identifying" all dates, times and
    long numbers. Each frame is looked at, those that are alike once; `eyes` is called when there is one. Raises
    ValueError where a frame cannot be decoded, or differs from the original's by more than places of one value.
    """
    before, after = parse(original), parse(written)
    form = form_of(after)
    if form is None or min(form.rows, form.columns) < _LEAST_SIDE:
        return None
    wanted = sought(before, kept)
    names, models = _folded_needles(wanted), eyes()
    seen: dict[bytes, list[tuple[Box, Literal["identifier", "text"]]]] = {}
    found = []
    for number, values in _beside(before, after, form):
        key = blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()
        if key not in seen:
            lines = [line for view in pictures(after, form, values) for line in _lines(_read(view, models))]
            seen[key] = [each for line in lines for each in _judged(line, wanted, names, mode)]
        found += [PixelResidue(number, box, kind) for box, kind in seen[key]]
    return found


def _beside(before: Parsed, after: Parsed, form: Form) -> Iterator[tuple[int, Values]]:
    """Yield the written frames, each compared with the original's; videos are compared by whoever made them."""
    was = form_of(before)
    if was is None or is_video(before):
        yield from frames(after, form)
        return
    # Two decoders round what was compressed with loss each in its own way.
    shade = 1 if form.samples == 3 else 2.0 ** (was.stored - 8)
    tolerance = LOSSY * shade if before.fragments and (form.samples == 3 or is_lossy(before)) else 0
    for (number, values), (_, old) in zip(frames(after, form), frames(before, was), strict=True):
        problem = altered(comparable(before, was, old), comparable(after, form, values), tolerance=tolerance)
        if problem:
            raise ValueError(f"frame {number + 1} {problem}")
        yield number, values


def _read(view: Rgb8, eyes: TextEyes) -> list[_Read]:
    """Return all that is read in a picture."""
    most = max(_MOST_HEIGHT * min(view.shape[:2]), 4 * _LEAST_HEIGHT)
    boxes = [d.box for d in eyes.detector.detect([view])[0]]
    boxes = [box for box in boxes if _LEAST_HEIGHT <= min(box.width, box.height) <= most]
    read = eyes.reader.read(view, boxes)
    return [_Read(box, text, confidence) for box, (text, confidence) in zip(boxes, read, strict=True) if text.strip()]


def _lines(read: Sequence[_Read]) -> list[list[_Read]]:
    """Put what stands side by side into one line, from left to right."""
    lines: list[list[_Read]] = []
    for each in sorted(read, key=lambda r: (r.box.y1 + r.box.y2, r.box.x1)):
        last = lines[-1][-1].box if lines else None
        level = 0.0 if last is None else min(each.box.y2, last.y2) - max(each.box.y1, last.y1)
        if last is not None and level > 0.5 * min(each.box.height, last.height):
            lines[-1].append(each)
        else:
            lines.append([each])
    return [sorted(line, key=lambda r: r.box.x1) for line in lines]


def _judged(
    line: Sequence[_Read], wanted: Sought, names: Collection[str], mode: str
) -> Iterator[tuple[Box, Literal["identifier", "text"]]]:
    """Yield what of a line may not stay: all of it where it tells what the original names."""
    sure = [each for each in line if each.confidence >= _NAMED]
    text = " ".join(each.text for each in sure)
    if sure and (touches(wanted, text.encode("utf-8", "ignore")) or _names(text, names)):
        yield from ((each.box, "identifier") for each in sure)
        return
    for each in line:
        if not may_stay(each.text, each.confidence, mode):
            yield each.box, "text"


def may_stay(text: str, confidence: float, mode: str) -> bool:
    """Whether text that names nobody may stay, or is too uncertain to be text at all."""
    solid = sum(map(str.isalnum, text))
    if not any(solid >= least and confidence >= sure for least, sure in (_READ, _SURE)):
        return True
    if mode == "identifying":
        return _TELLING.search(text) is None
    return all(any(form.fullmatch(word) for form in (_SIDE, _NUMBER, _MEASURE)) for word in _words(text))


def _words(text: str) -> list[str]:
    return [word.strip("()[]:;,.*=|") for word in text.split() if word.strip("()[]:;,.*=|")]


def _folded_needles(wanted: Sought) -> frozenset[str]:
    """Return names and numbers that are looked for, with letters that readers take for one another made one."""
    found = {word for _, needles in wanted.needles for word in needles.words}
    phrases = (p for _, n in wanted.needles for p in chain(n.phrases, *(family for _, family in n.families)))
    found |= {p.squeezed for p in phrases if not p.form or len(p.squeezed) > 7}
    texts = (word.decode("utf-8", "ignore").translate(_ALIKE) for word in found)
    return frozenset(text for text in texts if 4 <= len(text) <= 64)


def _names(text: str, names: Collection[str]) -> bool:
    """Whether a text holds a name or number with at most one letter misread, or letters taken for others."""
    words = [word.lower().translate(_ALIKE) for word in re.findall(r"\w+", text)]
    tight = squeezed(text.lower().encode()).decode("utf-8", "ignore").translate(_ALIKE)
    for name in names:
        if name in words or (len(name) >= _ONE_OFF and any(_close(name, tight[i:]) for i in range(len(tight)))):
            return True
    return False


def _close(name: str, text: str) -> bool:
    """Whether a text begins with a name, but for one letter."""
    return len(text) >= len(name) and sum(a != b for a, b in zip(name, text, strict=False)) <= 1
