"""The parts of a video are joined to one file, which is looked at as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unseen.core.ports import VideoCodec
from unseen.core.recipe import Recipe
from unseen.core.video import Sound
from unseen.engine.film.opened import OpenFilm
from unseen.errors import VerificationFailed
from unseen.verify.streams import extent, scan_video

__all__ = ["check_whole", "join"]


def join(
    film: OpenFilm, parts: Sequence[Path], staged: Path, codec: VideoCodec, *, sound: Sound | None, end: int
) -> int:
    """Join the parts of a video to a file, with its sound, the last frame shown up to `end`, and return the number of
    frames; raises OutputFailed."""
    told = film.smaller.info
    told = told if "datetime" in film.recipe.keep else replace(told, created=None)
    return codec.concat(parts, staged, told, film.name, sound=sound, end=end)


def check_whole(staged: Path, recipe: Recipe, name: str, *, joined: int, frames: int) -> None:
    """Look at a written file for anything but pictures and sound, and for as many frames as were `joined` and as the
    video has; raises VerificationFailed and deletes it."""
    keep = (recipe.keep & {"datetime"}) | ({"audio"} if recipe.video.audio != "drop" else set())
    try:
        findings = scan_video(staged, keep=keep)
        if findings:
            raise VerificationFailed(f"{name}: the output holds {findings[0]}; report this with the format")
        if not joined == frames == extent(staged).frames:
            raise VerificationFailed(f"{name}: the output has another number of frames; run again")
    except ValueError as error:
        raise VerificationFailed(f"{name}: the output cannot be read back ({error}); run again") from error
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
