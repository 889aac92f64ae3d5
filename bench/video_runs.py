"""Runs tools on clips in turns and gathers what each took and what it left to be seen."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.process import Used, used_by
from bench.video_clips import Clip
from bench.video_metrics import Leaks, leaks_of
from bench.video_tools import Tool

__all__ = ["Done", "folder_of", "in_turns", "total"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a tool did on a clip, or on several together: seconds of each round, medians of the rest, and what leaks.

    `released` counts the clips that it wrote; `leaks` is None for a tool that hides nothing.
    """

    tool: Tool
    frames: int
    seconds: tuple[float, ...]
    cpu: float
    peak: float
    clips: int
    released: int
    leaks: Leaks | None

    @property
    def median(self) -> float:
        """The median of the rounds in seconds."""
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """Frames a second, in the median round."""
        return self.frames / self.median


def in_turns(tools: Sequence[Tool], clip: Clip, runs: int, scratch: Path, say: Callable[[str], None]) -> list[Done]:
    """Run each tool on a clip in turns, so that what else the machine does falls on all.

    Each run begins with an empty folder of its own.
    """
    used: dict[str, list[Used]] = {tool.name: [] for tool in tools}
    for i in range(runs):
        for tool in tools:
            folder = _fresh(tool, clip, scratch)
            used[tool.name].append(took := used_by(tool.words(clip, folder), environ=tool.environ, codes=tool.codes))
            say(f"{clip.name}: {tool.name}, run {i + 1} of {runs}: {took.seconds:.1f} s")
    return [_done(tool, clip, used[tool.name], folder_of(tool, clip, scratch)) for tool in tools]


def folder_of(tool: Tool, clip: Clip, scratch: Path) -> Path:
    """Return where a tool works on a clip; what its last run left stays there."""
    return scratch / clip.name / "".join(c if c.isalnum() else "-" for c in tool.name)


def _fresh(tool: Tool, clip: Clip, scratch: Path) -> Path:
    folder = folder_of(tool, clip, scratch)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    return folder


def _done(tool: Tool, clip: Clip, used: Sequence[Used], folder: Path) -> Done:
    leaks = None if tool.masks is None else leaks_of(clip, tool.masks(clip, folder))
    return Done(
        tool=tool,
        frames=len(clip.frames),
        seconds=tuple(u.seconds for u in used),
        cpu=statistics.median(u.cpu for u in used),
        peak=statistics.median(u.peak for u in used),
        clips=1,
        released=int(tool.output(clip, folder).is_file()),
        leaks=leaks,
    )


def total(parts: Sequence[Done]) -> Done:
    """Return what one tool did on several clips; the peak is the largest.

    Rounds are added up where every clip was run as often, else the medians are.
    """
    rounds = [part.seconds for part in parts]
    if len(set(map(len, rounds))) > 1:
        rounds = [(part.median,) for part in parts]
    leaks = [part.leaks for part in parts if part.leaks is not None]
    return Done(
        tool=parts[0].tool,
        frames=sum(part.frames for part in parts),
        seconds=tuple(map(sum, zip(*rounds, strict=True))),
        cpu=sum(part.cpu for part in parts),
        peak=max(part.peak for part in parts),
        clips=sum(part.clips for part in parts),
        released=sum(part.released for part in parts),
        leaks=sum(leaks, Leaks()) if len(leaks) == len(parts) else None,
    )
