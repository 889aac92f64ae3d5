"""The figures that Unseen is to reach on videos, most of them in terms of what the others reach in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.video_metrics import Leaks
from bench.video_runs import Done
from bench.video_tools import LIMIT, PLAIN
from bench.wanted import Wanted

__all__ = ["DEFACE_FACTOR", "PLAIN_FACTOR", "wanted_of"]

#: How many times the others' frames a second are to be reached.
DEFACE_FACTOR, PLAIN_FACTOR = 8.0, 3.0
_OF_LIMIT, _BESIDE_FACTOR, _FACE_TRACKS, _FACE_FRAMES = 0.4, 1.3, 0.01, 0.003


def wanted_of(done: Done, beside_it: Sequence[Done], *, timed: bool) -> Mapping[str, Wanted]:
    """Return the bounds on a row's figures by name, from the other rows of the same clips.

    They hold for Unseen as it runs by default: `--stride auto`, verified. `timed` says that speed is asked of these
    clips. None are asked of anything else. Where a clip was not released, little hidden beside and a quick end
    are no merit, and are not asked.
    """
    if done.leaks is None or not (done.tool.verified and done.tool.stride == "auto"):
        return {}
    bounds = {"whole": Wanted(0, at_most=True), "not_released": Wanted(0, at_most=True)}
    released = done.released == done.clips
    timed &= released
    others = {other.tool.name: other for other in beside_it}
    each = next((d.leaks for d in beside_it if _looks_at_each(d)), None)
    peer = next((d for d in beside_it if d.tool.verified is None and d.leaks is not None), None)
    if each is not None:
        bounds["pairs"] = _at_most(each.leaked_pairs, each.pairs)
    if peer is not None and peer.leaks is not None:
        bounds |= _against(peer, peer.leaks)
        if not released:
            del bounds["beside"]
        if timed:
            bounds["rate"] = Wanted((PLAIN_FACTOR if peer.tool.name == PLAIN else DEFACE_FACTOR) * peer.rate)
    if timed and LIMIT in others:
        bounds["of_limit"] = Wanted(_OF_LIMIT)
    return bounds


def _looks_at_each(done: Done) -> bool:
    return done.tool.verified is True and done.tool.stride == "1" and done.released == done.clips


def _against(peer: Done, theirs: Leaks) -> dict[str, Wanted]:
    """Return what is wanted of leaks and over-redaction beside the plain loop, or deface."""
    beside = Wanted(_BESIDE_FACTOR * theirs.beside / theirs.frames, at_most=True)
    if peer.tool.name == PLAIN:
        return {"beside": beside, "tracks": _at_most(theirs.leaked_tracks / 2, theirs.tracks)}
    frames = min(_FACE_FRAMES, theirs.leaked_frames / theirs.shown) if theirs.shown else _FACE_FRAMES
    return {"beside": beside, "tracks": Wanted(_FACE_TRACKS, at_most=True), "frames": Wanted(frames, at_most=True)}


def _at_most(count: float, of: int) -> Wanted:
    return Wanted(count / of if of else 0.0, at_most=True)
