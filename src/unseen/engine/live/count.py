"""Counts what passes before a live camera, and writes the tables whenever an interval is over."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from unseen.adapters.files_output import check_writable
from unseen.adapters.scene_yaml import read_scene
from unseen.core.counts import Counting
from unseen.core.names import display
from unseen.core.regions import Detection
from unseen.core.scene import Scene
from unseen.core.video import VideoInfo
from unseen.engine.counts import write_counts, write_tables
from unseen.engine.film.count import empty_tally
from unseen.errors import OutputTaken, UnseenError, UsageError
from unseen.media.upright import Upright
from unseen.tracks.live import LiveTracks
from unseen.traffic.counter import Counter
from unseen.traffic.doubles import without_doubles
from unseen.traffic.follow import LOST_S
from unseen.traffic.tables import tables_of
from unseen.traffic.walk import Sighting

__all__ = ["LiveCounts"]

_WHOLE = 1 << 20
#: Seconds after the end of an interval at which it is written: what a look at its end found is known by then.
_SETTLE_S = 3.0


class LiveCounts:
    """The counts of one camera; the thread that looks calls `seen`, the one that waits calls `tick`.

    Times are those of `clock`, which counts seconds; `wall_clock` says what time that is in UTC, once. Raises
    UsageError for a scene that cannot be read, OutputTaken or OutputFailed where the counts cannot go.
    """

    def __init__(self, asked: Counting, *, clock: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        self.scene: Scene = read_scene(asked.scene)
        if os.path.lexists(asked.out):
            raise OutputTaken(f"{display(asked.out)}: is there already, from an earlier run; name another file")
        check_writable(asked.out, "the counts")
        self.classes = frozenset(self.scene.classes)
        self.error: UnseenError | None = None
        self._clock, self._offset = clock, wall_clock() - clock()
        # The clock knows the time, so that nobody has to say it.
        self._asked = replace(asked, starts=(datetime.fromtimestamp(self._now(), UTC),))
        self._guard = threading.Lock()
        self._tracks: LiveTracks | None = None
        self._upright: Upright | None = None
        self._counter: Counter | None = None
        self._written = self._now()

    def begin(self, info: VideoInfo) -> None:
        """Take the facts of the camera's pictures, when it is connected first."""
        upright = Upright(info, _WHOLE)
        try:
            scene = self.scene.scaled(*upright.size)
        except UsageError as error:
            self.error = error
            return
        with self._guard:
            self._tracks = LiveTracks(info.width, info.height, before=0.0, after=LOST_S)
            self._upright = upright
            self._counter = Counter(scene, empty_tally(self._asked, self._now()))
            self._written = self._counter.tally.start

    def seen(self, at: float, found: Sequence[Detection]) -> None:
        """Take what was found in the frame at a time of the clock, in pixels of the stored frame."""
        with self._guard:
            if self._tracks is None or self._upright is None or self._counter is None:
                return
            placed = self._tracks.seen(at, without_doubles(each for each in found if each.cls in self.classes))
            shown = self._upright.shown
            self._counter.see(
                at + self._offset,
                [Sighting(p.track, p.found.cls, shown(p.found.box), p.found.score) for p in placed],
            )
            self._tracks.forget(at - LOST_S)
            self._counter.end_before(at + self._offset - 2 * LOST_S)

    def tick(self) -> None:
        """Write the tables if an interval is over; what cannot be written is the run's error."""
        interval = self._asked.interval_s
        end = (self._now() - _SETTLE_S) // interval * interval
        if self._counter is None or end <= self._written:
            return
        with self._guard:
            self._written = end
            self._counter.settle_before(end)
            self._counter.tally.fold(end)
            tables = tables_of(self._counter.tally.up_to(end), self.scene, self._asked)
        try:
            write_tables(tables, self._asked)
        except UnseenError as error:
            self.error = error

    def finish(self) -> None:
        """Write all there is, the interval that is not over too, and the charts; raises OutputFailed or UsageError."""
        with self._guard:
            if self._counter is None:
                return
            tally = self._counter.finish(self._now())
        write_counts(tally, self.scene, self._asked)

    def _now(self) -> float:
        return self._clock() + self._offset
