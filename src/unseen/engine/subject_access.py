"""What a person is given on request: their data with everybody else hidden, and all that is on record of it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import discard, write_bytes, write_private, write_whole
from unseen.adapters.files_sniff import sniff
from unseen.adapters.files_tree import Item
from unseen.core.consents import utc
from unseen.core.formats import FORMATS, is_video
from unseen.core.names import display
from unseen.core.ports import KeyRing, ModelStore
from unseen.core.regions import Box
from unseen.engine.deletion import one_answer
from unseen.engine.governance import Governance
from unseen.engine.models import model_store
from unseen.engine.names import Placed
from unseen.engine.person_photo import everybody, only_person, redacted, workshop
from unseen.engine.subjects import DUTY, Dossier, Entry, dossier, person
from unseen.engine.trail import for_person, recipients, trail
from unseen.engine.work import Task, ToolMaker, Tools, open_tools
from unseen.errors import FileError, OutputFailed, OutputTaken, Refused, UsageError
from unseen.govern.access_page import access_page

__all__ = ["SCHEMA", "Given", "Pointer", "access", "item_record"]

SCHEMA = "unseen-access/1"
_PICTURES = ("photo", "video")
_HEAD, _PART = 400, 1 << 20


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the person is, as far as somebody said, or an example image told: a box for each file, by its path.

    `items` has those of items that lie in no file, by the first digits of their commitments.
    """

    boxes: Mapping[Path, Box] = field(default_factory=dict)
    items: Mapping[str, Box] = field(default_factory=dict)

    def where(self, entry: Entry) -> Box | None:
        """Return the part of a photo that may be shown, None if nobody said."""
        named = [self.boxes[path.resolve()] for path in entry.files if path.resolve() in self.boxes]
        named += [box for digits, box in self.items.items() if entry.item.startswith(digits)]
        return named[0] if len(named) == 1 else None


@dataclass(slots=True)
class Given:
    """What is in the package: items, pictures, those in which the person shows; and what is not, a line each."""

    items: int = 0
    pictures: int = 0
    shown: int = 0
    problems: list[str] = field(default_factory=list)


def access(
    governance: Governance, name: str, actor: str, out: Path, pointer: Pointer, folders: Sequence[Path] = (),
    vault: KeyRing | None = None, *, store: ModelStore | None = None, make_tools: ToolMaker = open_tools,
    device: str = "auto",
) -> Given:  # fmt: skip
    """Write the package for a person to a new folder, or to a new file that ends in .zip; whole or not at all.

    Raises Denied, UsageError, OutputTaken or OutputFailed; what goes wrong with one picture is in the result, and the
    picture is not in the package.
    """
    governance.require(actor, DUTY)
    _refuse_place(out, governance)
    subject = person(governance, name)
    known, models = dossier(governance, subject, folders, vault), model_store() if store is None else store
    _check(pointer, known)
    part = out.with_name(f".{out.name}.part")
    try:
        _begin(part)
        recipe, given = everybody(models, bodies=True), Given(problems=list(known.found.problems))
        with (
            one_answer(governance) as work,
            workshop(recipe, models, make_tools, governance.key, work, device) as tools,
        ):
            desk = _Desk(governance, actor, part, work, pointer, vault, tools, given)
            records = [_pack(each, desk) for each in known.entries]
        _write(part, _data(governance, known, records))
        # The package shows a person; that it was made is known before it has its name.
        items = tuple(each.item for each in known.entries)[:500]
        governance.note("subject.access", actor=actor, items=items, subjects=(subject,), pictures=given.pictures)
        _place(part, out)
    except OSError as error:
        raise OutputFailed(f"{display(out)}: cannot be written ({error.strerror}); choose another -o") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return given


def _refuse_place(out: Path, governance: Governance) -> None:
    """Raise OutputTaken or UsageError where the package cannot be put."""
    if os.path.lexists(out):
        raise OutputTaken(f"{display(out)}: is there already; choose another -o")
    if out.resolve().is_relative_to(governance.root.resolve()):
        raise UsageError(f"{display(out)}: lies in the policy's folder; choose a place outside of it")


def _check(pointer: Pointer, known: Dossier) -> None:
    """Raise UsageError if somebody is to be shown in a file that the person is not known to be in."""
    files = {path.resolve() for entry in known.entries for path in entry.files}
    for path in pointer.boxes:
        if path not in files:
            raise UsageError(f"{display(path.name)}: is no file of this person; label it first: unseen label tighten")
    for digits in pointer.items:
        if sum(entry.item.startswith(digits) for entry in known.entries) != 1:
            raise UsageError(f"{digits}: is no item of this person, or several; unseen subject find lists them")


def _begin(part: Path) -> None:
    """Make the folder in which the package is put together, for nobody else to read."""
    shutil.rmtree(part, ignore_errors=True)  # what a killed run left
    part.mkdir(mode=0o700, parents=True)
    (part / "media").mkdir()


def _write(part: Path, data: Mapping[str, Any]) -> None:
    """Write what is said of the person, for programs and for people."""
    write_whole(part / "data.json", [json.dumps(data, indent=1, ensure_ascii=False), "\n"], "the data")
    write_whole(part / "index.html", [access_page(data)], "the page")


