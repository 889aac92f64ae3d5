"""Cleaning the pixels of one file: what is burned in, around the image, in overlays, icons and compressed frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.core.ports import DicomPixels
from unseen.core.regions import Box
from unseen.dicom.pixels.extras import drop_icons, drop_overlays, refuse_unreadable
from unseen.dicom.pixels.findings import PixelFindings, PixelRecipe, PixelTools
from unseen.dicom.pixels.frames import Frames, clear_hidden_bits, open_frames, store_frames, syntax_of
from unseen.dicom.pixels.layout import Layout, layout_of
from unseen.dicom.pixels.looking import FrameLooker, Seen, TextFinder
from unseen.dicom.pixels.outside import around_regions, banners, templates
from unseen.dicom.pixels.views import Viewer
from unseen.dicom.pixels.words import Judge
from unseen.pixels.boxes import widen

__all__ = ["clean_pixels", "hide_boxes"]

Mask = NDArray[np.bool_]
#: Smaller pictures than this hold no word that could be read.
_LEAST_SIDE = 12
#: How far text is widened, as a share of its height and in pixels, across its line and along it: strokes fade out
#: beyond what finders mark, and finders lose the ends of lines.
_WIDEN, _WIDEN_PX = (0.25, 0.6), (3.0, 5.0)
_FACE_WIDEN = 0.25
#: Looks at what was hidden, at most; each hides what still shows.
_AGAIN = 2


def clean_pixels(dataset: Any, tools: PixelTools, recipe: PixelRecipe, known: tuple[str, ...] = ()) -> PixelFindings:
    """Hide what identifies somebody in the pixels of a data set of pydicom, which is changed.

    `known` are the values of its header that identify: text that is like one never stays. Frames without findings keep
    their exact values, and their exact bytes where the compression can stay. Raises UnsupportedInput, DamagedInput or
    TooLarge for what cannot be looked at, which must not be released then. Clean Pixel Data Option, PS3.15 E.3.1.
    """
    syntax = syntax_of(dataset)
    refuse_unreadable(dataset, syntax)
    notes = []
    in_pixels = _overlays_in_pixels(dataset)
    overlays, icons = drop_overlays(dataset), drop_icons(dataset)
    notes += [f"{overlays} overlay planes removed"] if overlays else []
    notes += [f"{icons} icon images removed"] if icons else []
    layout = layout_of(dataset)
    if layout is None:
        return PixelFindings(syntax=syntax, notes=tuple(notes))
    job = _Job(dataset, layout, tools, recipe, notes)
    return job.run(Judge(recipe.text, known), in_pixels)


def hide_boxes(dataset: Any, codec: DicomPixels, boxes: Mapping[int, Sequence[Box]]) -> PixelFindings:
    """Hide boxes of text, by frame, in a data set of pydicom that was cleaned; it is changed.

    Raises UnsupportedInput or DamagedInput where its pixels cannot be read, ValueError where it has none.
    """
    layout = layout_of(dataset)
    if layout is None:
        raise ValueError("a data set without pixels has no boxes")
    frames = open_frames(dataset, layout, codec)
    viewer = Viewer.of(dataset, codec, frames.photometric)
    for index, found in boxes.items():
        # What one reader missed, another one often sees in part: widened twice.
        mask = _mask(layout, [_widened(box) for box in found], frames.grid)
        frames.blank(index, mask, viewer.darkest(frames.frame(index), mask))
    notes = store_frames(dataset, layout, frames)
    return PixelFindings(
        frames=layout.frames,
        changed=tuple(sorted(frames.changed)),
        places=(("text", max(map(len, boxes.values()), default=0)),),
        syntax=str(dataset.file_meta.TransferSyntaxUID),
        notes=tuple(notes),
    )


def _overlays_in_pixels(dataset: Any) -> bool:
    """Whether a retired overlay lies in bits of the pixels themselves (PS3.3 C.9.2, until 2004)."""
    return any(
        0x6000 <= tag.group <= 0x60FF and tag.element == 0x0102 and dataset[tag].value not in (0, None, "")
        for tag in list(dataset.keys())
    )


@dataclass(slots=True)
class _Job:
    """One file that is being cleaned."""

    dataset: Any
    layout: Layout
    tools: PixelTools
    recipe: PixelRecipe
    notes: list[str]
    places: Counter[str] = field(default_factory=Counter)
    share: float = 0.0
    kept: int = 0

    def run(self, judge: Judge, overlays: bool) -> PixelFindings:
        frames = open_frames(self.dataset, self.layout, self.tools.codec)
        self.notes += clear_hidden_bits(self.dataset, self.layout, frames, overlays)
        viewer = Viewer.of(self.dataset, self.tools.codec, frames.photometric)
        looker = FrameLooker(TextFinder(self.tools.text, self.tools.reader, judge))
        fixed = self._fixed()
        wanted = min(self.layout.rows, self.layout.columns) >= _LEAST_SIDE
        faces: dict[int, list[Box]] = {}
        if wanted:
            for index in range(self.layout.frames):
                faces[index] = self._look(looker, viewer, frames.frame(index), index)
        for index in range(self.layout.frames):
            seen = looker.settled(index, frames.frame(index)) if wanted else Seen()
            self._hide(frames, viewer, index, seen, faces.get(index, []), fixed)
        self.notes += store_frames(self.dataset, self.layout, frames)
        return PixelFindings(
            frames=self.layout.frames,
            changed=tuple(sorted(frames.changed)),
            places=tuple(sorted(self.places.items())),
            kept=self.kept,
            looks=looker.looks,
            hidden_share=self.share,
            syntax=str(self.dataset.file_meta.TransferSyntaxUID),
            notes=tuple(self.notes),
        )

    def _fixed(self) -> tuple[Mask | None, Mask | None]:
        """Return what lies around ultrasound regions, and what templates hide."""
        around = around_regions(self.dataset, self.layout) if self.recipe.surroundings else None
        return around, banners(self.dataset, self.layout, templates())

    def _look(self, looker: FrameLooker, viewer: Viewer, values: Pixels, index: int) -> list[Box]:
        """Look at a frame, at its first one again with what was found hidden; return the faces in it."""
        seen = looker.look(values, viewer.views(values))
        boxes = list(seen.hide)
        for _ in range(_AGAIN if boxes and index == 0 else 0):
            mask = _mask(self.layout, boxes, 1)
            left = values.copy()
            fill = viewer.darkest(values, mask)
            left[mask] = fill if values.ndim == 3 else fill[0]
            looker.looks += 1
            new = [b for b in looker.finder.look(viewer.views(left)).hide if not self._touched(b, mask, 0.5)]
            if not new:
                break
            boxes += new
            looker.add(index, new, values)
        if self.tools.faces is None or not _may_show_faces(self.dataset, self.layout):
            return []
        return [d.box for d in self.tools.faces.detect([viewer.views(values)[0]])[0] if d.cls == "face"]

    def _hide(
        self,
        frames: Frames,
        viewer: Viewer,
        index: int,
        seen: Seen,
        faces: list[Box],
        fixed: tuple[Mask | None, Mask | None],
    ) -> None:
        around, banner = fixed
        mask = _mask(self.layout, seen.hide, frames.grid) | _mask(self.layout, faces, frames.grid, _FACE_WIDEN)
        if banner is not None:
            mask |= banner
        # What would be left of a text that is cut goes too.
        whole = [box for box in seen.keep if not self._touched(box, mask)]
        mask |= _mask(self.layout, [box for box in seen.keep if box not in whole], frames.grid)
        if around is not None:
            mask |= around & ~_mask(self.layout, whole, 1, 0.0)
        values = frames.frame(index)
        fill = viewer.darkest(values, mask)
        if not mask.any() or bool((values[mask] == np.asarray(fill if values.ndim == 3 else fill[0])).all()):
            return
        frames.blank(index, mask, fill)
        counts = {"text": len(seen.hide), "face": len(faces)}
        counts |= {"banner": int(banner is not None), "surroundings": int(around is not None)}
        for kind, count in counts.items():
            if count:
                self.places[kind] = max(self.places[kind], count)
        self.kept = max(self.kept, len(whole))
        self.share = max(self.share, float(mask.mean()))

    @staticmethod
    def _touched(box: Box, mask: Mask, share: float = 0.0) -> bool:
        """Whether more than a share of a box lies in a mask."""
        x1, y1, x2, y2 = (round(v) for v in box.xyxy)
        inside = mask[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]
        return bool(inside.size == 0 or inside.mean() > share)


def _mask(layout: Layout, boxes: Sequence[Box], grid: int, by: float | None = None) -> Mask:
    """Return boxes, widened as text is or by a share of their height, and grown to a grid of pixels, as a mask."""
    mask = np.zeros((layout.rows, layout.columns), bool)
    for box in boxes:
        wide = _widened(box) if by is None else widen(box, by, by)
        x1, y1 = max(int(wide.x1 // grid) * grid, 0), max(int(wide.y1 // grid) * grid, 0)
        x2, y2 = -int(-wide.x2 // grid) * grid, -int(-wide.y2 // grid) * grid
        mask[y1 : max(y2, 0), x1 : max(x2, 0)] = True
    return mask


def _widened(text: Box) -> Box:
    """Return a box of text widened along its line and, less, across it."""
    side = min(text.width, text.height)
    across, along = (max(share * side, least) for share, least in zip(_WIDEN, _WIDEN_PX, strict=True))
    dx, dy = (across, along) if text.height > 2 * text.width else (along, across)
    return text.grown(dx, dy)


def _may_show_faces(dataset: Any, layout: Layout) -> bool:
    """Whether an image may be a photograph, or a rendering of a head: secondary captures and visible light."""
    sop = str(dataset.get("SOPClassUID") or "")
    captured = sop.startswith(("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.77.1.")) or not sop
    return captured and layout.allocated == 8 and str(dataset.get("Modality") or "") not in ("US", "SM", "SEG")
