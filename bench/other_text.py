"""Hidden plates that are readable text but no labelled plate: signs, shop names, time stamps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.metrics import Mask, Xyxy, boxes_mask
from bench.samples import Sample, read_rgb
from unseen.core.photos import Rgb8
from unseen.core.regions import Box

__all__ = ["CONFIDENT", "FEWEST", "Read", "is_readable", "open_reader", "other_text", "touches"]

CONFIDENT, FEWEST = 0.9, 3
#: Reads the text in boxes of a picture: text and mean confidence of each.
Read = Callable[[Rgb8, Sequence[Box]], list[tuple[str, float]]]
# Regions reach beyond the line of text by a margin; the reader sees them as they are and with the margin cut off.
_TRIMS = (0.0, 0.12)


def open_reader(environ: Mapping[str, str]) -> Read:
    """Return Unseen's own reader, from the models that an environment names."""
    from unseen.adapters.detect.text import PpocrReader, characters_of
    from unseen.adapters.runtimes import open_network
    from unseen.engine.models import model_store

    file = model_store(environ).require("ppocr-rec")
    return PpocrReader(open_network(file), file, characters_of(file)).read


def other_text(samples: Sequence[Sample], plates: Mapping[str, Sequence[Xyxy]], read: Read) -> dict[str, Mask]:
    """Return by file name the pixels of the regions that touch no labelled plate and are read with confidence."""
    return {s.name: _in_photo(s, plates.get(s.name, ()), read) for s in samples}


def _in_photo(sample: Sample, plates: Sequence[Xyxy], read: Read) -> Mask:
    labels = [label.xyxy for label in sample.labels]
    others = [box for box in plates if not any(touches(box, label) for label in labels)]
    readable = _readable(sample.path, others, read) if others else []
    return boxes_mask(sample.height, sample.width, readable)


def _readable(path: Path, boxes: Sequence[Xyxy], read: Read) -> list[Xyxy]:
    image = read_rgb(path)
    found = set()
    for trim in _TRIMS:
        words = read(image, [_trimmed(box, trim) for box in boxes])
        found |= {box for box, (text, confidence) in zip(boxes, words, strict=True) if is_readable(text, confidence)}
    return sorted(found)


def _trimmed(box: Xyxy, share: float) -> Box:
    x1, y1, x2, y2 = box
    dx, dy = share * (x2 - x1), share * (y2 - y1)
    return Box(x1 + dx, y1 + dy, x2 - dx, y2 - dy)


def is_readable(text: str, confidence: float) -> bool:
    """Whether this was read with confidence and holds enough letters or digits."""
    return confidence >= CONFIDENT and sum(c.isalnum() for c in text) >= FEWEST


def touches(a: Xyxy, b: Xyxy) -> bool:
    """Whether two boxes share area."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
