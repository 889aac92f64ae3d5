"""A folder under a policy: its key, records, ledger and gate; what labels files, and records what was made of them."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from unseen.adapters.files_output import OWN, write_whole
from unseen.adapters.ledger_sql import SqlEventLedger
from unseen.adapters.lineage_sql import SqlRecords
from unseen.adapters.openings_sql import SqlOpenings, open_openings
from unseen.adapters.rules_cedar import CedarRules
from unseen.core.access import Ask
from unseen.core.formats import LABEL_ENDING, is_video
from unseen.core.labels import Label, SignedLabel, derive, signed_label_from
from unseen.core.ledger import Entry, Event, Head
from unseen.core.names import display
from unseen.crypto.keys import Key
from unseen.crypto.labels import check_label, sign_label
from unseen.engine.gate import Gate
from unseen.engine.ledger import LedgerPlaces, ledger_places, open_ledger
from unseen.engine.plain_files import PlainFiles, commitment, opened
from unseen.engine.policies import read_charter
from unseen.engine.policy_key import open_records, policy_key
from unseen.errors import Denied, LabelInvalid, OutputFailed, Refused, UsageError
from unseen.policy.charter import Charter, Source
from unseen.policy.labels import from_source, is_tombstone
from unseen.policy.roles import Person, may_administer

__all__ = [
    "CommittedLedger",
    "Governance",
    "kind_of",
    "label_path",
    "ledger_of",
    "open_governance",
    "write_label",
]

_MAXIMUM_LABEL = 1 << 20
#: Endings of files with trained weights.
_MODELS = frozenset({".onnx", ".pt", ".pth", ".safetensors", ".tflite", ".keras", ".h5", ".ckpt", ".gguf", ".joblib"})


def label_path(path: Path) -> Path:
    """Return where the label of a file lies: beside it, as photo.jpg.label.json."""
    return path.with_name(path.name + LABEL_ENDING)


def kind_of(path: Path) -> str:
    """Return the kind of item that a file is, by its name."""
    if path.suffix.lower() in _MODELS:
        return "model"
    return "video" if is_video(path.name) else "photo"


@dataclass(frozen=True, slots=True)
class CommittedLedger:
    """An `EventLedger` in which whoever and whatever an event names is a fresh commitment, so that it can be forgotten.

    What opens the commitments lies apart from the ledger.
    """

    ledger: SqlEventLedger
    openings: SqlOpenings

    def append(self, event: Event) -> Entry:
        """Commit to what the event names, and write it down; raises UnseenError."""
        words = [("item", item) for item in event.items] + [("subject", subject) for subject in event.subjects]
        words += [("actor", event.actor)] if event.actor else []
        made = self.openings.commit(words) if words else []
        first, last = len(event.items), len(event.items) + len(event.subjects)
        actor = made[last] if event.actor else ""
        return self.ledger.append(
            replace(event, items=tuple(made[:first]), subjects=tuple(made[first:last]), actor=actor)
        )

    def forget(self, item: str) -> None:
        """Destroy what opens the commitments to an item, so that nobody can tell any more which one they are of."""
        self.openings.forget("item", item)

    def close(self) -> None:
        """Close the ledger and what opens it."""
        self.ledger.close()
        self.openings.close()


def ledger_of(root: Path) -> LedgerPlaces:
    """Return where the ledger of a policy's folder is: in .unseen, beside its records."""
    return ledger_places(str(root / OWN / "ledger.db"), environ={})


def _open_ledger(root: Path) -> CommittedLedger:
    places = ledger_of(root)
    ledger = open_ledger(places, new=True)
    try:
        return CommittedLedger(ledger, open_openings(places.openings, secrets.token_bytes))
    except BaseException:
        ledger.close()
        raise


