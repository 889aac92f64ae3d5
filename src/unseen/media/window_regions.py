"""What is hidden in each frame of a window of a video: by tracks that know what comes before and after."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from unseen.core.looks import DEFAULT_LOOKS
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.core.video import Track, TrackPoint, VideoInfo
from unseen.media.followed import Followed, followed
from unseen.media.margins import cover_point
from unseen.media.windows import Window
from unseen.tracks.extend import covering_box, extend_all
from unseen.tracks.link import link
from unseen.tracks.named import Named

__all__ = ["Covered", "cover_window"]

#: Pixels by which turning and scaling boxes may move their sides.
_ROUNDED = 1.0
#: Who is new may have come by as many of their sizes since the look before.
_COME = 1.0


@dataclass(frozen=True, slots=True)
class Covered:
    """What is hidden in each frame of a window, by which tracks, in frames of the video, and those left visible because
    they are too faint to be believed."""

    regions: list[tuple[Region, ...]]
    tracks: list[Track]
    faint: list[Track]


def cover_window(
    window: Window,
    info: VideoInfo,
    recipe: Recipe,
    named: Named,
    verifiers: frozenset[str] = frozenset(),
) -> Covered:
    """Return what is to be hidden in a window.

    What a model of `verifiers` found is hidden without interference, whatever the recipe says. The model that found
    tracks tells how they are linked and covered, and which are left out as too faint; a track that was believed in a
    window before stays so.
    """
    rate = window.rate(info)
    linked = _linked(window, info, recipe, rate)
    earliest = min([window.first, *(look.frame for look in window.looks[:1])])
    numbered = named.numbered(linked, forget_before=earliest)
    tracks, faint = _believed(numbered, named, max(info.width, info.height), verifiers)
    wide = _extended(tracks, window, info, rate, verifiers)
    return Covered(_by_frame(wide, window, info, recipe, verifiers), wide, faint)


def _linked(window: Window, info: VideoInfo, recipe: Recipe, rate: float) -> list[Track]:
    """Return the tracks of what is to be hidden, from the first detection of each to the last one."""
    frames = [look.frame for look in window.looks]
    found = [[d for d in look.found if d.cls in recipe.hidden] for look in window.looks]
    by = followed(sorted({d.model for each in found for d in each})).link
    return link(frames, found, width=info.width, height=info.height, rate=rate, cuts=window.cuts, settings=by)


def _believed(
    tracks: Iterable[Track], named: Named, longer: int, verifiers: frozenset[str]
) -> tuple[list[Track], list[Track]]:
    """Return the tracks that are believed, which is noted, and those too faint for it, in a video whose longer side is
    `longer` pixels."""
    believed: list[Track] = []
    faint: list[Track] = []
    for track in tracks:
        known = track.number in named.believed or verifiers & set(track.models)
        (believed if known or followed(track.models).believed(track, longer) else faint).append(track)
    named.believed.update(track.number for track in believed)
    return believed, faint


def _by_frame(
    tracks: Sequence[Track], window: Window, info: VideoInfo, recipe: Recipe, verifiers: frozenset[str]
) -> list[tuple[Region, ...]]:
    """Return what is to be hidden of extended tracks in each frame of a window."""
    regions: list[list[Region]] = [[] for _ in window.frames]
    first, end = window.first, window.first + len(window.frames)
    for track in tracks:
        for point in track.points[max(0, first - track.first) : max(0, end - track.first)]:
            if (region := _region(track, point, recipe, info, verifiers)) is not None:
                regions[point.frame - first].append(region)
    return [tuple(each) for each in regions]


def _extended(
    tracks: Sequence[Track], window: Window, info: VideoInfo, rate: float, verifiers: frozenset[str]
) -> list[Track]:
    """Return tracks as they are covered: over their gaps, and longer and wider than what was found."""
    missed = _Missed(window, info, verifiers)
    alike: dict[Followed, list[Track]] = {}
    for track in tracks:
        alike.setdefault(followed(track.models), []).append(track)
    wide: list[Track] = []
    for way, some in alike.items():
        wide += extend_all(
            some, width=info.width, height=info.height, rate=rate, last_frame=window.horizon, cuts=window.cuts,
            stride=window.step, arrival_strides=[missed.since(track) for track in some], settings=way.cover,
        )  # fmt: skip
    return wide


class _Missed:
    """Says for how many frames a track of a window may have been there, unseen, before it was found."""

    def __init__(self, window: Window, info: VideoInfo, verifiers: frozenset[str]) -> None:
        self._looks = [look for look in (*window.before, *window.looks) if look.kind is not None]
        self._whole_step, self._verifiers = window.whole_step, verifiers
        self._picture, self._longer = Box(0, 0, info.width, info.height), max(info.width, info.height)

    def since(self, track: Track) -> int:
        """Return as many frames as lie between looks that would have seen it, 1 for those between any two looks."""
        # A head is told by a person without a face, which close looks do not find out; and where only verification
        # finds somebody, a look by the others says nothing.
        if track.cls == "head" or self._verifiers >= set(track.models):
            return self._whole_step
        return 1 if self._would_have_shown(track) else self._whole_step

    def _would_have_shown(self, track: Track) -> bool:
        """Whether the look before a track's first point was at all of where it may have been then, and saw all that is
        as large as it was."""
        at = bisect.bisect_left(self._looks, track.first, key=lambda look: look.frame)
        before, box = self._looks[at - 1] if at else None, track.points[0].box
        again_from = followed(track.models).again_from
        if again_from is not None and max(box.width, box.height) >= again_from * self._longer:
            return True
        if before is None or before.kind == "whole" or before.part is None or again_from is not None:
            return before is not None and before.kind == "whole"
        there = box.grown(_COME * max(box.width, box.height)).common(self._picture)
        return there is not None and before.part.grown(_ROUNDED).contains(there)


def _region(
    track: Track, point: TrackPoint, recipe: Recipe, info: VideoInfo, verifiers: frozenset[str]
) -> Region | None:
    region = cover_point(track, covering_box(point), point, recipe, info)
    if region is None or not verifiers & set(track.models):
        return region
    look = region.look if region.look.non_interfering else DEFAULT_LOOKS[track.cls]
    found_again = verifiers >= set(track.models) and point.detected
    return replace(region, look=look, reason="verification" if found_again else region.reason)
