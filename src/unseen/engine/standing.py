"""Decisions on what goes on: made again and again, by the policy, the labels and the consents as they are by then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.core.access import Access, Ask
from unseen.core.labels import SignedLabel
from unseen.core.recipe import Recipe
from unseen.engine.gate import oblige
from unseen.engine.governance import Governance, open_governance
from unseen.engine.policies import rule_files
from unseen.errors import Denied, UnseenError
from unseen.policy.decision import Ruling

__all__ = ["CurrentPolicy", "Standing"]

#: Seconds after which a camera gets a new label: what it shows is new each time, and so is its end of storage.
_LABEL_S = 3600.0
_Stamps = tuple[tuple[int, int, int] | None, ...]


class CurrentPolicy:
    """A policy that is followed for long: read anew as soon as its file, or a file of its rules, is another one.

    A context manager.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        # Before it is read: what changes meanwhile is read again.
        self._files = [path, *rule_files(path)]
        self._stamps = self._look()
        self._governance = open_governance(path, clock)

    def __enter__(self) -> CurrentPolicy:
        return self

    def __exit__(self, *_: object) -> None:
        self._governance.close()

    def now(self) -> Governance:
        """Return what stands behind the policy as it is now; raises UnseenError while it cannot be taken."""
        if self._look() != self._stamps:
            self._files = [self._path, *rule_files(self._path)]
            stamps = self._look()
            fresh = open_governance(self._path, self._clock)
            self._governance.close()
            self._governance, self._stamps = fresh, stamps
        return self._governance

    def note_error(self, actor: str, *items: str) -> None:
        """Write down that something was refused because it could not be decided, where that can be written at all."""
        with contextlib.suppress(Exception):
            self._governance.note("access.denied", actor=actor, items=items, reasons="error")

    def _look(self) -> _Stamps:
        return tuple(_stamp(path) for path in self._files)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(slots=True)
class _Watched:
    """One camera, or file that is played: its item, the label beside it, since when, and what was decided last."""

    item: str
    beside: SignedLabel | None
    camera: str
    since: float
    under: Governance
    allowed: bool = True


class Standing:
    """What was admitted and goes on, as streams do; asked again, it says no as soon as the policy does.

    `actions` are all that is done, `output` what the first of them puts out, `recipe` how. Each turn, from yes to no
    and back, is in the ledger, and one that cannot be written there is a no. A context manager.
    """

    def __init__(
        self, policy: CurrentPolicy, access: Access, actions: Sequence[str], output: str, recipe: Recipe
    ) -> None:
        self._policy, self._access, self._actions, self._output = policy, access, tuple(actions), output
        self._recipe = recipe
        self._watched: dict[str, _Watched] = {}

    def __enter__(self) -> Standing:
        return self

    def __exit__(self, *_: object) -> None:
        self._policy.__exit__()

    def watch_camera(self, name: str) -> None:
        """Take in a camera that was admitted."""
        governance = self._policy.now()
        item = governance.camera(name)
        self._watched[name] = _Watched(item, None, name, governance.clock(), governance)

    def watch_file(self, name: str, path: Path) -> None:
        """Take in a file that was admitted, and is played as a camera of this name; raises LabelInvalid."""
        governance = self._policy.now()
        item, beside = governance.take_in(path)
        self._watched[name] = _Watched(item, beside, "", governance.clock(), governance)

    def refusal(self, name: str) -> str:
        """Return why what was taken in may not go on now, "" if it may; never raises."""
        watched = self._watched[name]
        try:
            return self._refusal(watched)
        except Exception as error:  # noqa: BLE001  # whatever it is, the answer is no
            if watched.allowed and not isinstance(error, Denied):
                self._policy.note_error(self._access.who, watched.item)
            watched.allowed = False
            return str(error) if isinstance(error, UnseenError) else f"could not be decided ({type(error).__name__})"

    def _refusal(self, watched: _Watched) -> str:
        governance = self._policy.now()
        old = governance.clock() - watched.since > _LABEL_S
        if watched.camera and (old or governance is not watched.under):
            try:
                governance.take_camera(watched.camera)
            except Denied:
                if watched.allowed:  # a turn
                    governance.note("access.denied", actor=self._access.who, items=(watched.item,), reasons="no-label")
                raise
            watched.since, watched.under = governance.clock(), governance
        asks = self._asks(watched)
        rulings = [governance.gate.decide(ask, watched.beside) for ask in asks]
        told = "; ".join(each.told() for each in rulings if not each.allowed)
        if not told and (told := self._more(rulings[0])):
            if watched.allowed:
                governance.note("access.denied", actor=self._access.who, items=(watched.item,), reasons="obligation")
        elif bool(told) == watched.allowed:
            # A turn: written down by deciding once more, which raises what it says no to.
            for ask in asks:
                governance.gate.admit(ask, watched.beside)
        watched.allowed = not told
        return told

    def _asks(self, watched: _Watched) -> list[Ask]:
        purpose, who = self._access.purpose or "", self._access.who
        return [
            Ask(action, purpose, who, watched.item, "" if number else self._output)
            for number, action in enumerate(self._actions)
        ]

    def _more(self, ruling: Ruling) -> str:
        """Return why a recipe that was settled once is not enough any more, "" if it is."""
        if ruling.mode != "enforce":
            return ""
        try:
            _, changes = oblige(self._recipe, ruling.obligations)
        except Denied as error:
            return str(error)
        return "the policy obliges to more than when this began; start it again" if changes else ""
