"""A vault behind the gate: nothing goes in or comes out but for a purpose, by somebody who may, with a live wrap."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import IO

from unseen.adapters.databases import SqliteDatabase
from unseen.adapters.files_output import discard, write_private
from unseen.adapters.vault_files import Vault
from unseen.adapters.vault_names import VaultNames
from unseen.core.access import Ask
from unseen.core.labels import Label
from unseen.core.names import display
from unseen.crypto.keys import Key
from unseen.crypto.labels import check_label, sign_label
from unseen.crypto.seal import CHUNK_BYTES
from unseen.engine.deletion import known_items, lineage
from unseen.engine.gate import Passed
from unseen.engine.governance import Governance, kind_of, write_label
from unseen.engine.vault import VaultPlaces
from unseen.errors import Denied, OutputTaken, Refused, UnreadableInput, UsageError
from unseen.govern.retention import kept_of

__all__ = ["GatedVault", "NamedVault", "gated", "named"]

_DUTY = "keep-vault"


def gated(governance: Governance, vault: Vault, places: VaultPlaces) -> GatedVault:
    """Return a vault under a policy, which closes both databases of the vault's folder."""
    try:
        names = VaultNames(SqliteDatabase(places.folder / "names.db"), governance.key)
    except BaseException:
        vault.close()
        raise
    return GatedVault(governance, vault, names)


def named(governance: Governance, vault: Vault, places: VaultPlaces) -> NamedVault:
    """Return a vault for those who delete by items, which closes both databases of the vault's folder."""
    behind = gated(governance, vault, places)
    return NamedVault(behind, vault)


class NamedVault:
    """A `KeyRing` that forgets the names of what it erases, too."""

    def __init__(self, behind: GatedVault, vault: Vault) -> None:
        self._behind, self._vault = behind, vault
        self.seal, self.open, self.purposes = vault.seal, vault.open, vault.purposes
        self.holds, self.withdraw, self.rotate = vault.holds, vault.withdraw, vault.rotate

    def erase(self, items: Collection[str]) -> int:
        """Delete names, wraps and data of items; return how many items are gone."""
        # Names first: what is cut short after the keys are gone is not erased again.
        self._behind.forget_names(items)
        return self._vault.erase(items)

    def close(self) -> None:
        """Close both databases."""
        self._behind.close()


