"""Rolling files of hidden pictures: fragmented MP4, begun at key pictures, deleted when they are old."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from unseen.adapters.file_lock import try_lock
from unseen.adapters.live.mp4 import rebased
from unseen.adapters.live.workers import WorkerTarget
from unseen.core.live import Segments, Unit
from unseen.core.live_address import CAMERA_NAME
from unseen.core.names import display
from unseen.errors import OutputFailed, UnseenError, UsageError

__all__ = ["SegmentFolder", "segment_target"]

_OURS = re.compile(r"\d{8}T\d{6}Z(-\d+)?\.mp4")
_OURS_OR_PART = re.compile(rf"{_OURS.pattern}|\.{_OURS.pattern}\.part")
_PART, _NOTE = ".part", ".keep"
_CAMERA, _SECONDS = re.compile(CAMERA_NAME), re.compile(r"(\d{1,12}) seconds\n?")


def segment_target(
    folder: Path, cameras: tuple[str, ...], settings: Segments, *, clock: Callable[[], float] = time.time,
    every: float = 60.0,
) -> WorkerTarget:  # fmt: skip
    """Return a target that writes each camera's files to a folder of its name; raises OutputFailed.

    Raises UsageError where another run is writing a file of one of these cameras.

    `clock` gives the seconds since 1970 that name the files. What an earlier run left unfinished is finished first.
    What is too old or too much is deleted now and `every` so many seconds, also while a camera is away. How long a
    camera's files are kept is noted beside its folder: a run that does not name the camera deletes them by that.
    """
    try:
        for camera in cameras:
            (folder / camera).mkdir(parents=True, exist_ok=True)
            for part in (folder / camera).glob(f".*.mp4{_PART}"):
                if not _OURS.fullmatch(_finished(part).name):
                    continue
                if _is_written(part):
                    raise UsageError(f"{display(folder / camera)}: another run records there; name another folder")
                _recover(part)
            _delete_old(folder / camera, settings, clock())
            _note(folder, camera, settings)
    except OSError as error:
        raise OutputFailed(f"{folder}: cannot be written ({error.strerror}); check the folder") from error
    return _SegmentTarget(folder, cameras, settings, clock, every)


class _SegmentTarget(WorkerTarget):
    """Writes files in a thread a camera, and deletes old ones in one more, whether or not pictures come."""

    def __init__(
        self, folder: Path, cameras: tuple[str, ...], settings: Segments, clock: Callable[[], float], every: float
    ) -> None:
        errors = (OSError, UnseenError)
        super().__init__(lambda camera: SegmentFolder(folder / camera, settings, clock), "mp4", _told, errors)
        self._kept: dict[str, str] = {}
        self._closed = threading.Event()

        def sweep() -> None:
            while True:
                failed = {}
                for camera, kept in [*((camera, settings) for camera in cameras), *_others(folder, cameras)]:
                    try:
                        _delete_old(folder / camera, kept, clock(), unfinished=camera not in cameras)
                    except OSError as error:
                        failed[camera] = f"{camera}: old segments cannot be deleted ({_reason(error)})"
                self._kept = failed
                if self._closed.wait(every):
                    return

        self._sweeper = threading.Thread(target=sweep, daemon=True, name="old segments")
        self._sweeper.start()

    @property
    def problems(self) -> dict[str, str]:
        """What goes wrong just now, by camera."""
        return {**self._kept, **super().problems}

    def close(self) -> None:
        """Write what is in the queues, finish, and delete no more."""
        self._closed.set()
        super().close()
        self._sweeper.join(3.0)


def _noted(folder: Path, camera: str) -> Path:
    return folder / f"{camera}{_NOTE}"


def _note(folder: Path, camera: str, settings: Segments) -> None:
    """Note for how many seconds a camera's files are kept, for runs that do not name it."""
    if settings.keep_seconds is None:
        _noted(folder, camera).unlink(missing_ok=True)
    else:
        _noted(folder, camera).write_text(f"{max(1.0, settings.keep_seconds):.0f} seconds\n", encoding="utf-8")


def _others(folder: Path, cameras: tuple[str, ...]) -> list[tuple[str, Segments]]:
    """Return the other cameras of which earlier runs, or runs beside this one, noted how long their files are kept."""
    others = []
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{_NOTE}"):
            camera, seconds = path.name.removesuffix(_NOTE), _seconds(path)
            own = folder / camera
            if (
                seconds
                and camera not in cameras
                and _CAMERA.fullmatch(camera)
                and own.is_dir()
                and not own.is_symlink()
            ):
                others.append((camera, Segments(keep_seconds=seconds)))
    return others


