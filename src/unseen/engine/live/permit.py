"""Whether a camera's pictures may still be shown: decided every second, and worth nothing when it is not renewed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["EVERY_S", "Permit"]

#: Seconds from one decision to the next, and those after which one that was not made anew counts no longer.
EVERY_S, _STALE_S = 1.0, 5.0


class Decides(Protocol):
    """What says whether something may go on."""

    def refusal(self, name: str) -> str:
        """Return why not, "" if it may; never raises."""
        ...


class Permit:
    """One camera's permit, which was given at the start; `renew` is called often, by one thread, `holds` by any."""

    def __init__(self, name: str, standing: Decides, clock: Callable[[], float]) -> None:
        self._name, self._standing, self._clock = name, standing, clock
        self._renewed = clock()
        self.refusal = ""

    def renew(self) -> None:
        """Decide again, if it is time."""
        now = self._clock()
        if now - self._renewed >= EVERY_S:
            self.refusal = self._standing.refusal(self._name)
            self._renewed = now

    @property
    def holds(self) -> bool:
        """Whether pictures may be shown now."""
        return not self.refusal and self._clock() - self._renewed < _STALE_S
