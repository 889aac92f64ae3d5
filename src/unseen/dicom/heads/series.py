"""Head scans as series of DICOM slices: told apart, joined to a volume, and their faces removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unseen.core.ports import DicomPixels
from unseen.dicom.heads.face import HeadCheck, deface, face_mask
from unseen.dicom.heads.landmarks import Floats, Landmarks, Mask
from unseen.dicom.pixels.frames import Frames, open_frames, store_frames
from unseen.dicom.pixels.layout import GREY, Layout, layout_of
from unseen.errors import UnsupportedInput

__all__ = ["SeriesFace", "cut_face", "measure_series"]

#: Fewer slices than this, or slices that reach less far in millimetres, show no surface.
_LEAST_SLICES, _LEAST_REACH = 8, 40.0


@dataclass(frozen=True, slots=True)
class SeriesFace:
    """Where the face of a series is, what is written over it, and what the check of the cut said; holds no pixels."""

    found: Landmarks
    fill: float
    check: HeadCheck


@dataclass(frozen=True, slots=True)
class _Slice:
    """A slice: its file and frame, and where voxel indices (column, row) lie, in millimetres to the left, back, top."""

    file: int
    frame: int
    corner: Floats
    across: Floats
    down: Floats

    @property
    def normal(self) -> Floats:
        return np.cross(self.across, self.down) / np.linalg.norm(np.cross(self.across, self.down))

    @property
    def depth(self) -> float:
        return float(self.normal @ self.corner)


def measure_series(datasets: Sequence[Any], codec: DicomPixels) -> SeriesFace:
    """Return where the face of a series of pydicom data sets is; nothing is changed.

    All slices must be parallel; enhanced files hold many. Where there are several volumes (echoes, directions), the
    first shows where the face is. Raises UnsupportedInput for a series that is no volume of a head, VerificationFailed
    when the check fails, DamagedInput for slices that cannot be decoded.
    """
    layouts, frames = _opened(datasets, codec)
    slices = [one for i, dataset in enumerate(datasets) for one in _slices(dataset, i, layouts[i].frames)]
    first = _one_volume(slices)
    volume = np.stack([frames[s.file].frame(s.frame) for s in first])
    mask, found, check = deface(volume, _affine(first))
    rest = volume[~mask]
    fill = float(rest.max() if layouts[0].photometric == "MONOCHROME1" else rest.min())
    return SeriesFace(found, fill, check)


def cut_face(dataset: Any, face: SeriesFace, codec: DicomPixels) -> tuple[int, tuple[str, ...]]:
    """Remove a face from the slices of one file of a series, which is changed; return how many changed, and notes.

    Voxels of the face, and the air before it, become the darkest value of the rest of the series. Files of another
    series in the same frame of reference are cut at the same place. Raises UnsupportedInput where the header does not
    say where slices lie. Clean Recognizable Visual Features Option, PS3.15 E.3.2.
    """
    (layout,), (frames,) = _opened([dataset], codec)
    changed = 0
    for one in _slices(dataset, 0, layout.frames):
        hidden = _hidden(one, face.found, layout)
        if hidden.any():
            frames.blank(one.frame, hidden, (face.fill,))
            changed += 1
    return changed, tuple(store_frames(dataset, layout, frames))


def _opened(datasets: Sequence[Any], codec: DicomPixels) -> tuple[list[Layout], list[Frames]]:
    layouts = [layout_of(dataset) for dataset in datasets]
    known = [layout for layout in layouts if layout is not None]
    if not known or len(known) < len(layouts) or any(layout.photometric not in GREY for layout in known):
        raise UnsupportedInput("the series holds files without grey pixels; no face is looked for in it")
    if len({(layout.rows, layout.columns) for layout in known}) > 1:
        raise UnsupportedInput("the slices of the series differ in size; it is not released")
    return known, [open_frames(d, layout, codec) for d, layout in zip(datasets, known, strict=True)]


def _slices(dataset: Any, file: int, count: int) -> list[_Slice]:
    """Return where the slices of a file lie; enhanced files say it by frame."""
    try:
        if "PerFrameFunctionalGroupsSequence" not in dataset:
            return [_slice(dataset, dataset, dataset, file, 0)]
        shared = dataset.SharedFunctionalGroupsSequence[0]
        found = []
        for index, own in enumerate(list(dataset.PerFrameFunctionalGroupsSequence)[:count]):
            place = own.PlanePositionSequence[0]
            turn = (own if "PlaneOrientationSequence" in own else shared).PlaneOrientationSequence[0]
            size = (own if "PixelMeasuresSequence" in own else shared).PixelMeasuresSequence[0]
            found.append(_slice(place, turn, size, file, index))
        return found
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise UnsupportedInput("the header does not say where each slice lies; the series is not released") from error


def _slice(place: Any, turn: Any, size: Any, file: int, frame: int) -> _Slice:
    corner = np.array([float(v) for v in place.ImagePositionPatient])
    cosines = np.array([float(v) for v in turn.ImageOrientationPatient])
    between = [float(v) for v in size.PixelSpacing]
    if corner.shape != (3,) or cosines.shape != (6,) or min(between) <= 0:
        raise ValueError("a slice needs a place, two directions and two distances")
    return _Slice(file, frame, corner, cosines[:3] * between[1], cosines[3:] * between[0])


def _one_volume(slices: Sequence[_Slice]) -> list[_Slice]:
    """Return one slice at each depth, in order; raises UnsupportedInput where they make no volume."""
    normal = slices[0].normal
    if any(float(one.normal @ normal) < 0.999 for one in slices):
        raise UnsupportedInput("the slices of the series are not parallel; it is not released")
    by_depth: dict[float, _Slice] = {}
    for one in slices:
        by_depth.setdefault(round(one.depth, 2), one)
    first = [by_depth[depth] for depth in sorted(by_depth)]
    if len(first) < _LEAST_SLICES or first[-1].depth - first[0].depth < _LEAST_REACH:
        raise UnsupportedInput(
            f"the series has fewer than {_LEAST_SLICES} slices, or is too thin, to find a face in it"
        )
    steps = np.diff([one.depth for one in first])
    if steps.max() > 1.5 * float(np.median(steps)):
        raise UnsupportedInput("slices of the series are missing; no face is looked for in it")
    return first


def _affine(first: Sequence[_Slice]) -> Floats:
    """Return what takes indices (slice, row, column) to millimetres to the right, front and top."""
    affine = np.eye(4)
    affine[:3, 0] = (first[-1].corner - first[0].corner) / (len(first) - 1)
    affine[:3, 1], affine[:3, 2], affine[:3, 3] = first[0].down, first[0].across, first[0].corner
    affine[:2] *= -1
    return affine


def _hidden(one: _Slice, found: Landmarks, layout: Layout) -> Mask:
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2], affine[:3, 3] = one.normal, one.down, one.across, one.corner
    affine[:2] *= -1
    return np.asarray(face_mask(found, (1, layout.rows, layout.columns), affine)[0])