def _seconds(note: Path) -> int:
    """Return what a note says, 0 if it says nothing that is understood."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        said = _SECONDS.fullmatch(note.read_text(encoding="utf-8"))
        return int(said[1]) if said else 0
    return 0


def _told(camera: str, error: BaseException) -> str:
    return f"{camera}: segments cannot be written ({_reason(error)})"


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


class SegmentFolder:
    """One camera's files. Each is written under a hidden name, and has its own only when it is whole."""

    def __init__(
        self,
        folder: Path,
        settings: Segments,
        clock: Callable[[], float],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._settings, self._clock, self._now = folder, settings, clock, now
        self._file: BinaryIO | None = None
        self._path = folder
        self._began, self._base, self._wrote = 0.0, 0, 0.0

    def write(self, unit: Unit) -> None:
        """Write a fragment; at a key picture a new file begins if the one before is long enough."""
        self._let_go_if_deleted()
        if self._file is not None and unit.key and unit.at - self._began >= self._settings.seconds:
            self.close()
        if self._file is None:
            if not unit.key or unit.head is None:
                return
            self._file = self._begin(unit)
            self._file.write(unit.head.init)
        self._file.write(rebased(unit.data, self._base))
        self._file.flush()  # so that a full disk is told of now, and a run that is killed loses nothing
        self._wrote = self._now()

    def rest(self) -> None:
        """Finish a file to which nothing came for as long as a file lasts: its source has ended, or hangs.

        Unfinished it would be nobody's: not played, not counted, and not deleted when it is old.
        """
        if self._file is not None and self._now() - self._wrote >= self._settings.seconds:
            self.close()

    def _begin(self, unit: Unit) -> BinaryIO:
        name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        # Somebody may have deleted it; where the folder above is gone, too, a disk may be, and nothing is made of it.
        self._folder.mkdir(exist_ok=True)
        path, number = self._folder / f"{name}.mp4", 1
        while path.exists() or _hidden(path).exists():
            path, number = self._folder / f"{name}-{number}.mp4", number + 1
        self._path, self._began, self._base = path, unit.at, unit.ticks
        file = _hidden(path).open("xb")
        with contextlib.suppress(OSError):  # a disk that knows no locks is written to all the same
            try_lock(file)  # so that no other run takes it for one that nobody finishes
        file.seek(0)
        return file

    def _let_go_if_deleted(self) -> None:
        """Let go of a file that somebody deleted or moved: nobody would ever see what is written on."""
        if self._file is not None and not _hidden(self._path).exists():
            file, self._file = self._file, None
            file.close()

    def close(self) -> None:
        """Finish the file that is being written, and delete those that are too old or too many."""
        self._let_go_if_deleted()
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
            _delete_old(self._folder, self._settings, self._clock())


def _delete_old(folder: Path, settings: Segments, now: float, *, unfinished: bool = False) -> None:
    """Delete what is too old, and the oldest beyond the size; the newest stays however large it is.

    What is `unfinished` is deleted, too, unless a run is writing it.
    """
    total, newest = 0, True
    for path, status in sorted(_files(folder, unfinished=unfinished), key=lambda pair: pair[1].st_mtime, reverse=True):
        total += status.st_size
        old = settings.keep_seconds is not None and now - status.st_mtime > settings.keep_seconds
        much = settings.keep_bytes is not None and total > settings.keep_bytes and not newest
        if (old or much) and not (path.suffix == _PART and _is_written(path)):
            path.unlink(missing_ok=True)
        newest = False


def _files(folder: Path, *, unfinished: bool) -> Iterator[tuple[Path, os.stat_result]]:
    # Whoever else deletes, the timer or somebody by hand, may be quicker.
    paths = list[Path]()
    with contextlib.suppress(FileNotFoundError):
        paths.extend(folder.iterdir())
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if (_OURS_OR_PART if unfinished else _OURS).fullmatch(path.name):
                yield path, path.stat()


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}{_PART}")


def _finished(part: Path) -> Path:
    return part.with_name(part.name.removeprefix(".").removesuffix(_PART))


def _is_written(part: Path) -> bool:
    """Whether a run is writing a file that is not finished; where a disk knows no locks, none is."""
    with contextlib.suppress(FileNotFoundError), part.open("r+b") as file:
        try:
            return not try_lock(file)
        except OSError:
            return False
    return False


def _recover(part: Path) -> None:
    """Give a file that was not finished its name, cut behind the last whole fragment; delete it if there is none.

    Its time stays that of its last picture: it is no newer for being finished.
    """
    end = _whole_end(part)
    path = _finished(part)
    if not end or path.exists():
        part.unlink()
        return
    status = part.stat()
    with part.open("r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())
    os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
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
