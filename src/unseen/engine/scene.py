"""Draws a scene on a picture of the camera, in which persons and vehicles are hidden first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from unseen.adapters.files_output import check_writable, write_bytes, write_whole
from unseen.adapters.scene_picture import drawn, editor, jpeg
from unseen.adapters.scene_yaml import SCHEMA, write_scene
from unseen.adapters.video_av import AvCodec
from unseen.core.formats import Limits, is_video
from unseen.core.jobs import SceneJob
from unseen.core.names import display
from unseen.core.photos import Frame, Photo, Rgb8
from unseen.core.recipe import Recipe, looks_for
from unseen.core.scene import Scene
from unseen.engine.single import read_first_frame, redact_photo
from unseen.errors import DamagedInput, OutputTaken, Refused, UsageError
from unseen.media.upright import Upright

__all__ = ["run"]

#: Whoever and whatever passes is hidden as a whole, vehicles with their plates: what is wanted is the place.
_HIDDEN = ("face", "person", "vehicle")
#: No limit on the size of pictures: points are wanted in pixels of the whole one.
_WHOLE = 1 << 20

#: Hides persons and vehicles in a photo, on a device.
Hider = Callable[[Photo, Recipe, str], Photo]


def run(job: SceneJob, hide: Hider | None = None) -> tuple[Path, ...]:
    """Write the scene and its picture, or the page to draw it in, and return their paths.

    Raises UsageError, ModelUnavailable, FileError, or OutputFailed; nothing raw is ever written.
    """
    paths = _paths(job)
    for path in paths:
        if _same(path, job.frame):
            raise Refused(f"{display(path)}: would be written over the picture itself; choose another -o")
        if os.path.lexists(path) and not job.overwrite:
            raise OutputTaken(f"{display(path)}: is there already; choose another -o, or say --overwrite")
        check_writable(path, "the scene")
    photo = _first_frame(job.frame) if is_video(job.frame.name) else read_first_frame(job.frame, Limits())
    frame = photo.frames[0]
    scene = None
    if job.lines or job.zones:
        scene = Scene(frame.width, frame.height, job.lines, job.zones, job.calibration, job.classes)
    picture = _rgb8((hide or _hidden)(photo, Recipe(looks=looks_for(_HIDDEN, None)), job.device).frames[0])
    if scene is None:
        write_whole(paths[0], [editor(picture, SCHEMA, job.out.name)], "the page")
        return paths
    write_scene(scene, paths[0])
    write_bytes(paths[1], jpeg(drawn(picture, scene)), "the picture")
    return paths


def _paths(job: SceneJob) -> tuple[Path, ...]:
    """Return what is written: the scene and its picture, or the page."""
    if job.out.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"a scene is written to a file that ends in .yaml, got {job.out.name}")
    if job.lines or job.zones:
        return (job.out, job.out.with_suffix(".jpg"))
    if job.calibration is not None:
        raise UsageError("a calibration needs a line or a zone; say --line or --zone too")
    return (job.out.with_suffix(".html"),)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _hidden(photo: Photo, recipe: Recipe, device: str) -> Photo:
    return redact_photo(photo, recipe, device)[0]


def _first_frame(path: Path) -> Photo:
    """Return the first whole frame of a video, upright and with square pixels; raises FileError."""
    name = display(path)
    with AvCodec().open_video(path, name) as reader:
        upright = Upright(reader.info, _WHOLE)
        for frame in reader:
            if not frame.damaged:
                return Photo("png", (Frame(upright.view(reader, frame), "rgb"),))
    raise DamagedInput(f"{name}: holds no frame that is whole; name another video, or a photo")


def _rgb8(frame: Frame) -> Rgb8:
    """Return a frame's pixels as RGB of 8 bits."""
    pixels = frame.pixels[:, :, :3]
    if pixels.dtype == np.uint16:
        pixels = pixels >> 8
    return np.ascontiguousarray(pixels.astype(np.uint8))
