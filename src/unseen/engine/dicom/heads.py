"""Faces of head scans, series by series: measured before the run, and cut from each object as it comes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.core.dicom import DicomRecipe, PixelOutcome
from unseen.crypto.keys import Key
from unseen.dicom.heads.series import SeriesFace, cut_face, measure_series
from unseen.dicom.instance import Deidentifier
from unseen.dicom.shown import shows_head
from unseen.engine.dicom.inputs import DicomSource, read_source
from unseen.errors import DamagedInput, FileError, Refused

__all__ = ["Faces", "cut", "measure_faces"]

#: What is known of the face in a series, or in a frame of reference, by UID: where it is, or why it is not known.
Faces = Mapping[str, "SeriesFace | str"]
_TAGS = ["SeriesInstanceUID", "FrameOfReferenceUID"]


def measure_faces(sources: Sequence[DicomSource], recipe: DicomRecipe) -> Faces:
    """Return where the face is in each series of heads among the sources; a series is read whole, one at a time.

    A frame of reference stands for the first of its series whose face was found, so that scouts and thick slices, in
    which none can be found, are cut at the same place.
    """
    groups: dict[str, list[DicomSource]] = {}
    frames: dict[str, set[str]] = {}
    reader = Deidentifier(recipe, Key(bytes(32)))
    for source in sources:
        if source.fate == "read":
            series, frame = _identity(source, recipe, reader)
            if series:
                groups.setdefault(series, []).append(source)
                frames.setdefault(series, set()).add(frame)
    faces: dict[str, SeriesFace | str] = {series: _measured(group, recipe) for series, group in groups.items()}
    for series in groups:
        face = faces[series]
        if not isinstance(face, str):
            for frame in frames[series] - {""}:
                faces.setdefault(frame, face)
    return faces


def cut(dataset: Any, faces: Faces) -> PixelOutcome:
    """Remove the face from one object, which is changed; raises Refused where it is not known where the face is."""
    names = [str(dataset.get(name) or "") for name in _TAGS]
    known = [faces[name] for name in names if name in faces]
    face = next((one for one in known if not isinstance(one, str)), None)
    if face is None:
        why = next((one for one in known if isinstance(one, str)), "it belongs to no series that was measured")
        raise Refused(f"shows a head whose face cannot be removed: {why}; see --keep-face")
    changed, notes = cut_face(dataset, face, PydicomPixels())
    told = f"face removed from {changed} slices: {face.check.surface_gone:.0%} of its surface gone"
    return PixelOutcome(
        changed=True,
        hidden=changed,
        applied=frozenset(("clean-recognizable-visual-features",)),
        recognizable="NO",
        notes=(*notes, told),
    )


def _identity(source: DicomSource, recipe: DicomRecipe, reader: Deidentifier) -> tuple[str, str]:
    """Return the UIDs of an object's series and frame of reference; empty where it shows no head or cannot be read."""
    try:
        data = read_source(source, recipe.max_bytes)
        header = reader.read(data)
        if not shows_head(header.instance, header.sop_class):
            return "", ""
        one = _opened(data, _TAGS)
    except FileError:
        return "", ""
    return str(one.get("SeriesInstanceUID") or ""), str(one.get("FrameOfReferenceUID") or "")


def _measured(group: Sequence[DicomSource], recipe: DicomRecipe) -> SeriesFace | str:
    try:
        return measure_series([_opened(read_source(one, recipe.max_bytes)) for one in group], PydicomPixels())
    except FileError as error:
        return str(error)


def _opened(data: bytes, tags: list[str] | None = None) -> Any:
    import pydicom

    try:
        return pydicom.dcmread(io.BytesIO(data), force=True, specific_tags=tags, stop_before_pixels=tags is not None)
    except Exception as error:
        raise DamagedInput(f"cannot be read for its pixels ({type(error).__name__}); leave it out") from error
