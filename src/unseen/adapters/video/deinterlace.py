"""Interlaced pictures made progressive."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unseen.core.video import VideoInfo

if TYPE_CHECKING:
    import av

__all__ = ["Deinterlacer"]


class Deinterlacer:
    """Makes frames of interlaced pictures by FFmpeg's estdif filter, which looks at no picture but the one itself."""

    def __init__(self, info: VideoInfo) -> None:
        from av.filter import Graph
        from av.video.format import VideoFormat

        self._graph: Any = Graph()
        form = VideoFormat(info.pixel_format, info.width, info.height)
        source = self._graph.add_buffer(width=info.width, height=info.height, format=form, time_base=info.time_base)
        filter_ = self._graph.add("estdif", "mode=frame:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(filter_)
        filter_.link_to(sink)
        self._graph.configure()
        self._waiting: deque[tuple[int | None, bool]] = deque()

    def push(
        self, picture: av.VideoFrame | None, pts: int | None, damaged: bool
    ) -> Iterator[tuple[av.VideoFrame, int | None, bool]]:
        """Put in a picture, or None at the end, and yield what comes out: one picture for each, in order."""
        import av

        if picture is not None:
            self._waiting.append((pts, damaged))
        self._graph.push(picture)
        while self._waiting:
            try:
                made: Any = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield (made, *self._waiting.popleft())

    def close(self) -> None:
        """Let go of the filter: of PyAV 19's the parts hold one another, with a thread for each core, until somebody
        searches for what refers to itself."""
        self._graph = None
        gc.collect()
