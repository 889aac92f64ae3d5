"""From masks and labels to rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.metrics import SIZES, Mask, Recall, boxes_mask, coverage, recall_of, wilson
from bench.samples import Sample
from bench.wanted import Figure, Wanted

__all__ = ["Bounds", "Hidden", "Row", "rows_of", "shares_beside", "whole_pictures"]

#: Returns the bounds on the figures of a row, by (labels, size).
Bounds = Callable[[str, str], Mapping[str, Wanted]]
_WHOLE, _FULL_OF_LABELS = 0.99, 0.75


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a run hid in a set of photos: masks by file name; a photo that is not there was not released.

    `text` holds the part of a mask that is readable text but no labelled plate. `seconds` is None where the whole
    command was not timed.
    """

    data: str
    run: str
    classes: tuple[str, ...]
    masks: Mapping[str, Mask]
    text: Mapping[str, Mask] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row; figures that it has no value for are None.

    `half` and `most` are the shares of labels of which at least 50 % and 90 % are hidden. `beside` is the
    over-redaction without, `over` with the other text, `text` that part; `pooled` is `beside` over all pixels at once.
    """

    data: str
    run: str
    classes: tuple[str, ...]
    labels: str = ""
    size: str = ""
    n: int = 0
    half: Figure | None = None
    most: Figure | None = None
    over: Figure | None = None
    text: Figure | None = None
    beside: Figure | None = None
    pooled: Figure | None = None
    whole: Figure | None = None
    not_released: int | None = None
    speed: Figure | None = None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure that has a value."""
        every = (self.half, self.most, self.over, self.text, self.beside, self.pooled, self.whole, self.speed)
        return tuple(figure for figure in every if figure is not None)


def rows_of(samples: Sequence[Sample], hidden: Hidden, groups: Sequence[str], bounds: Bounds) -> list[Row]:
    """Return a row for each group of labels ("person+vehicle" is both) and size; the first row has all figures."""
    rows = []
    for i, group in enumerate(groups):
        shares = _shares(samples, hidden.masks, frozenset(group.split("+")))
        for size in SIZES:
            wanted = bounds(group, size)
            recall = recall_of(shares, size)
            if recall.n == 0 and size != "all":
                continue
            row = Row(hidden.data, hidden.run, hidden.classes, group, size, recall.n, *_recall_figures(recall, wanted))
            rows.append(_with_beside(row, samples, hidden, wanted) if i == 0 and size == "all" else row)
    return rows


def _shares(
    samples: Sequence[Sample], masks: Mapping[str, Mask], classes: frozenset[str]
) -> list[tuple[tuple[float, float, float, float], float]]:
    """Return each label with the share of it that is hidden, 0 in photos that were not released."""
    nothing = np.zeros((1, 1), dtype=np.bool_)
    return [
        (label.xyxy, coverage(masks.get(sample.name, nothing), label.xyxy))
        for sample in samples
        for label in sample.labels
        if label.cls in classes and not label.ignore
    ]


def _recall_figures(recall: Recall, wanted: Mapping[str, Wanted]) -> tuple[Figure | None, Figure | None]:
    if recall.n == 0:
        return None, None
    return (
        Figure(recall.half / recall.n, wilson(recall.half, recall.n), wanted.get("half")),
        Figure(recall.most / recall.n, wilson(recall.most, recall.n), wanted.get("most")),
    )


def _with_beside(row: Row, samples: Sequence[Sample], hidden: Hidden, wanted: Mapping[str, Wanted]) -> Row:
    counts = [
        shares_beside(s, hidden.masks[s.name], hidden.text.get(s.name)) for s in samples if s.name in hidden.masks
    ]
    over, text = (float(np.mean([c[i] for c in counts])) if counts else 0.0 for i in (0, 1))
    pixels = [s.width * s.height for s in samples if s.name in hidden.masks]
    pooled = float(np.average([c[0] - c[1] for c in counts], weights=pixels)) if counts else 0.0
    whole = whole_pictures(samples, hidden.masks)
    return Row(
        **{name: getattr(row, name) for name in ("data", "run", "classes", "labels", "size", "n", "half", "most")},
        over=Figure(over),
        text=Figure(text) if hidden.text else None,
        beside=Figure(over - text, wanted=wanted.get("beside")),
        pooled=Figure(pooled),
        whole=Figure(whole, wanted=wanted.get("whole")),
        not_released=len(samples) - len(counts),
        speed=Figure(len(samples) / hidden.seconds) if hidden.seconds else None,
    )


def shares_beside(sample: Sample, mask: Mask, text: Mask | None = None) -> tuple[float, float]:
    """Return the share of a picture that is hidden beside its labels, and the part of that which is other text."""
    beside = mask & ~_labelled(sample)
    return float(beside.mean()), 0.0 if text is None else float((beside & text).mean())


def whole_pictures(samples: Sequence[Sample], masks: Mapping[str, Mask]) -> int:
    """Count pictures that are hidden from edge to edge although labels do not fill them."""
    released = [s for s in samples if s.name in masks]
    full = [s for s in released if masks[s.name].mean() >= _WHOLE]
    return sum(float(_labelled(s).mean()) < _FULL_OF_LABELS for s in full)


def _labelled(sample: Sample) -> Mask:
    return boxes_mask(sample.height, sample.width, (label.xyxy for label in sample.labels))
