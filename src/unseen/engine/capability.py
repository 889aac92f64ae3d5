"""The capability: a purpose and a person, bound to what they may open; it is taken in place of a path."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from unseen.core.access import Access, Ask
from unseen.core.labels import Label, SignedLabel, State
from unseen.core.receipts import Verdict
from unseen.engine.gate import Passed
from unseen.engine.governance import Governance, open_governance
from unseen.engine.labelling import made
from unseen.engine.policies import policy_for
from unseen.errors import Denied, UsageError
from unseen.policy.roles import refusal_without_policy

__all__ = ["Capability"]


class Capability:
    """What may be opened for one purpose by one person; a context manager, worth nothing after it.

    Every call passes the gate anew, at that moment: a consent that is withdrawn meanwhile ends access at the next.
    `policy` names unseen.yaml; without it, it is found from each file's folder upwards. A file that no policy governs
    is under the built-in one, which opens nothing.
    """

    def __init__(
        self, purpose: str, actor: str | None = None, policy: Path | None = None,
        *, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.access = Access(purpose, actor, policy)
        self._clock = clock
        self._open: dict[Path, Governance] = {}
        self._streams: list[IO[bytes]] = []
        self._ended = False

    def __enter__(self) -> Capability:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        for stream in self._streams:
            stream.close()
        for governance in self._open.values():
            governance.close()

    @property
    def purpose(self) -> str:
        """The purpose."""
        return self.access.purpose or ""

    @property
    def actor(self) -> str:
        """Who acts."""
        return self.access.who

    def open(self, path: str | Path, action: str | None = None) -> IO[bytes]:
        """Return a file's content as a stream, which the end of the capability closes; raises Denied with the reasons.

        `action` says what for, as "train" or "annotate"; without it, it is "view", or for raw data "view-raw".
        """
        governance, request, beside = self._asked(Path(path), action)
        stream, _ = governance.gate.open(request, beside)
        self._streams.append(stream)
        return stream

    def check(self, path: str | Path, action: str | None = None) -> Passed:
        """Pass a file through the gate without opening it; raises Denied with the reasons."""
        governance, request, beside = self._asked(Path(path), action)
        return governance.gate.admit(request, beside)

    def made(
        self, output: str | Path, *, of: Sequence[str | Path], kind: str = "other", action: str = "train",
        state: State = "raw", verdict: Verdict | None = None,
    ) -> Label:  # fmt: skip
        """Label what was made of files, as a trained model, and record its lineage; raises Denied.

        Every source passes the gate once more, for `action`. A higher `state` needs a verdict that passed.
        """
        sources = [Path(source) for source in of]
        for source in sources:
            self.check(source, action)
        return made(
            self._governance(sources[0] if sources else Path(output)), Path(output), sources, kind,
            made_by=action, state=state, verdict=verdict,
        )  # fmt: skip

    def _asked(self, path: Path, action: str | None) -> tuple[Governance, Ask, SignedLabel | None]:
        governance = self._governance(path, action)
        item, beside = governance.take_in(path)
        if action is None:
            signed = governance.records.label(item) or beside
            action = "view-raw" if signed is None or signed.label.state == "raw" else "view"
        return governance, Ask(action, self.purpose, self.actor, item), beside

    def _governance(self, path: Path, action: str | None = None) -> Governance:
        if self._ended:
            raise UsageError("the capability has ended; open files inside its with block")
        policy = policy_for([path], self.access.policy_file)
        if policy is None:
            raise Denied(refusal_without_policy(action or "view-raw") or refusal_without_policy("view-raw"))
        if policy not in self._open:
            self._open[policy] = open_governance(policy, self._clock)
        return self._open[policy]
