"""What is added up over a video, and when its frames are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction

from unseen.core.video import VideoFrame

__all__ = ["NO_CHECKS", "Checks", "Clock", "Totals"]


@dataclass(frozen=True, slots=True)
class Checks:
    """How often hidden frames of one window were looked at again, and the residues that were hidden, in how many
    rounds."""

    looks: int = 0
    residues: int = 0
    rounds: int = 0


NO_CHECKS = Checks()


@dataclass(slots=True)
class Totals:
    """What a receipt tells of a video: frames that were hidden whole, looked at, and looked at again; residues that
    were hidden, and in how many rounds at most in a window.

    What counts for a window is added when that is kept, and no sooner: a killed run does all behind it once more.
    """

    whole: int = 0
    looked: int = 0
    checked: int = 0
    residues: int = 0
    rounds: int = 0

    @classmethod
    def of(cls, saved: Mapping[str, int]) -> Totals:
        """Return the totals that an earlier run saved; what it did not know of is 0."""
        return cls(**{each.name: saved.get(each.name, 0) for each in fields(cls)})

    def add(self, checks: Checks, *, whole: int, looked: int) -> None:
        """Add what counts for one more window."""
        self.whole += whole
        self.looked += looked
        self.checked += checks.looks
        self.residues += checks.residues
        self.rounds = max(self.rounds, checks.rounds)

    def saved(self) -> dict[str, int]:
        """Return the totals as they are now, as plain values."""
        return asdict(self)


class Clock:
    """Tells the seconds from the first frame on.

    One tick of the frames' time stamps takes `time_base` seconds.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._zero: int | None = None

    def start(self, frame: VideoFrame) -> None:
        """Begin with a frame; nothing happens when the clock runs already."""
        if self._zero is None:
            self._zero = frame.pts

    def seconds(self, pts: int) -> float:
        """Return the seconds to a time stamp."""
        return float((pts - (self._zero or 0)) * self._time_base)
