"""Whatever is done with a vault, in any order: plaintext comes out only where a live wrap for that purpose is."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.adapters.vault_scenes import begin, keep, read, reopen, restore
from unseen.errors import OutputTaken, Refused

_ITEMS, _PURPOSES = ("a", "b"), ("research", "safety")
_items, _purposes = st.sampled_from(_ITEMS), st.sampled_from(_PURPOSES)


class VaultMachine(RuleBasedStateMachine):
    """Holds beside the vault what should open: (item, purpose) -> content."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="unseen-vault-"))
        self.home, self.backup = self.folder / "now", self.folder / "backup"
        self.vault = begin(self.home)
        self.opens: dict[tuple[str, str], bytes] = {}
        self.there: set[str] = set()
        self.saved: tuple[dict[tuple[str, str], bytes], set[str]] | None = None
        self.count = 0

    @rule(item=_items, purposes=st.sets(_purposes, min_size=1))
    def seal(self, item: str, purposes: set[str]) -> None:
        self.count += 1
        data = f"plaintext {self.count}".encode()
        try:
            keep(self.vault, item, *purposes, data=data)
        except OutputTaken:
            assert item in self.there
        else:
            assert item not in self.there
            self.there.add(item)
            self.opens.update({(item, purpose): data for purpose in purposes})

    @rule(item=_items, purpose=_purposes)
    def withdraw(self, item: str, purpose: str) -> None:
        assert self.vault.withdraw(item, purpose) == ((item, purpose) in self.opens)
        self.opens.pop((item, purpose), None)

    @rule(items=st.sets(_items))
    def erase(self, items: set[str]) -> None:
        assert self.vault.erase(items) == len(items & self.there)
        self.there -= items
        self.opens = {key: data for key, data in self.opens.items() if key[0] not in items}
        # From now on nothing of an older backup opens, whatever is done with it.
        self.saved = None

    @rule()
    def rotate(self) -> None:
        self.vault.rotate()
        self.saved = None

    @rule()
    def open_again(self) -> None:
        self.vault.close()
        self.vault = reopen(self.home)

    @rule()
    def back_up(self) -> None:
        shutil.rmtree(self.backup, ignore_errors=True)
        shutil.copytree(self.home, self.backup)
        self.saved = dict(self.opens), set(self.there)

    @rule()
    def restore_wraps_and_data(self) -> None:
        """Put an old backup in place, try it, and make it usable again by a rotation."""
        if not self.backup.exists():
            return
        self.vault.close()
        restore(self.backup, self.home, "vault")
        self.vault = reopen(self.home)
        if self.saved is not None:
            self.opens, self.there = dict(self.saved[0]), set(self.saved[1])
            return
        self.opens = {}
        self.only_what_should_open_opens()
        self.vault.erase(_ITEMS)
        self.there = set()

    @rule(item=_items, other=_items, purpose=_purposes, to=_purposes)
    def copy_a_wrap(self, item: str, other: str, purpose: str, to: str) -> None:
        """Give an item's wrap to another item or purpose, as somebody who can write to the database would."""
        if (item, purpose) == (other, to) or (item, purpose) not in self.opens or other not in self.there:
            return
        source, target = self.vault._tag(item), self.vault._tag(other)
        with closing(sqlite3.connect(self.home / "vault" / "wraps.db")) as database, database:
            database.execute(
                "INSERT OR REPLACE INTO unseen_wrap SELECT ?, ?, generation, wrapped FROM unseen_wrap "
                "WHERE item = ? AND purpose = ?",
                (target, to, source, purpose),
            )
        self.opens.pop((other, to), None)
        try:
            read(self.vault, other, to)
        except Refused:
            self.vault.withdraw(other, to)
            return
        raise AssertionError("a copied wrap opened an item")

    @invariant()
    def only_what_should_open_opens(self) -> None:
        found = {}
        for item in _ITEMS:
            for purpose in _PURPOSES:
                try:
                    found[item, purpose] = read(self.vault, item, purpose)
                except Refused:
                    continue
        assert found == self.opens

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            self.vault.close()
            shutil.rmtree(self.folder)


TestVaultOperations = VaultMachine.TestCase
TestVaultOperations.settings = settings(max_examples=15, stateful_step_count=14, deadline=None)
