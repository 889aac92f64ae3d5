"""The windows of a video go through the stages: scan, cover and settle, count, hide and encode, read back, keep."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unseen.adapters.cpu_threads import give_way
from unseen.engine.film.keep import Keeper
from unseen.engine.film.looking import Looking
from unseen.engine.film.render import Drawn, Part, Renderer
from unseen.engine.film.settle import Settler
from unseen.engine.film.what_to_hide import Settled
from unseen.engine.stopwatch import Stopwatch
from unseen.media.ahead import ahead
from unseen.media.windows import Window, Windows

if TYPE_CHECKING:
    from unseen.engine.film.count import FilmCounts

__all__ = ["Stages"]

#: Hidden frames that wait for the encoder: as long as that takes to empty itself at the end of a window.
_DRAWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages of one video, in the order in which frames come to them; without `counter` nothing is counted.

    So many frames as `ahead` may wait for their window to settle.
    """

    looking: Looking
    windows: Windows
    settler: Settler
    counter: FilmCounts | None
    renderer: Renderer
    keeper: Keeper
    watch: Stopwatch
    ahead: int

    def run(self, done: int, note: Callable[[int], None]) -> int:
        """Take every window behind the first `done` frames through the stages; return the number of all frames.

        `note` is told the frames that are written. One thread decodes, one says where to look, others detect, one
        covers and looks at hidden frames again, one hides, this one encodes, and one reads back what was written.
        """
        waiting: Future[Part] | None = None
        with ThreadPoolExecutor(1) as verifier, closing(self._drawn()) as drawn:
            try:
                for part in self.renderer.parts(drawn):
                    self._count(part.settled.window)
                    # It no longer waits while it is kept: what cannot be kept is not kept once more below.
                    written, waiting = waiting, None
                    if written is not None:
                        self.keeper.keep(written.result())
                    waiting = verifier.submit(self.renderer.check, part)
                    done = part.settled.window.last + 1
                    note(done)
            finally:
                # When something breaks, what is written already need not be done again.
                if waiting is not None:
                    self.keeper.keep(waiting.result())
        return done

    def _drawn(self) -> Generator[Drawn, None, None]:
        # Frames of the next window are hidden while the encoder is at the last ones of this.
        with closing(self._settled()) as settled, closing(ahead(self.renderer.drawn(settled), _DRAWN)) as drawn:
            yield from drawn

    def _settled(self) -> Generator[Settled, None, None]:
        # What decodes and looks runs ahead, and has the most to do: were it not to give way, much would be left to do
        # behind the last look, which keeps fewer cores busy.
        with closing(ahead(self.looking.scanned(), self.ahead, begin=give_way)) as scanned:
            windows = self.windows.gather(scanned)
            with closing(ahead(map(self.settler.settle, windows), 1)) as settled:
                yield from settled

    def _count(self, window: Window) -> None:
        if self.counter is not None:
            with self.watch.time("count"):
                self.counter.take(window)