def _place(part: Path, out: Path) -> None:
    if out.suffix.lower() != ".zip":
        part.replace(out)
        return
    packed = part.with_name(f"{part.name}.zip")
    try:
        handle = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in part.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(part).as_posix())
        packed.replace(out)
    finally:
        packed.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What packing works with."""

    governance: Governance
    actor: str
    part: Path
    work: Path
    pointer: Pointer
    vault: KeyRing | None
    tools: Tools
    given: Given


def _pack(entry: Entry, desk: _Desk) -> dict[str, Any]:
    """Put one item's picture into the package, and return what is said of the item."""
    given, name, absent, hidden = desk.given, "", _absent(entry), ""
    given.items += 1
    if not absent:
        try:
            with _original(entry, desk) as path:
                name = f"media/{given.pictures + 1:04d}{'.mp4' if is_video(path.name) else path.suffix.lower()}"
                hidden = _picture(path, desk.part / name, desk.pointer.where(entry), desk.tools)
            given.pictures += 1
            given.shown += not hidden
        except (FileError, Refused) as error:
            if name:
                discard(desk.part / name)
            name, absent = "", "it could not be made safe to hand out"
            given.problems.append(str(error))
    elif entry.missing and entry.known.kind in _PICTURES:
        given.problems.append(f"{entry.known.kind} {entry.item[:12]}: was not found; name its folder with --in")
    return item_record(entry) | {"file": name, "absent": absent, "hidden": hidden}


def _absent(entry: Entry) -> str:
    if entry.known.kind not in _PICTURES:
        return "it is no picture"
    if entry.label.state not in ("raw", "pseudonymised"):
        return "you are hidden in it already"
    return "it was not found" if entry.missing else ""


@contextmanager
def _original(entry: Entry, desk: _Desk) -> Iterator[Path]:
    """Give a file of an item: one that lies open, or what the vault holds, for as long as it is worked on.

    It is taken out by whatever purpose still opens it, as the answer to a person is none of these; the ledger has that
    before. Raises Refused where nothing opens it.
    """
    if entry.files or desk.vault is None:
        yield from _unchanged(entry, desk.governance)
        return
    purposes = sorted(desk.vault.purposes(entry.item))
    if not purposes:
        raise Refused(f"{entry.known.kind} {entry.item[:12]}: lies in the vault, and nothing opens it any more")
    desk.governance.note("subject.access-opens", actor=desk.actor, items=(entry.item,))
    with desk.vault.open(entry.item, purposes[0]) as stream:
        head = stream.read(_HEAD)
        kind = sniff(head) if entry.known.kind == "photo" else "mp4"
        path = desk.work / f"original.{FORMATS[kind][0] if kind in FORMATS else kind}"
        write_private(path, chain([head], iter(lambda: stream.read(_PART), b"")), "the original")
    try:
        yield path
    finally:
        discard(path)


def _unchanged(entry: Entry, governance: Governance) -> Iterator[Path]:
    """Yield a file of an item, if it is the item before and after it is worked on; raises Refused if it is not.

    Under the name of a file that a camera writes again and again somebody else may be by now.
    """
    for path in entry.files:
        if governance.item(path) == entry.item:
            yield path
            if governance.item(path) != entry.item:
                break
            return
    raise Refused(f"{entry.known.kind} {entry.item[:12]}: its file was changed meanwhile; ask again")


def _picture(path: Path, to: Path, shown: Box | None, tools: Tools) -> str:
    """Write a picture in which nobody else shows; return why the person does not, "" if they do."""
    if is_video(path.name):
        placed = Placed(Item(path, Path(path.name)), Path(to.name), path.name, path.name, "")
        staged, _ = redacted(Task(placed, to, None, tag=secrets.token_hex(16)), tools)
        shutil.move(staged, to)  # the package may be on another disk
        return "in videos everybody is hidden"
    made = only_person(path, shown, tools)
    write_bytes(to, made.data, "the picture")
    return made.hidden


def item_record(entry: Entry) -> dict[str, Any]:
    """Return what is said of an item to the person: what its label says, but for other people."""
    label = entry.label
    return {
        "item": entry.item,
        "kind": entry.known.kind,
        "state": label.state,
        "purposes": sorted(label.purposes),
        "prohibitions": sorted(label.prohibitions),
        "basis": sorted(label.basis),
        "jurisdiction": sorted(label.jurisdiction),
        "first_seen": utc(entry.known.at),
        "retain_until": None if label.retain_until is None else utc(label.retain_until),
        "made_from": sorted(parent[:12] for parent in label.parents),
        "held": bool(entry.held),
    }


def _data(governance: Governance, known: Dossier, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return all that is on record of a person, without anybody else."""
    charter, now = governance.charter, governance.clock()
    traces = trail(governance, known.subject, [entry.item for entry in known.entries])
    shared = {entry.item for entry in known.entries if len(entry.label.subjects) > 1}
    named = {name for entry in known.entries for name in entry.label.purposes} | {c.purpose for c in known.consents}
    who = charter.controller
    restriction = known.restriction
    return {
        "schema": SCHEMA,
        "issued": utc(now),
        "controller": None if who is None else {
            "name": who.name, "contact": who.contact, "dpo": who.dpo, "address": who.address,
        },
        "subject": known.subject,
        "items": list(records),
        "purposes": [
            {"name": each.name, "description": each.description, "basis": each.basis,
             "retention": "" if each.retention_s is None else f"{each.retention_s / 86400:g} days"}
            for name, each in sorted(charter.purposes.items()) if name in named
        ],
        "consents": [record.as_dict(now) for record in known.consents],
        "restriction": None if restriction is None else {"since": utc(restriction.at), "reason": restriction.reason},
        "recipients": [{key: each[key] for key in ("time", "purpose", "items")} for each in recipients(traces)],
        "decisions": [each.as_dict() for each in for_person(traces, shared)],
    }  # fmt: skip