@dataclass(slots=True)
class Governance:
    """What stands behind one policy file; a context manager.

    Files of its own lie in .unseen beside the policy: the key, the records, the ledger.
    """

    path: Path
    charter: Charter
    key: Key
    records: SqlRecords
    ledger: CommittedLedger
    gate: Gate
    files: PlainFiles
    clock: Callable[[], float]
    close_ledger: Callable[[], None]

    @property
    def root(self) -> Path:
        """The folder of the policy."""
        return self.path.parent

    def __enter__(self) -> Governance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the records and the ledger."""
        self.records.close()
        self.close_ledger()

    def head(self) -> Head | None:
        """Return the ledger's head as it is now, None for a ledger that has none."""
        return self.ledger.ledger.head() if isinstance(self.ledger, CommittedLedger) else None

    # Who and what.

    def subject(self, name: str) -> str:
        """Return the keyed identifier of a person; the name itself is kept nowhere."""
        return self.key.tag("subject", " ".join(name.split()).casefold().encode())

    def item(self, path: Path) -> str:
        """Return the commitment to a file's content; raises UnreadableInput."""
        with opened(path) as file:
            return commitment(self.key, file)

    def require(self, actor: str, duty: str) -> None:
        """Raise Denied unless the policy gives a person this duty on records."""
        if not may_administer(self.charter.people.get(actor, Person()), duty):
            raise Denied(f"{actor} may not {duty.replace('-', ' ')}; the policy's people say who may")

    # Labels.

    def beside(self, path: Path) -> SignedLabel | None:
        """Return the label that lies beside a file, unchecked; raises LabelInvalid if it is none."""
        where = label_path(path)
        try:
            with where.open("rb") as file:
                data = file.read(_MAXIMUM_LABEL + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LabelInvalid(f"{display(where.name)}: cannot be read ({error.strerror}); check its rights") from error
        try:
            return signed_label_from(json.loads(data) if len(data) <= _MAXIMUM_LABEL else None)
        except (ValueError, RecursionError) as error:
            raise LabelInvalid(f"{display(where.name)}: is no label; take the one that was issued") from error

    def take_in(self, path: Path) -> tuple[str, SignedLabel | None]:
        """Return a file's commitment and the label beside it; one of a named source is labelled when first seen."""
        item = self.item(path)
        try:
            beside = self.beside(path)
        except LabelInvalid:
            self.note("access.denied", items=(item,), reasons="tampered")
            raise
        self.files.paths[item] = path
        if beside is None and self.records.label(item) is None:
            source = self._source_of(path)
            if source is not None:
                self._first_seen(source, item, kind_of(path))
        return item, beside

    def take_camera(self, camera: str) -> str:
        """Return a camera's commitment, labelled as its source says now; raises Denied for one that no source has.

        What a camera shows is new each time: its label follows the policy, and the end of storage the clock. One that
        was taken out of the policy is not let pass by the label that it had.
        """
        item, source = self.camera(camera), self.charter.source_of_camera(camera)
        if source is None:
            raise Denied("refused: it has no label, as no source of the policy has this camera; name it in one")
        self._first_seen(source, item, "live")
        return item

    def camera(self, name: str) -> str:
        """Return the commitment of a camera, which is known by its name."""
        return self.key.tag("camera", name.encode())

    def _source_of(self, path: Path) -> Source | None:
        where = path.resolve()
        if not where.is_relative_to(self.root.resolve()):
            return None
        return self.charter.source_of(where.relative_to(self.root.resolve()).as_posix())

    def _first_seen(self, source: Source, item: str, kind: str) -> None:
        now = self.clock()
        self.records.add(sign_label(from_source(source, self.charter, item, now), self.key), kind, now)
        self.note("label.issued", items=(item,), source=source.name)

    def within(self, label: Label) -> Label:
        """Return what a label may say of an item that is on record already: it allows no more than the label there.

        Raises Denied for what was deleted, which comes back under no label, and LabelInvalid.
        """
        stored = self.records.label(label.item)
        if stored is None:
            return label
        known = check_label(stored, self.key, label.item)
        if is_tombstone(known):
            raise Denied("refused: this very content was deleted under the policy, and nothing may be made of it again")
        return replace(derive([known, label], label.item), parents=(known.parents | label.parents) - {label.item})

    def keep(
        self, label: Label, kind: str, *, made_by: str, tools: Iterable[str] = (),
        verified: Callable[[Label], Label] | None = None,
    ) -> SignedLabel:  # fmt: skip
        """Sign a label, within what is on record for its item, and store it with its lineage; return it.

        `verified` is what a verification makes of that label: nothing else allows more. Raises Denied or LabelInvalid.
        """
        label = self.within(label)
        if verified is not None:
            label = verified(label)
        signed, now = sign_label(label, self.key), self.clock()
        self.records.add(signed, kind, now, made_by=made_by, tools=tools)
        self.note("label.issued", items=(label.item,), made_by=made_by, state=label.state)
        return signed

    def note(
        self, kind: str, *, actor: str = "", items: tuple[str, ...] = (), subjects: tuple[str, ...] = (),
        **details: str | int,
    ) -> None:  # fmt: skip
        """Append an event of this program's own to the ledger; `actor` is a name, and only its commitment is kept."""
        event = Event(
            kind=kind,
            time=datetime.fromtimestamp(self.clock(), UTC),
            actor=self.key.tag("actor", actor.encode()) if actor else "",
            items=items,
            subjects=subjects,
            details=dict(details),
        )
        self.ledger.append(event)

    def viewing(self, item: str, beside: SignedLabel | None = None) -> str:
        """Return what it is to look at an item: to view it, or to view it raw, which is what nothing is known of is."""
        try:
            signed = self.records.label(item) or beside
        except LabelInvalid:
            signed = None  # the gate says so
        return "view-raw" if signed is None or signed.label.state == "raw" else "view"

    def request(self, action: str, purpose: str, actor: str, item: str, output: str = "") -> Ask:
        """Return a request as the gate takes it."""
        return Ask(action, purpose, actor, item, output)


def write_label(signed: SignedLabel, path: Path) -> None:
    """Write the label of a file beside it; a file that is there and no label is left alone. Raises OutputFailed."""
    where = label_path(path)
    if os.path.lexists(where):
        try:
            if where.is_symlink():
                raise ValueError("a link may lead anywhere")
            signed_label_from(json.loads(where.read_bytes()))
        except (OSError, ValueError, RecursionError, Refused) as error:
            raise OutputFailed(f"{display(where.name)}: is there and no label; move it or choose another -o") from error
    write_whole(where, [json.dumps(signed.as_dict(), indent=1, sort_keys=True), "\n"], "the label")


def open_governance(path: Path, clock: Callable[[], float] = time.time) -> Governance:
    """Open what stands behind a policy file with purposes; raises PolicyInvalid, KeyUnusable or UsageError."""
    charter = read_charter(path)
    if not charter.needs_purpose:
        raise UsageError(f"{display(path)}: has no purposes, only rules on recipes; write unseen.yaml for more")
    rules, own = CedarRules(charter), path.absolute().parent / OWN
    key = policy_key(own / "policy.key", own / "records.sqlite")
    ledger, files = _open_ledger(path.absolute().parent), PlainFiles(key)
    try:
        records = open_records(own / "records.sqlite", key, path)
    except BaseException:
        ledger.close()
        raise
    gate = Gate(charter, rules, records, ledger, files, key, clock)
    return Governance(path.absolute(), charter, key, records, ledger, gate, files, clock, ledger.close)
