"""The erasure of a person: keys, files, labels, consents, and what the ledger's commitments could be opened with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.files_output import OWN, check_writable, write_whole
from unseen.core.consents import ConsentEvent, utc
from unseen.core.names import display
from unseen.core.ports import KeyRing, ModelStore
from unseen.core.rights import Flag, Restriction
from unseen.crypto.labels import sign_label
from unseen.engine.deletion import bury, delete_items, in_batches, label_now, one_at_a_time
from unseen.engine.erasure_log import ErasureLog, Step
from unseen.engine.governance import Governance
from unseen.engine.subjects import DUTY, Dossier, Entry, dossier, person
from unseen.engine.trail import Trace, recipients, still_sealed, trail
from unseen.errors import OutputTaken, UnseenError, UsageError
from unseen.govern.certificate import certificate
from unseen.govern.rights import FATES, fate_of

if TYPE_CHECKING:
    from unseen.engine.work import ToolMaker

__all__ = ["Erased", "erase"]

_KIND = "erasure"


@dataclass(slots=True)
class Erased:
    """What an erasure did: its reference, counts, what stays, who has to be told; and what was not done, a line each.

    `certificate` tells whether it was written: not while something of the person is left that should not be.
    """

    reference: str
    totals: dict[str, int]
    kept: list[dict[str, Any]]
    recipients: list[dict[str, Any]]
    models: list[str]
    problems: list[str] = field(default_factory=list)
    certificate: bool = False


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps of an erasure share."""

    governance: Governance
    subject: str
    actor: str
    log: ErasureLog
    known: Dossier
    folders: Sequence[Path]
    vault: KeyRing | None
    problems: list[str]

    def entry(self, item: str) -> Entry | None:
        """Return what is known of an item now, None where it is gone already."""
        return next((each for each in self.known.entries if each.item == item), None)

    def left(self, *fates: str) -> list[Step]:
        """Return the planned steps of these fates that are not done."""
        return [s for s in self.log.steps.values() if s.fate in fates and s.item not in self.log.done]


def erase(
    governance: Governance, name: str, actor: str, out: Path, folders: Sequence[Path] = (),
    vault: KeyRing | None = None, *, delete_shared: bool = False, store: ModelStore | None = None,
    make_tools: ToolMaker | None = None, device: str = "auto",
) -> Erased:  # fmt: skip
    """Erase what there is of a person, and write the certificate; what is killed on the way, the next call finishes.

    Use stops first, by a restriction and by withdrawing consents; then keys in the vault are destroyed, files that are
    the person's alone deleted, shared pictures replaced by ones in which everybody is hidden (or deleted, with
    `delete_shared`), models flagged, and last the salts of the ledger's commitments. What is on hold stays. Raises
    Denied, UsageError if nothing is on record, or UnseenError where nothing can be written down.
    """
    governance.require(actor, DUTY)
    subject = person(governance, name)
    with one_at_a_time(governance):
        log, finished = ErasureLog.open(governance, subject), False
        try:
            known = dossier(governance, subject, folders, vault)
            _check(log, known, out)
            work = _Work(governance, subject, actor, log, known, folders, vault, list(known.found.problems))
            _begin(work, delete_shared)
            _stop_use(work)
            _delete(work)
            _replace(work, store, make_tools, device)
            _keep(work)
            done = _told(work)
            if not work.left("delete", "redact"):
                _end(work, out)
                done = replace(_told(work), certificate=True)
            finished = done.certificate
        finally:
            log.close(finished=finished or not log.reference)
    return done


def _check(log: ErasureLog, known: Dossier, out: Path) -> None:
    """Raise what speaks against an erasure before anything is touched; the certificate has to find its place."""
    if not log.reference and not (known.entries or known.consents):
        raise UsageError("nothing is on record of this person; check the name")
    # What an earlier run wrote there, and was killed before it could say so, is written again.
    if os.path.lexists(out) and log.certificate != str(out.resolve()):
        raise OutputTaken(f"{display(out)}: is there already; choose another -o for the certificate")
    check_writable(out, "the certificate")


