"""What becomes of the sound of a video: it is dropped, kept, or silent while somebody is hidden."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from unseen.core.recipe import PEOPLE
from unseen.core.video import Audio, Sound
from unseen.engine.film.kept_frames import KeptFrame

__all__ = ["sound_of", "sound_problems", "streams_dropped"]

#: Seconds before and after which there is no sound.
_EVER = 1e6
#: A frame speaks for the time up to the next one, but for no more than so many usual times from frame to frame, which
#: are taken to be so many seconds at least, because rates may be told wrongly, and at the most: who came between two
#: frames of a time lapse nobody knows.
_COVERED_STEPS, _COVERED_S = 2, (0.2, 2.0)


def sound_of(source: Path, audio: Audio, lines: Iterable[str], step: float, *, shifted: bool) -> Sound | None:
    """Return the sound to put beside the pictures, None for none.

    `lines` tell what is hidden in each frame, as `FilmStore.hidden` yields them; `step` is the usual time from frame to
    frame in seconds. It is heard only where a whole frame without people speaks for it. Where the times of
    frames were `shifted` against the sound's nobody can tell what to mute, and all of it is silent.
    """
    if audio == "drop":
        return None
    if audio == "keep":
        return Sound(source)
    return Sound(source, ((-_EVER, _EVER),) if shifted else tuple(_times_to_mute(lines, step)))


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


def _times_to_mute(lines: Iterable[str], step: float) -> list[tuple[float, float]]:
    """Return the times (start, end) in seconds, rising and apart, for which no whole frame without people speaks, and
    `step` seconds around frames with people; a frame is shown until the next one is, or for `step` seconds."""
    least, most = _COVERED_S
    covered = min(max(_COVERED_STEPS * step, least), most)
    muted: list[tuple[float, float]] = []
    time, people = -_EVER, False
    for frame in map(KeptFrame.read, lines):
        _add(muted, *_silent(time, frame.time, covered, step, people=people))
        time, people = frame.time, _may_show_people(frame)
    _add(muted, *_silent(time, _EVER, covered, step, people=people))
    return muted


def _may_show_people(frame: KeptFrame) -> bool:
    """Whether people are hidden in a frame, or all of it is, so that nobody knows."""
    return frame.whole or any(each.cls in PEOPLE for each in frame.regions)


def _silent(time: float, after: float, covered: float, step: float, *, people: bool) -> tuple[float, float]:
    """Return from when until when one frame, shown from `time` until that `after` it, leaves the sound silent; the end
    is not behind the start where it does not."""
    if people:
        return time - step, max(after, time + step) + step
    return time + covered, after


def _add(times: list[tuple[float, float]], start: float, end: float) -> None:
    """Add a time to `times`, which rise and are apart, as one with those that it meets; none if it is empty."""
    if start >= end:
        return
    while times and times[-1][1] >= start:
        before = times.pop()
        start, end = min(start, before[0]), max(end, before[1])
    times.append((start, end))
