"""Whatever is done with a policy, its records and a vault, in any order: no plaintext without a live wrap, a live
consent and a permission; and nothing that was made of things allows what these do not."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.adapters.vault_scenes import SOURCES
from tests.engine.governed import DAY, NOW, Clock, agree, govern
from unseen.core.access import Ask
from unseen.core.consents import ConsentEvent
from unseen.engine.labelling import label_of, made, tighten
from unseen.engine.vault import VaultPlaces, make_vault, open_vault
from unseen.engine.vault_gate import gated
from unseen.errors import Denied, OutputTaken, Refused

_POLICY = """\
unseen: 1
controller: {name: Hospital, contact: privacy@hospital.example}
people:
  rosa: {roles: [operator], permissions: [view-raw]}
  olga: {roles: [operator]}
  dora: {roles: [dpo]}
sources:
  both: {paths: [both/], purposes: [care, study]}
  ward: {paths: [ward/], purposes: [care]}
purposes:
  care: {basis: consent, actions: [store, redact, view-raw], outputs: [photo], who: [operator], retention: 20 days}
  study: {basis: public-task, actions: [store, redact, view-raw], outputs: [photo], who: [operator], retention: 9 days}
"""
#: Each lies in a folder of its source, has one person in it, and is kept this long.
_ITEMS = {"a": ("both", frozenset({"care", "study"}), 9 * DAY), "b": ("ward", frozenset({"care"}), 20 * DAY)}
_PURPOSES = ("care", "study")
_items, _purposes = st.sampled_from(sorted(_ITEMS)), st.sampled_from(_PURPOSES)
_some = st.sampled_from([("care",), ("study",), ("care", "study"), ()])


class GatedMachine(RuleBasedStateMachine):
    """Holds beside the real things what should be: wraps, consents, prohibitions, the time."""

    @initialize(agreed=st.booleans(), sealed=st.tuples(_some, _some))
    def start(self, agreed: bool, sealed: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="unseen-gated-"))
        self.clock = Clock(NOW)
        self.office = govern(self.folder / "town", self.clock, _POLICY)
        self.places = VaultPlaces(self.folder / "town" / "safe", self.folder / "vault.key")
        make_vault(self.places, "environment", SOURCES).close()
        self.vault = gated(self.office, open_vault(self.places, SOURCES), self.places)
        self.paths = {}
        for name, (folder, _, _) in _ITEMS.items():
            self.paths[name] = self.folder / "town" / folder / name
            self.paths[name].parent.mkdir(exist_ok=True)
            self.paths[name].write_bytes(f"plaintext {name}".encode())
            tighten(self.office, self.paths[name], "dora", subjects=[f"person {name}"])
        self.wraps: set[tuple[str, str]] = set()
        self.there: set[str] = set()
        self.agreed: set[tuple[str, str]] = set()
        self.against: set[tuple[str, str]] = set()
        self.forbidden: set[str] = set()
        self.derived: list[tuple[Path, tuple[Path, ...]]] = []
        for name, purposes in zip(_ITEMS, sealed, strict=True):
            self.consent(name, "care", gives=agreed)
            if purposes:
                self.put(name, set(purposes))

    def _may(self, name: str, purpose: str, action: str) -> bool:
        """Whether the policy, the label and the consents should let an operator do something."""
        _, purposes, kept = _ITEMS[name]
        consent = purpose == "study" or (name, purpose) in self.agreed
        refused = (name, purpose) in self.against or (action == "view-raw" and name in self.forbidden)
        return purpose in purposes and consent and not refused and self.clock.now < NOW + kept

    @rule(name=_items, purposes=st.sets(_purposes, min_size=1))
    def put(self, name: str, purposes: set[str]) -> None:
        allowed = all(self._may(name, purpose, "store") for purpose in purposes)
        try:
            self.vault.put(self.paths[name], sorted(purposes), "olga")
        except Denied:
            assert not allowed
        except OutputTaken:
            assert allowed
            assert name in self.there
        else:
            assert allowed
            assert name not in self.there
            self.there.add(name)
            self.wraps |= {(name, purpose) for purpose in purposes}

    @rule(name=_items, purpose=_purposes)
    def withdraw_a_wrap(self, name: str, purpose: str) -> None:
        try:
            assert self.vault.withdraw(name, purpose, "dora") == ((name, purpose) in self.wraps)
        except Refused:
            assert name not in self.there
        self.wraps.discard((name, purpose))

    @rule(name=_items)
    def erase(self, name: str) -> None:
        assert self.vault.erase([name], "dora") == (name in self.there)
        self.there.discard(name)
        self.wraps = {wrap for wrap in self.wraps if wrap[0] != name}

    @rule()
    def rotate_and_open_again(self) -> None:
        self.vault.rotate("dora")
        self.vault.close()
        self.vault = gated(self.office, open_vault(self.places, SOURCES), self.places)

    @rule(name=_items, purpose=_purposes, gives=st.booleans())
    def consent(self, name: str, purpose: str, gives: bool) -> None:
        record = agree(self.office, f"person {name}", purpose)
        if gives:
            self.agreed.add((name, purpose))
            self.against.discard((name, purpose))
        else:
            self.office.records.put_consents([record.with_event(ConsentEvent("withdrawn", self.clock.now))])
            self.against.add((name, purpose))
            self.agreed.discard((name, purpose))

    @rule(name=_items)
    def forbid(self, name: str) -> None:
        tighten(self.office, self.paths[name], "dora", prohibitions=["view-raw"])
        self.forbidden.add(name)

    @rule(days=st.sampled_from([1, 4]))
    def wait(self, days: int) -> None:
        self.clock.now += days * DAY

    @rule(names=st.sampled_from([("a",), ("b",), ("a", "b")]), again=st.booleans())
    def derive(self, names: tuple[str, ...], again: bool) -> None:
        sources = [self.paths[name] for name in names]
        if again and self.derived:
            sources.append(self.derived[-1][0])
        output = self.folder / "town" / f"made{len(self.derived)}"
        output.write_bytes(f"made {len(self.derived)}".encode())
        made(self.office, output, sources, "photo", made_by="test")
        self.derived.append((output, tuple(sources)))

    @precondition(lambda self: len(self.wraps) > 0)
    @rule(data=st.data(), to=_purposes)
    def copy_a_wrap(self, data: st.DataObject, to: str) -> None:
        """Give the wrap of one purpose to another, as somebody who can write to the database would."""
        name, purpose = data.draw(st.sampled_from(sorted(self.wraps)))
        if (name, to) in self.wraps:
            return
        with closing(sqlite3.connect(self.places.folder / "wraps.db")) as thief, thief:
            thief.execute(
                "INSERT OR REPLACE INTO unseen_wrap SELECT w.item, ?, w.generation, w.wrapped FROM unseen_wrap w "
                "WHERE w.item = ? AND w.purpose = ?",
                (to, self.vault._vault._tag(self.vault.item(name)), purpose),
            )
        self.only_what_may_be_opened_opens()
        self.vault.withdraw(name, to, "dora")

    @invariant()
    def only_what_may_be_opened_opens(self) -> None:
        for name in _ITEMS:
            for purpose in _PURPOSES:
                should = (name, purpose) in self.wraps and self._may(name, purpose, "view-raw")
                assert self._opens(name, purpose, "rosa") == should, (name, purpose)
        assert not self._opens("a", "care", "olga"), "nobody views raw without the permission"

    def _opens(self, name: str, purpose: str, actor: str) -> bool:
        try:
            stream, _ = self.vault.open(name, purpose, actor)
        except Denied:
            return False
        with stream:
            assert stream.read() == f"plaintext {name}".encode()
        return True

    @invariant()
    def labels_never_widen(self) -> None:
        for output, sources in self.derived[-2:]:
            label = label_of(self.office, output)
            for action, purpose in (("redact", "care"), ("redact", "study"), ("view-raw", "study")):
                if self._decides(label.item, action, purpose):
                    for source in sources:
                        assert self._decides(label_of(self.office, source).item, action, purpose)

    def _decides(self, item: str, action: str, purpose: str) -> bool:
        return self.office.gate.decide(Ask(action, purpose, "rosa", item)).allowed

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            self.vault.close()
            self.office.close()
            shutil.rmtree(self.folder)


TestGatedOperations = GatedMachine.TestCase
TestGatedOperations.settings = settings(max_examples=6, stateful_step_count=10, deadline=None)