class GatedVault:
    """The vault as commands and capabilities use it.

    Inside, an item is known by the commitment to its content that its label has; outside, by the name that it was
    given. Who asks passes the gate each time; what only takes away, as erasing, needs the duty keep-vault.
    """

    def __init__(self, governance: Governance, vault: Vault, names: VaultNames) -> None:
        self._governance, self._vault, self._names = governance, vault, names

    def close(self) -> None:
        """Close the vault; streams that it gave out stop."""
        self._names.close()
        self._vault.close()

    def item(self, name: str) -> str:
        """Return the commitment of an item; raises Refused for a name that leads nowhere."""
        item = self._names.item(name)
        if item is None or not self._vault.holds(item):
            raise Refused(f"{display(name)}: is not in the vault")
        return item

    def label(self, name: str) -> Label:
        """Return the label of an item, checked; raises LabelInvalid or Refused."""
        item = self.item(name)
        signed = self._governance.records.label(item)
        if signed is None:
            raise Refused(f"{display(name)}: has no label under this policy")
        return check_label(signed, self._governance.key, item)

    def put(self, path: Path, purposes: Sequence[str], actor: str, name: str = "") -> str:
        """Encrypt a file for purposes that the gate allows to store it for, all of them; return the item's name.

        The file stays where it is. Raises Denied with the reasons, OutputTaken, UnreadableInput.
        """
        governance, name = self._governance, name or path.name
        if not purposes:
            raise UsageError("an item is kept for at least one purpose; name it")
        item, beside = governance.take_in(path)
        for purpose in sorted(set(purposes)):
            passed = governance.gate.admit(Ask("store", purpose, actor, item), beside)
        if governance.records.label(item) is None:
            governance.records.add(sign_label(passed.label, governance.key), kind_of(path), governance.clock())
        other = self._names.item(name)
        if self._vault.holds(item) or (other is not None and self._vault.holds(other)):
            raise OutputTaken(f"{display(name)}: is in the vault already; erase it first, or choose another name")
        try:
            with path.open("rb") as stream:
                # The name first: an item without one could not even be erased.
                self._names.give(name, item)
                read = io.BufferedReader(_Committed(stream, governance.key, item, name), CHUNK_BYTES)
                self._vault.seal(item, purposes, read)
        except OSError as error:
            raise UnreadableInput(f"{display(name)}: cannot be read ({error.strerror}); check its rights") from error
        governance.note("vault.sealed", actor=actor, items=(item,), purposes=",".join(sorted(set(purposes))))
        return name

    def asked(self, name: str, purpose: str, actor: str, action: str | None = None) -> Ask:
        """Return the request to open an item; without an action it is to view it, raw or not, as its label says."""
        try:
            item = self.item(name)
        except Refused as error:
            self._governance.note("access.denied", actor=actor, action=action or "view", reasons="no-item")
            raise Denied(f"refused: {error}") from error
        self._governance.files.vaulted[item] = _Ring(self._vault, item, name)
        return Ask(action or self._governance.viewing(item), purpose, actor, item, vaulted=True)

    def open(self, name: str, purpose: str, actor: str, action: str | None = None) -> tuple[IO[bytes], Passed]:
        """Return an item's plaintext, to be read from anywhere while its wrap for the purpose lives; raises Denied."""
        return self._governance.gate.open(self.asked(name, purpose, actor, action))

    def get(self, name: str, purpose: str, actor: str, out: Path, *, unsafe_view_raw: bool = False) -> Passed:
        """Decrypt an item to a new file that its owner alone can read, with its label beside; raises Denied.

        Returns what the gate said, which in the mode warn may be what it would have refused.

        What shows people as they are has to be asked for by its unsafe name, beside the permission for it.
        """
        governance, request = self._governance, self.asked(name, purpose, actor)
        raw = request.action == "view-raw"
        if raw and not unsafe_view_raw:
            governance.note("access.denied", actor=actor, items=(request.item,), reasons="unsafe-view-raw not said")
            raise Denied(
                f"refused: {display(name)} shows people as they are; who may see that says so: --unsafe-view-raw"
            )
        if os.path.lexists(out):
            raise OutputTaken(f"{display(out)}: is there already; choose another name for the item")
        stream, passed = governance.gate.open(request)
        with stream:
            if raw:
                governance.note(
                    "vault.unsafe-view-raw", actor=actor, items=(request.item,), purpose=purpose, written="a file"
                )
            write_private(out, _parts(stream), "the item")
        try:
            write_label(sign_label(passed.label, governance.key), out)
        except BaseException:
            discard(out)
            raise
        return passed

    def withdraw(self, name: str, purpose: str, actor: str) -> bool:
        """Let an item open no longer for a purpose; False if it did not.

        Raises Denied for the last purpose of what has to be kept, as nobody could open it any more.
        """
        self._governance.require(actor, _DUTY)
        item = self.item(name)
        if self._vault.purposes(item) == {purpose}:
            self._refuse_kept([item], actor)
        done = self._vault.withdraw(item, purpose)
        self._governance.note("vault.withdrawn", actor=actor, items=(item,), purpose=purpose, wraps=int(done))
        return done

    def erase(self, names: Sequence[str], actor: str) -> int:
        """Erase items for good, with what opens the ledger's commitments to them; return how many there were.

        Raises Denied, and erases nothing, if one of them has to be kept.
        """
        governance = self._governance
        governance.require(actor, _DUTY)
        items = sorted({item for name in names if (item := self._names.item(name)) is not None})
        self._refuse_kept(items, actor)
        governance.note("vault.erase", actor=actor, items=tuple(items))
        count = self._vault.erase(items)
        governance.note("vault.erased", actor=actor, items=tuple(items), count=count)
        self._names.forget(items)
        for item in items:
            governance.ledger.forget(item)
        return count

    def forget_names(self, items: Collection[str]) -> None:
        """Let no name lead to these items any more."""
        self._names.forget(items)

    def _refuse_kept(self, items: Sequence[str], actor: str) -> None:
        """Raise Denied if one of the items is on hold, or a person in it restricted its processing."""
        governance, rights = self._governance, self._governance.records.rights
        people = (restriction.subject for restriction in rights.restrictions() if restriction.keeps)
        kept = kept_of(known_items(governance), lineage(governance), rights.holds(), people)
        if stay := tuple(item for item in items if item in kept):
            governance.note("access.denied", actor=actor, items=stay, action="erase", reasons="kept")
            raise Denied(f"refused: {stay[0][:12]} has to stay: {display(kept[stay[0]])}; nothing was done")

    def rotate(self, actor: str) -> int:
        """Change the key-encryption keys; return how many wraps were made."""
        self._governance.require(actor, _DUTY)
        count = self._vault.rotate()
        self._governance.note("vault.rotated", actor=actor, wraps=count)
        return count


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK_BYTES), b"")


class _Ring:
    """Opens one item, telling of it by its name; its streams end with the wrap that they were opened by."""

    def __init__(self, vault: Vault, item: str, name: str) -> None:
        self._vault, self._item, self._name = vault, item, display(name)

    def open(self, item: str, purpose: str) -> IO[bytes]:
        """Return the plaintext; raises Refused."""
        try:
            stream = self._vault.open(item, purpose)
        except Refused as error:
            raise Refused(str(error).replace(item, self._name)) from error
        living = _Living(stream, lambda: purpose in self._vault.purposes(item), f"{self._name}: {display(purpose)}")
        return io.BufferedReader(living, CHUNK_BYTES)


class _Living(io.RawIOBase):
    """Reads on only while `alive` says so, which is asked once a chunk; raises Refused."""

    def __init__(self, stream: IO[bytes], alive: Callable[[], bool], told: str) -> None:
        super().__init__()
        self._stream, self._alive, self._told = stream, alive, told

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a view is what every reader hands in
        """Fill a buffer, if the item still opens."""
        if not self._alive():
            raise Refused(f"{self._told} was withdrawn while the item was read")
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream below."""
        if not self.closed:
            self._stream.close()
        super().close()


class _Committed(io.RawIOBase):
    """Reads a file, and raises UnreadableInput at its end if it is not the one whose commitment passed the gate."""

    def __init__(self, stream: IO[bytes], key: Key, item: str, name: str) -> None:
        super().__init__()
        self._stream, self._made, self._item, self._name = stream, key.started("item"), item, display(name)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a view is what every reader hands in
        """Fill a buffer."""
        data = self._stream.read(len(buffer))
        self._made.update(data)
        if not data and self._made.hexdigest() != self._item:
            raise UnreadableInput(f"{self._name}: changed while it was put in; try again")
        buffer[: len(data)] = data
        return len(data)
