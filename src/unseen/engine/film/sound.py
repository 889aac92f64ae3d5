"""What becomes of the sound of a video: it is dropped, kept, or silent while somebody is hidden."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from unseen.core.recipe import PEOPLE
from unseen.core.video import Audio, Sound

__all__ = ["sound_of", "sound_problems", "streams_dropped"]

#: Seconds before and after which there is no sound.
_EVER = 1e6


def sound_of(source: Path, audio: Audio, lines: Iterable[str], step: float, *, shifted: bool) -> Sound | None:
    """Return the sound to put beside the pictures, None for none.

    `lines` tell what is hidden in each frame, as `FilmStore.hidden` yields them; `step` is the usual time from frame to
    frame in seconds. Where the times of frames were `shifted` against the sound's nobody can tell what to mute, and all
    of it is silent.
    """
    if audio == "drop":
        return None
    if audio == "keep":
        return Sound(source)
    return Sound(source, ((-_EVER, _EVER),) if shifted else tuple(_times_with(lines, PEOPLE, step)))


def sound_problems(audio: Audio, *, shifted: bool, has_audio: bool) -> tuple[str, ...]:
    """Return what is wrong with the sound beside frames whose times were `shifted`, a line each."""
    if audio == "drop" or not (shifted and has_audio):
        return ()
    told = "so that it may be out of step" if audio == "keep" else "so that all of it is muted"
    return (f"the time stamps step back or leap, and the sound's place is not known, {told}",)


def streams_dropped(kinds: tuple[str, ...], audio: Audio) -> tuple[str, ...]:
    """Return which of the streams beside the pictures, told by their kinds, do not come along."""
    return kinds if audio == "drop" else _but_sound(kinds)


def _but_sound(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return kinds of streams but the first one of sound."""
    sound = next((number for number, kind in enumerate(kinds) if kind.startswith("audio")), len(kinds))
    return (*kinds[:sound], *kinds[sound + 1 :])


def _times_with(lines: Iterable[str], classes: frozenset[str], step: float) -> Iterator[tuple[float, float]]:
    """Yield the times (start, end) in seconds in which a region of one of the classes is hidden, or all of a frame, and
    `step` seconds around; a frame is shown until the next one is, the last one for as long as there is sound."""
    since: float | None = None
    end, shows = -math.inf, False
    for frame in map(json.loads, lines):
        time = frame["time"]
        if shows:
            end = max(end, time + step)
        if since is not None and time - step > end:
            yield since, end
            since = None
        shows = frame.get("whole", False) or any(region[0] in classes for region in frame["regions"])
        if shows:
            since = time - step if since is None else since
            end = time + 2 * step
    if since is not None:
        yield since, _EVER if shows else end
