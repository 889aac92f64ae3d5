"""Rolling files of hidden pictures: fragmented MP4, begun at key pictures, deleted when they are old."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from unseen.adapters.live_mp4 import rebased
from unseen.adapters.live_workers import WorkerTarget
from unseen.core.live import Segments, Unit
from unseen.errors import OutputFailed

__all__ = ["SegmentFolder", "segment_target"]

_OURS = re.compile(r"\d{8}T\d{6}Z(-\d+)?\.mp4")
_PART = ".part"


def segment_target(
    folder: Path, cameras: tuple[str, ...], settings: Segments, *, clock: Callable[[], float] = time.time
) -> WorkerTarget:
    """Return a target that writes each camera's files to a folder of its name; raises OutputFailed.

    `clock` gives the seconds since 1970 that name the files. What an earlier run left unfinished is finished first.
    """
    try:
        for camera in cameras:
            (folder / camera).mkdir(parents=True, exist_ok=True)
            for part in (folder / camera).glob(f".*.mp4{_PART}"):
                if _OURS.fullmatch(_finished(part).name):
                    _recover(part)
    except OSError as error:
        raise OutputFailed(f"{folder}: cannot be written ({error.strerror}); check the folder") from error

    def tell(camera: str, error: BaseException) -> str:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"{camera}: segments cannot be written ({reason})"

    return WorkerTarget(lambda camera: SegmentFolder(folder / camera, settings, clock), "mp4", tell, (OSError,))


class SegmentFolder:
    """One camera's files. Each is written under a hidden name, and has its own only when it is whole."""

    def __init__(self, folder: Path, settings: Segments, clock: Callable[[], float]) -> None:
        self._folder, self._settings, self._clock = folder, settings, clock
        self._file: BinaryIO | None = None
        self._path = folder
        self._began, self._base = 0.0, 0

    def write(self, unit: Unit) -> None:
        """Write a fragment; at a key picture a new file begins if the one before is long enough."""
        if self._file is not None and unit.key and unit.at - self._began >= self._settings.seconds:
            self.close()
        if self._file is None:
            if not unit.key or unit.head is None:
                return
            self._file = self._begin(unit)
            self._file.write(unit.head.init)
        self._file.write(rebased(unit.data, self._base))
        self._file.flush()  # so that a full disk is told of now, and a run that is killed loses nothing

    def _begin(self, unit: Unit) -> BinaryIO:
        name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        path, number = self._folder / f"{name}.mp4", 1
        while path.exists() or _hidden(path).exists():
            path, number = self._folder / f"{name}-{number}.mp4", number + 1
        self._path, self._began, self._base = path, unit.at, unit.ticks
        return _hidden(path).open("wb")

    def close(self) -> None:
        """Finish the file that is being written, and delete those that are too old or too many."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with file:
                file.flush()
                os.fsync(file.fileno())
            _hidden(self._path).replace(self._path)
        except OSError:
            _recover(_hidden(self._path))
            raise
        finally:
            self._delete_old()

    def _delete_old(self) -> None:
        now, total = self._clock(), 0
        ours = [(path, path.stat()) for path in self._folder.iterdir() if _OURS.fullmatch(path.name)]
        for path, status in sorted(ours, key=lambda pair: pair[1].st_mtime, reverse=True):
            total += status.st_size
            old = self._settings.keep_seconds is not None and now - status.st_mtime > self._settings.keep_seconds
            much = self._settings.keep_bytes is not None and total > self._settings.keep_bytes
            if (old or much) and path != self._path:
                path.unlink(missing_ok=True)


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}{_PART}")


def _finished(part: Path) -> Path:
    return part.with_name(part.name.removeprefix(".").removesuffix(_PART))


def _recover(part: Path) -> None:
    """Give a file that was not finished its name, cut behind the last whole fragment; delete it if there is none."""
    end = _whole_end(part)
    path = _finished(part)
    if not end or path.exists():
        part.unlink()
        return
    with part.open("r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())
    part.replace(path)


def _whole_end(part: Path) -> int:
    """Return where the last whole fragment ends, 0 if there is none."""
    size, at, end = part.stat().st_size, 0, 0
    with part.open("rb") as file, contextlib.suppress(struct.error):
        while at < size:
            file.seek(at)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length < 8 or at + length > size:
                break
            at += length
            if kind == b"mdat":
                end = at
    return end
