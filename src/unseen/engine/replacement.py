"""Takes a person out of a picture that others are in too: the file is replaced by one in which everybody is hidden."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import discard
from unseen.adapters.files_tree import Item
from unseen.core.formats import VIDEO_OUTPUTS, is_video
from unseen.core.labels import SignedLabel, derive, signed_label_from
from unseen.core.names import display
from unseen.crypto.labels import check_label, sign_label
from unseen.engine.deletion import bury, label_now
from unseen.engine.erasure_log import ErasureLog
from unseen.engine.governance import Governance, label_path, write_label
from unseen.engine.names import Placed
from unseen.engine.person_photo import redacted
from unseen.engine.subjects import Dossier, Entry
from unseen.engine.survey import survey
from unseen.engine.work import Task, Tools
from unseen.errors import OutputFailed
from unseen.policy.labels import after_redaction, is_tombstone, without_person

__all__ = ["finish_replacing", "replace_shared"]


def replace_shared(
    governance: Governance, entry: Entry, subject: str, known: Dossier, log: ErasureLog, tools: Tools
) -> None:
    """Hide everybody in a shared picture, verify that, and put it in place of every file of the item; raises FileError.

    The new label allows what the old one did, and names the person no longer. It is in the journal before the first
    file is replaced.
    """
    source = entry.files[0]
    final = source if not is_video(source.name) or _can_be_written(source) else source.with_suffix(".mp4")
    placed = Placed(Item(source, Path(source.name)), Path(final.name), source.name, display(source.name), "")
    staged, verdict = redacted(Task(placed, final, None, tag=secrets.token_hex(16)), tools)
    try:
        mine = frozenset(record.record for record in known.consents)
        new = governance.item(staged)
        # As it is now: it may have been tightened since the files were looked for.
        current = label_now(governance, entry.item)
        if current is None or is_tombstone(current):
            raise OutputFailed(f"{placed.label}: was deleted meanwhile; say it again")
        label = governance.within(current if new == entry.item else derive([current], new))
        label = without_person(after_redaction(label, tools.setup.recipe, verdict), subject, mine, verdict)
        signed = sign_label(label, governance.key)
        log.note_replaced(entry.item, {"kind": entry.known.kind, **signed.as_dict()})
        _record(governance, signed, entry.known.kind)
        for path in entry.files:
            _put(governance, staged, path, entry.item, path.with_suffix(final.suffix))
            write_label(signed, path.with_suffix(final.suffix))
        governance.note("erasure.replaced", items=(entry.item, new), run=log.reference)
        if new != entry.item:
            bury(governance, entry.item)
    finally:
        discard(staged)


def _can_be_written(path: Path) -> bool:
    return path.suffix.lstrip(".").lower() in VIDEO_OUTPUTS


def _record(governance: Governance, signed: SignedLabel, kind: str) -> None:
    if governance.records.label(signed.label.item) is None:
        governance.records.add(signed, kind, governance.clock(), made_by="erasure")
    else:
        governance.records.relabel(signed)


def _put(governance: Governance, staged: Path, path: Path, item: str, final: Path) -> None:
    """Put a copy of the staged file in place of one that still is the item; raises OutputFailed."""
    if governance.item(path) != item:
        raise OutputFailed(f"{display(path.name)}: changed meanwhile, and stays; look at it yourself")
    if final != path and os.path.lexists(final):
        raise OutputFailed(f"{display(final.name)}: is there already; move it, then again")
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        shutil.copyfile(staged, part)
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        shutil.copymode(path, part)
        part.replace(final)
        if final != path:
            path.unlink()
            label_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise OutputFailed(f"{display(path.name)}: cannot be replaced ({error.strerror}); free some space") from error
    finally:
        discard(part)


def finish_replacing(governance: Governance, replaced: Sequence[Mapping[str, Any]], folders: Sequence[Path]) -> None:
    """Give labels to what an erasure that was killed put in place, and had no time to label."""
    labels = {}
    for each in replaced:
        signed = signed_label_from({name: value for name, value in each.items() if name != "kind"})
        check_label(signed, governance.key, signed.label.item)
        labels[signed.label.item] = (signed, str(each["kind"]))
    found = survey(governance, labels, folders)
    for item, paths in found.files.items():
        signed, kind = labels[item]
        recorded = governance.records.label(item)
        if recorded is None:
            _record(governance, signed, kind)
        else:
            signed = recorded  # which may have been tightened since
        for path in paths:
            write_label(signed, path)
