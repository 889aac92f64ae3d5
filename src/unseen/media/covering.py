"""What is hidden in each frame of a window of a video: by tracks that know what comes before and after."""

from __future__ import annotations

import bisect
from dataclasses import replace

from unseen.core.looks import DEFAULT_LOOKS
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.core.video import Track, TrackPoint, VideoInfo
from unseen.media.cover import cover_point
from unseen.media.followed import followed
from unseen.media.windows import Window
from unseen.tracks.cover import covering_box, extend_all
from unseen.tracks.link import link
from unseen.tracks.named import Named

__all__ = ["cover_window"]

#: Pixels by which turning and scaling boxes may move their sides.
_ROUNDED = 1.0
#: Who is new may have come by as many of their sizes since the look before.
_COME = 1.0


def cover_window(
    window: Window,
    info: VideoInfo,
    recipe: Recipe,
    named: Named,
    verifiers: frozenset[str] = frozenset(),
) -> tuple[list[tuple[Region, ...]], list[Track], list[Track]]:
    """Return the regions to hide in each frame of a window, its tracks in frames of the video, and those left visible.

    What a model of `verifiers` found is hidden without interference, whatever the recipe says. The model that found
    tracks tells how they are linked and covered, and which are left out as too faint; a track that was believed in a
    window before stays so.
    """
    frames = [look.frame for look in window.looks]
    found = [[d for d in look.found if d.cls in recipe.hidden] for look in window.looks]
    rate, longer = window.rate(info), max(info.width, info.height)
    by = followed(sorted({d.model for each in found for d in each})).link
    linked = link(frames, found, width=info.width, height=info.height, rate=rate, cuts=window.cuts, settings=by)
    tracks: list[Track] = []
    faint: list[Track] = []
    for track in named(linked, 0, min([window.first, *frames[:1]])):
        known = track.number in named.believed or verifiers & set(track.models)
        (tracks if known or followed(track.models).believed(track, longer) else faint).append(track)
    named.believed.update(track.number for track in tracks)
    wide: list[Track] = []
    missed = _Missed(window, info, verifiers)
    ways = [(followed(track.models), missed.since(track)) for track in tracks]
    for way, since in dict.fromkeys(ways):
        wide += extend_all(
            [track for track, each in zip(tracks, ways, strict=True) if each == (way, since)],
            width=info.width, height=info.height, rate=rate, last_frame=window.horizon, cuts=window.cuts,
            stride=window.step, fresh=since, settings=way.cover,
        )  # fmt: skip
    regions: list[list[Region]] = [[] for _ in window.frames]
    first, end = window.first, window.first + len(window.frames)
    for track in wide:
        for point in track.points[max(0, first - track.first) : max(0, end - track.first)]:
            if (region := _region(track, point, recipe, info, verifiers)) is not None:
                regions[point.frame - first].append(region)
    return [tuple(each) for each in regions], wide, faint


class _Missed:
    """Says for how many frames a track of a window may have been there, unseen, before it was found."""

    def __init__(self, window: Window, info: VideoInfo, verifiers: frozenset[str]) -> None:
        self._looks = [look for look in (*window.before, *window.looks) if look.kind is not None]
        self._fresh, self._picture, self._verifiers = window.fresh, Box(0, 0, info.width, info.height), verifiers

    def since(self, track: Track) -> int:
        """Return as many frames as lie between looks that would have seen it, 1 for those between any two looks."""
        # A head is told by a person without a face, which close looks do not find out; and where only verification
        # finds somebody, a look by the others says nothing.
        if track.cls == "head" or self._verifiers >= set(track.models):
            return self._fresh
        return 1 if followed(track.models).anywhere or self._would_have_shown(track) else self._fresh

    def _would_have_shown(self, track: Track) -> bool:
        """Whether the look before a track's first point was at all of where it may have been then."""
        at = bisect.bisect_left(self._looks, track.first, key=lambda look: look.frame)
        before = self._looks[at - 1] if at else None
        if before is None or before.kind == "whole" or before.part is None:
            return before is not None and before.kind == "whole"
        box = track.points[0].box
        there = box.grown(_COME * max(box.width, box.height)).common(self._picture)
        return there is not None and before.part.grown(_ROUNDED).contains(there)


def _region(
    track: Track, point: TrackPoint, recipe: Recipe, info: VideoInfo, verifiers: frozenset[str]
) -> Region | None:
    region = cover_point(track, covering_box(point), point, recipe, info.width, info.height)
    if region is None or not verifiers & set(track.models):
        return region
    look = region.look if region.look.non_interfering else DEFAULT_LOOKS[track.cls]
    found_again = verifiers >= set(track.models) and point.detected
    return replace(region, look=look, reason="verification" if found_again else region.reason)