def _begin(work: _Work, delete_shared: bool) -> None:
    """Plan, durably, and tell the ledger; an erasure that was killed goes on with its plan."""
    governance, log = work.governance, work.log
    traces = trail(governance, work.subject, [entry.item for entry in work.known.entries])
    _check_vault(work, traces)
    if not log.reference:
        log.begin(governance.clock())
        governance.note(f"{_KIND}.begun", actor=work.actor, subjects=(work.subject,), run=log.reference)
    # A plan that was made stands, unless what is shared is to be deleted after all.
    open_ones = {step.item for step in work.left("redact", "by-hand")} if delete_shared else set()
    # What was put on hold since, or restricted for somebody else, stays as well.
    held = {entry.item for entry in work.known.entries if entry.held or entry.restricted}
    open_ones |= {step.item for step in work.left("delete", "redact") if step.item in held}
    new = [entry for entry in work.known.entries if entry.item not in log.steps or entry.item in open_ones]
    steps = [_step(work, entry, delete_shared) for entry in new]
    log.plan(steps, recipients(traces))
    current = {entry.item for entry in work.known.entries}
    # What was buried, and the run killed before it could say so:
    log.note_done(*(step.item for step in work.left("delete", "redact") if step.item not in current))


def _check_vault(work: _Work, traces: Sequence[Trace]) -> None:
    """Raise UsageError if the ledger knows that items of the person lie in a vault, one that is not named."""
    sealed = still_sealed(traces, vault=work.vault is not None)
    if any(entry.item in sealed and not entry.sealed for entry in work.known.entries):
        raise UsageError("a vault holds items of this person, and no vault, or another, is named: --vault FOLDER")


def _step(work: _Work, entry: Entry, delete_shared: bool) -> Step:
    alone = delete_shared or entry.label.subjects <= {work.subject}
    fate = fate_of(entry.known.kind, entry.label.state, alone=alone, held=bool(entry.held), restricted=entry.restricted)
    if fate == "redact" and not entry.files:
        fate = "delete"  # what lies in a vault alone opens no more, for anybody
    if entry.missing and fate in ("delete", "redact"):
        work.problems.append(f"{entry.known.kind} {entry.item[:12]}: was not found; name its folder with --in")
    before = work.log.steps.get(entry.item)
    sealed = entry.sealed or (before is not None and before.sealed)  # an earlier run may have destroyed its keys
    return Step(entry.item, entry.known.kind, fate, len(entry.files), sealed)


def _stop_use(work: _Work) -> None:
    """Let nothing of the person be used from now on: what stays of them does so restricted and without consents."""
    governance, records, now = work.governance, work.governance.records, work.governance.clock()
    restriction, run = work.known.restriction, work.log.reference
    # Each is written down before it is done: what is killed in between is written down, and done, again.
    if restriction is None or restriction.keeps:
        by = governance.key.tag("actor", work.actor.encode())
        made = Restriction(work.subject, f"erasure {run}", by, now, keeps=False)
        governance.note("subject.restricted", actor=work.actor, subjects=(work.subject,), reason=made.reason)
        records.rights.restrict(made)
    # A clock that was set back makes no withdrawal undone: what counts is what was said last.
    moments = [(record, max(now, record.events[-1].at)) for record in work.known.consents]
    open_ones = [(r, at) for r, at in moments if r.standing(at) in ("given", "renewed", "expired")]
    if open_ones:
        work.log.note_consents([record.record for record, _ in open_ones])
        for record, _ in open_ones:
            governance.note("consent.withdrawn", actor=work.actor, record=record.record, purpose=record.purpose)
        records.put_consents([record.with_event(ConsentEvent("withdrawn", at)) for record, at in open_ones])


def _delete(work: _Work) -> None:
    items = [step.item for step in work.left("delete")]
    shared = [step.item for step in work.left("redact")]
    if work.vault is not None and (sealed := [item for item in shared if work.vault.holds(item)]):
        # Together with the others, so that keys are changed once.
        for some in in_batches(sealed):
            work.governance.note(f"{_KIND}.deleting", actor=work.actor, items=some, run=work.log.reference)
        both = [*sealed, *(item for item in items if work.vault.holds(item))]
        work.vault.erase(both)
    if items:
        done = delete_items(
            work.governance, items, work.known.found, work.vault, kind=_KIND, run=work.log.reference, actor=work.actor
        )
        work.log.note_done(*done.items)
        work.problems.extend(done.problems)


