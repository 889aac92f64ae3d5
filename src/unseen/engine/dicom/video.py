"""Videos inside DICOM objects: redacted as video files are, and put back in a form that the standard knows."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.video.memory import as_file, contained, facts_of
from unseen.adapters.video_av import AvCodec
from unseen.core.dicom import PixelOutcome, PixelResidue
from unseen.core.looks import Look
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Region
from unseen.core.video import VideoRecipe, VideoStyle
from unseen.engine.assemble import Assembled, assemble
from unseen.engine.film.film import Film, FilmDone
from unseen.engine.film.opened import form_of
from unseen.engine.film.store import FilmStore
from unseen.engine.film.tools import FilmTools
from unseen.engine.models import model_store
from unseen.engine.needed_models import require_models
from unseen.engine.stopwatch import Stopwatch
from unseen.errors import DamagedInput, ModelUnavailable, UnsupportedInput, VerificationFailed
from unseen.pixels.planes import hide_planes

__all__ = ["clean_video", "hide_in_video"]

_ROOT = "1.2.840.10008.1.2.4."
_HEVC = ("107", "108")
#: What is written: the syntax, FFmpeg's name of the profile, and the highest level (PS3.5 8.2.7 to 8.2.11).
_WRITTEN = {
    "h264": (("102", "High", 41), ("104", "High", 42)),
    "hevc": (("107", "Main", 153), ("108", "Main 10", 153)),
}
_METHODS = {"h264": "ISO_14496_10", "hevc": "ISO_23008_2"}
_WIDEN = 4.0


def clean_video(dataset: Any, staging: Path) -> PixelOutcome:
    """Hide faces and text in the video of a data set of pydicom, which is changed; its sound goes.

    All text goes, as none of it is read. What is worked on lies in `staging`, which the next run clears. Raises
    FileError where it cannot be read or written, or does not pass verification: the object must not be released then.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    data, ending = contained(_stream_of(dataset))
    recipe = _recipe("hevc" if syntax.removeprefix(_ROOT)[:3] in _HEVC else "auto")
    with tempfile.TemporaryDirectory(dir=staging) as folder, as_file(data) as source:
        done = _redacted(source, ending, Path(folder), recipe)
        written, frames = done.path.read_bytes(), done.receipt.frames
    if frames != int(dataset.get("NumberOfFrames") or 1):
        raise DamagedInput("its video has more or fewer frames than it says; it is not released")
    name = _put_back(dataset, written)
    hidden = len(done.receipt.tracks)
    notes = (f"video: {hidden} faces and texts hidden over time, sound dropped, written as {name}",)
    return PixelOutcome(True, hidden, frozenset(("clean-pixel-data",)), burned_in="NO", notes=notes)


def hide_in_video(dataset: Any, residues: Sequence[PixelResidue], staging: Path) -> PixelOutcome:
    """Hide places in every frame of the video of a data set: text that a second reader saw stands still, mostly."""
    data, ending = contained(_stream_of(dataset))
    looks, boxes = Look("solid"), {each.box for each in residues}
    regions = [Region("text", box.grown(_WIDEN), looks, reason="verification") for box in boxes]
    with tempfile.TemporaryDirectory(dir=staging) as folder, as_file(data) as source:
        made = Path(folder) / "hidden.mp4"
        _written_again(source, ending, made, regions)
        _put_back(dataset, made.read_bytes())
    note = f"{len(regions)} places hidden in all frames of the video, where a second reader saw text"
    return PixelOutcome(True, len(regions), burned_in="NO", notes=(note,))


def _stream_of(dataset: Any) -> bytes:
    from pydicom.encaps import generate_fragments

    try:
        _, *others = generate_fragments(dataset.PixelData)
    except (ValueError, AttributeError) as error:
        raise DamagedInput("its video cannot be read; it is not released") from error
    # The table of offsets comes first.
    return b"".join(others)


def _style(codec: str) -> VideoStyle:
    """Return how a video that is diagnosed from is written: with all that the preset looks for."""
    return VideoStyle(codec, speed="veryfast")


def _recipe(codec: str) -> Recipe:
    looks = looks_for(("face", "text"), None)
    return Recipe(looks=looks, video=VideoRecipe(audio="drop", style=_style(codec)))


@lru_cache(maxsize=2)
def _models(recipe: Recipe) -> Assembled:
    try:
        with single_threaded():
            return assemble(recipe, require_models(recipe, model_store()), "auto", 1)
    except ModelUnavailable as error:
        raise UnsupportedInput(f"its video cannot be looked at: {error}") from error


def _redacted(source: Path, ending: str, folder: Path, recipe: Recipe) -> FilmDone:
    models, name = _models(recipe), f"video.{ending}"
    tools = FilmTools(
        codec=AvCodec(1),
        eyes=models.film_eyes,
        opinion=models.film_opinion,
        watch=Stopwatch(time.perf_counter),
        note=lambda done, total: None,
    )
    store = FilmStore(folder / "parts", secrets.token_hex(16))
    film = Film(source=source, name=name, staged=folder / "redacted.mp4", recipe=recipe, tools=tools, store=store)
    return film.redact()


def _put_back(dataset: Any, written: bytes) -> str:
    """Make a video the pixels of a data set, and return the name of its syntax; raises UnsupportedInput."""
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID

    codec, profile, level = facts_of(written)
    fits = [end for end, wanted, most in _WRITTEN.get(codec, ()) if profile == wanted and level <= most]
    if not fits:
        raise UnsupportedInput("its video cannot be written in a form that DICOM knows; it is not released")
    syntax = UID(_ROOT + fits[0])
    # One fragment holds the whole, and no table tells where frames begin (PS3.5 A.4.5 to A.4.8).
    dataset.PixelData = encapsulate([written], has_bot=False)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "YBR_PARTIAL_420", 3
    dataset.LossyImageCompression = "01"
    _tell_method(dataset, _METHODS[codec])
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            del dataset[keyword]
    return str(syntax.name)


def _tell_method(dataset: Any, method: str) -> None:
    """Add this compression to those that the object tells of (PS3.3 C.7.6.1.1.5)."""
    size = dataset.Rows * dataset.Columns * 3 * int(dataset.get("NumberOfFrames") or 1)
    ratio = f"{size / max(len(dataset.PixelData), 1):.2f}"
    for keyword, value in (("LossyImageCompressionRatio", ratio), ("LossyImageCompressionMethod", method)):
        told = dataset.get(keyword)
        before = [] if told in (None, "") else [told] if isinstance(told, str | int | float) else list(told)
        setattr(dataset, keyword, [*map(str, before), value])


def _written_again(source: Path, ending: str, made: Path, regions: Sequence[Region]) -> None:
    """Write a video with regions hidden in every frame."""
    codec, noise = AvCodec(1), np.random.default_rng()
    with codec.open_video(source, f"video.{ending}") as reader:
        info = reader.info
        form = form_of(info)
        style = _style("hevc" if info.codec == "hevc" else "auto")
        with codec.open_writer(made, info, style, "video.mp4") as writer:
            for frame in reader:
                if frame.damaged:
                    raise VerificationFailed("its written video is damaged; it is not released")
                writer.write(replace(frame, planes=hide_planes(frame.planes, regions, form, noise)))
