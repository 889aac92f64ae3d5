"""Who watches: each viewer has a short queue of pictures, and one that is slow loses some of its own."""

from __future__ import annotations

import threading
from collections import deque

from unseen.core.live import Unit, UnitKind

__all__ = ["Viewer", "Viewers"]

#: Pictures that wait for a viewer: the newest JPEGs, or about three seconds of MP4.
_MOST: dict[UnitKind, int] = {"jpeg": 2, "mp4": 75, "h264": 75}


class Viewer:
    """Takes pictures of one kind without ever blocking who offers them, and hands them to whoever sends them on."""

    def __init__(self, kind: UnitKind) -> None:
        self.kind = kind
        self.dropped = 0
        self._queue: deque[Unit] = deque()
        self._change = threading.Condition()
        self._needs_key = kind != "jpeg"
        self._closed = False

    @property
    def needs_key(self) -> bool:
        """Whether nothing can be shown before the next key picture."""
        return self._needs_key

    def offer(self, unit: Unit) -> None:
        """Take a picture; a viewer that is too slow loses some, and after a gap MP4 begins at a key picture."""
        with self._change:
            if self._closed or (self._needs_key and not unit.key):
                return
            self._needs_key = False
            self._queue.append(unit)
            if len(self._queue) > _MOST[self.kind]:
                self._shorten()
            self._change.notify()

    def _shorten(self) -> None:
        if self.kind == "jpeg":
            self._queue.popleft()
            self.dropped += 1
            return
        self.dropped += len(self._queue)
        self._queue.clear()
        self._needs_key = True

    def next(self, seconds: float) -> Unit | None:
        """Return the next picture, None if none comes within so many seconds or the viewer is closed."""
        with self._change:
            self._change.wait_for(lambda: self._queue or self._closed, seconds)
            return self._queue.popleft() if self._queue else None

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def close(self) -> None:
        """Wake up whoever waits and take nothing more."""
        with self._change:
            self._closed = True
            self._queue.clear()
            self._change.notify_all()


class Viewers:
    """The viewers of all cameras; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._all: dict[str, list[Viewer]] = {}
        self._closed = False

    def join(self, camera: str, kind: UnitKind) -> Viewer | None:
        """Return a new viewer of a camera, None if there are too many."""
        with self._guard:
            if self._closed or sum(map(len, self._all.values())) >= self._most:
                return None
            viewer = Viewer(kind)
            self._all.setdefault(camera, []).append(viewer)
            return viewer

    def leave(self, camera: str, viewer: Viewer) -> None:
        """Forget a viewer."""
        viewer.close()
        with self._guard:
            watching = self._all.get(camera, [])
            if viewer in watching:
                watching.remove(viewer)

    def of(self, camera: str) -> list[Viewer]:
        """Return a camera's viewers."""
        with self._guard:
            return list(self._all.get(camera, ()))

    def close(self) -> None:
        """Let everybody go, and nobody in."""
        with self._guard:
            self._closed = True
            everybody = [viewer for watching in self._all.values() for viewer in watching]
        for viewer in everybody:
            viewer.close()