def _replace(work: _Work, store: ModelStore | None, make_tools: ToolMaker | None, device: str) -> None:
    """Replace shared pictures by ones in which everybody is hidden."""
    governance, log, steps = work.governance, work.log, work.left("redact")
    if not steps:
        return
    # Here, because few erasures need what this loads.
    from unseen.engine.models import model_store
    from unseen.engine.person_photo import everybody, workshop
    from unseen.engine.replacement import finish_replacing, replace_shared
    from unseen.engine.work import open_tools

    cut_short = [label for item, label in log.replaced.items() if item not in log.done]
    finish_replacing(governance, cut_short, work.folders)
    store = model_store() if store is None else store
    folder = governance.root / OWN / "erasing"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
    recipe, maker = everybody(store, bodies=False), make_tools or open_tools
    with workshop(recipe, store, maker, governance.key, folder, device) as tools:
        for step in steps:
            entry = work.entry(step.item)
            if entry is not None and entry.changed:
                names = ", ".join(display(path.name) for path in entry.changed)
                work.problems.append(f"{names}: was changed since it was labelled, and stays; look at it")
                continue
            try:
                if entry is not None and entry.files:
                    replace_shared(governance, entry, work.subject, work.known, log, tools)
                elif entry is not None:
                    bury(governance, step.item)  # all its files were replaced, and the run killed then
                log.note_done(step.item)
            except UnseenError as error:
                work.problems.append(f"{error}; or delete what is shared: --delete-shared")


def _keep(work: _Work) -> None:
    """Flag models, and take the person out of the labels of what is about nobody."""
    governance, now = work.governance, work.governance.clock()
    mine = frozenset(record.record for record in work.known.consents)
    for step in work.left("retrain", "aggregate", "held", "restricted", "nothing-stored", "by-hand"):
        label = label_now(governance, step.item)
        if step.fate == "retrain":
            governance.records.rights.flag(Flag(step.item, f"erasure {work.log.reference}", now))
            governance.note("model.flagged", actor=work.actor, items=(step.item,), run=work.log.reference)
        elif step.fate == "aggregate" and label is not None:
            without = replace(label, subjects=label.subjects - {work.subject}, consents=label.consents - mine)
            governance.records.relabel(sign_label(without, governance.key))
        elif step.fate == "by-hand":
            work.problems.append(f"{step.kind} {step.item[:12]}: {FATES['by-hand']}; or say --delete-shared")
            continue
        work.log.note_done(step.item)


def _end(work: _Work, out: Path) -> None:
    """Write the end down, make the ledger's commitments unreadable, and write the certificate."""
    governance, log = work.governance, work.log
    gone = [step.item for step in log.steps.values() if step.fate in ("delete", "redact")]
    openings = governance.ledger.openings
    totals = log.totals()
    governance.note(
        f"{_KIND}.ended", actor=work.actor, subjects=(work.subject,), run=log.reference, deleted=totals["deleted"],
        redacted=totals["redacted"], files=totals["files"], sealed=totals["sealed"], models=totals["models"],
    )  # fmt: skip
    forgotten = openings.forget_all([("subject", work.subject), *(("item", item) for item in gone)])
    log.note_forgotten(forgotten)
    governance.records.forget_deleted()
    ledger, who = governance.ledger.ledger, governance.charter.controller
    head = ledger.head()
    values = {
        "reference": log.reference,
        "began": utc(log.began),
        "ended": utc(governance.clock()),
        "controller": "" if who is None else who.name,
        "policy": governance.charter.digest(),
        "done": log.totals(),
        "kept": log.kept(),
        "recipients": [
            {"time": each["time"], "purpose": each["purpose"], "items": len(each["items"])} for each in log.recipients
        ],
        "ledger": {"origin": head.origin, "size": head.size, "root": head.root.hex()},
    }
    log.note_certificate(out)
    write_whole(out, [certificate(values, ledger.key.public, ledger.key.signer.sign)], "the certificate")


def _told(work: _Work) -> Erased:
    log = work.log
    models = [step.item for step in log.steps.values() if step.fate == "retrain"]
    return Erased(log.reference, log.totals(), log.kept(), log.recipients, models, work.problems)
