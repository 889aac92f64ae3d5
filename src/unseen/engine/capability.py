"""The capability: a purpose and a person, bound to what they may open; it is taken in place of a path."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from unseen.core.access import Access, Ask
from unseen.core.labels import Label, SignedLabel, State
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.engine.gate import Passed
from unseen.engine.governance import Governance, open_governance
from unseen.engine.labelling import made
from unseen.engine.policies import policy_for
from unseen.errors import Denied, KeyUnusable, UsageError
from unseen.policy.roles import refusal_without_policy

if TYPE_CHECKING:
    from unseen.engine.vault_gate import GatedVault

__all__ = ["Capability"]

_VAULT = "vault"


class Capability:
    """What may be opened for one purpose by one person; a context manager, worth nothing after it.

    Every call passes the gate anew, at that moment: a consent that is withdrawn meanwhile ends access at the next.
    `policy` names unseen.yaml; without it, it is found from each file's folder upwards. A file that no policy governs
    is under the built-in one, which opens nothing.

    "vault:NAME" in place of a path is an item of `vault`, the folder of a vault, which the policy above it governs, or
    the one that is named. Its stream ends, with Refused, as soon as its wrap for the purpose is gone. `passphrase`
    returns that of the vault's key file, where it has one.
    """

    def __init__(
        self, purpose: str, actor: str | None = None, policy: Path | None = None, vault: Path | None = None,
        *, passphrase: Callable[[], str] | None = None, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.access = Access(purpose, actor, policy)
        self._clock, self._folder, self._passphrase = clock, vault, passphrase
        self._open: dict[Path, Governance] = {}
        self._vault: GatedVault | None = None
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
        if self._vault is not None:
            self._vault.close()
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

        `action` says what for, as "train" or "annotate"; without it, it is "view". For raw data "view" is "view-raw".
        """
        governance, request, beside = self._asked(path, action)
        stream, _ = governance.gate.open(request, beside)
        self._streams.append(stream)
        return stream

    def open_to_redact(self, path: str | Path, recipe: Recipe) -> tuple[IO[bytes], Recipe]:
        """Return a photo's content, and the recipe with all that the policy obliges to; raises Denied."""
        governance, request, beside = self._asked(path, "redact")
        stream, passed = governance.gate.open(replace(request, output="photo"), beside, recipe)
        self._streams.append(stream)
        return stream, passed.recipe or recipe

    def check(self, path: str | Path, action: str | None = None) -> Passed:
        """Pass a file through the gate without opening it; raises Denied with the reasons."""
        governance, request, beside = self._asked(path, action)
        return governance.gate.admit(request, beside)

    def made(
        self, output: str | Path, *, of: Sequence[str | Path], kind: str = "other", action: str = "train",
        state: State = "raw", verdict: Verdict | None = None,
    ) -> Label:  # fmt: skip
        """Label what was made of files, as a trained model, and record its lineage; raises Denied.

        Every source passes the gate once more, for `action`. A higher `state` needs a verdict that passed.
        """
        for source in of:
            self.check(source, action)
        governance = self._governed(of[0] if of else output)
        sources = [self._items().label(_name(source)) if _is_vaulted(source) else Path(source) for source in of]
        return made(governance, Path(output), sources, kind, made_by=action, state=state, verdict=verdict)

    def _asked(self, path: str | Path, action: str | None) -> tuple[Governance, Ask, SignedLabel | None]:
        governance = self._governed(path, action)
        if _is_vaulted(path):
            return governance, self._items().asked(_name(path), self.purpose, self.actor, action), None
        item, beside = governance.take_in(Path(path))
        return governance, Ask(action or governance.viewing(item, beside), self.purpose, self.actor, item), beside

    def _governed(self, path: str | Path, action: str | None = None) -> Governance:
        if self._ended:
            raise UsageError("the capability has ended; open files inside its with block")
        policy = policy_for([self._place() if _is_vaulted(path) else Path(path)], self.access.policy_file)
        if policy is None:
            raise Denied(refusal_without_policy(action or "view-raw") or refusal_without_policy("view-raw"))
        if policy not in self._open:
            self._open[policy] = open_governance(policy, self._clock)
        return self._open[policy]

    def _place(self) -> Path:
        if self._folder is None:
            raise UsageError("no vault is named; say unseen.purpose(..., vault=FOLDER)")
        return self._folder

    def _items(self) -> GatedVault:
        """Return the vault, which is opened when it is asked for first."""
        if self._vault is None:
            from unseen.engine.vault import master_keys, open_vault, vault_places
            from unseen.engine.vault_gate import gated

            places = vault_places(self._place())
            governance = self._governed(f"{_VAULT}:")
            self._vault = gated(governance, open_vault(places, master_keys(self._ask)), places)
        return self._vault

    def _ask(self, new: bool) -> str:
        if self._passphrase is None:
            raise KeyUnusable("the vault wants a passphrase; say unseen.purpose(..., passphrase=FUNCTION)")
        return self._passphrase()


def _is_vaulted(path: str | Path) -> bool:
    return isinstance(path, str) and path.startswith(f"{_VAULT}:")


def _name(path: str | Path) -> str:
    return str(path).removeprefix(f"{_VAULT}:")
