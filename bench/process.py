"""Runs a command as a process of its own: wall time, CPU time and peak memory of it and all that it starts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Used", "resident", "tree", "used_by", "worked"]

_PROC = Path("/proc")
_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took: seconds of wall clock, of all cores, and its peak memory in bytes.

    Processes that nobody waits for, as workers of a fork server, are counted as they were last seen running.
    `peak` is the largest sum of the resident memory of all its processes at a time, looked at every 0.05 s; pages that
    two of them share count in both. It is 0 where the system has no /proc.
    """

    seconds: float
    cpu: float
    peak: int


def used_by(words: Sequence[str], *, environ: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)) -> Used:
    """Run a command and return what it took; raises SystemExit with its last words for an exit code not in `codes`."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            words, env=None if environ is None else dict(environ), stdout=subprocess.DEVNULL, stderr=said
        )
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
        if process.returncode not in codes:
            said.seek(0)
            last = said.read().decode("utf-8", "replace").strip()[-2000:]
            raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{last}")
    return Used(seconds, max(usage.ru_utime + usage.ru_stime, watch.cpu), watch.peak)


class _Watch(threading.Thread):
    """Looks at a process and its descendants now and then, and keeps the largest sum."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._cpu: dict[int, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        # The first look waits: until a new process has loaded its program, it shows the memory of this one.
        while not self._ended.wait(_EVERY_S):
            pids = tree(self._pid)
            self.peak = max(self.peak, sum(map(resident, pids)))
            self._cpu |= {pid: used for pid in pids if (used := worked(pid))}

    @property
    def cpu(self) -> float:
        """Seconds that all processes worked, each as far as it was seen."""
        return sum(self._cpu.values())

    def stop(self) -> None:
        """End the watch and wait until it has."""
        self._ended.set()
        self.join()


def worked(pid: int) -> float:
    """Return the seconds of all cores that a process worked itself, 0 if it is gone."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants, as far as they are there."""
    found = [pid]
    for parent in found:
        for task in _listed(_PROC / str(parent) / "task"):
            try:
                found += map(int, (task / "children").read_text().split())
            except (OSError, ValueError):
                continue
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 if it is gone."""
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
