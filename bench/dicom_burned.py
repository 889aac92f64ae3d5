"""Plants text in pixels, and measures in what a tool writes how much of it still stands out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from bench.dicom_people import Draw
from bench.dicom_plant import Check
from bench.dicom_score import Output, Result

__all__ = ["Burned", "burn", "score_burned"]

#: Native images of kinds in which text is burned in, in grey of 8 and more bits, inverted grey, and colour.
_SAMPLES = ("burnedin_US_grey_deid", "burnedin_US_rgb_deid", "DX_image")
_EACH, _LINES = 3, 2
#: Text is hidden when less than this share of its contrast is left.
_LEFT = 0.1

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Burned:
    """A file with lines of text in its pixels; of each line the pixels of its letters, and those between them."""

    number: int
    path: Path
    lines: tuple[tuple[Mask, Mask], ...]


def burn(samples: Path, folder: Path, seed: int) -> list[Burned]:
    """Write images with names, numbers and dates in their pixels, in places and sizes that are drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    draw, made = Draw(seed), list[Burned]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _SAMPLES * _EACH:
            data = dcmread(samples / f"{name}.dcm")
            data.SOPInstanceUID = UID(draw.uid())
            data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
            data.InstanceNumber = len(made) + 1
            data.BurnedInAnnotation = "YES"
            lines = _drawn(data, draw)
            path = folder / f"burned-{len(made) + 1:04d}.dcm"
            data.save_as(path, enforce_file_format=True)
            made.append(Burned(len(made) + 1, path, lines))
    return made


def _drawn(data: Dataset, draw: Draw) -> tuple[tuple[Mask, Mask], ...]:
    values = data.pixel_array.copy()
    height, width = values.shape[:2]
    low, high = int(values.min()), int(values.max())
    lines, top = [], draw.rng.randrange(4, max(5, height // 8))
    for text in _texts(draw, width)[:_LINES]:
        size = draw.rng.randrange(14, 15 + max(1, width // 60))
        font = ImageFont.load_default(size=size)
        picture = Image.new("L", (width, height))
        left = draw.rng.randrange(2, max(3, width // 6))
        ImageDraw.Draw(picture).text((left, top), text, fill=255, font=font)
        letters = np.asarray(picture) > 127
        rows, columns = np.flatnonzero(letters.any(1)), np.flatnonzero(letters.any(0))
        box = np.zeros_like(letters)
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        # A dark ground under light letters, as consoles write.
        values[box] = low
        values[letters] = high
        lines.append((letters, box & ~letters))
        top += size + draw.rng.randrange(8, max(9, height // 4))
    data.PixelData = values.tobytes()
    return tuple(lines)


def _texts(draw: Draw, width: int) -> list[str]:
    person = draw.person()
    born = person.born.strftime("%d.%m.%Y")
    long = [f"{person.family.upper()}, {person.given} {born}", f"ID {person.number}", f"{person.family} {born}"]
    texts = long if width > 400 else [person.family.upper(), born, f"ID {person.number}"]
    draw.rng.shuffle(texts)
    return texts


def score_burned(burned: Sequence[Burned], outputs: Mapping[int, Output]) -> list[Result]:
    """Return whether each line is hidden; a file that was not released fails."""
    results = []
    for each in burned:
        output = outputs.get(each.number)
        for i, line in enumerate(each.lines):
            check = Check("pixels hidden", "burned-in text", f"line {i + 1} of {each.path.stem}")
            hidden = output is not None and not _stands_out(each.path, output.path, line)
            results.append(Result(each.number, check, hidden, leak=output is not None and not hidden))
    return results


def _stands_out(before: Path, after: Path, line: tuple[Mask, Mask]) -> bool:
    """Whether letters differ from what is between them by a tenth of what they did, or more."""
    letters, between = line
    try:
        old, new = (pixel_array(file).astype(np.float64) for file in (before, after))
    except (AttributeError, RuntimeError, ValueError):
        return True
    if old.shape != new.shape:
        return True
    was, is_ = (abs(float(each[letters].mean() - each[between].mean())) for each in (old, new))
    return is_ >= _LEFT * was
