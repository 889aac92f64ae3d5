"""Walks the sources of a job and says of every entry what is to become of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unseen.adapters.files_sniff import PEEK, Held
from unseen.core.formats import FORMATS, LABEL_ENDING, VIDEOS
from unseen.core.names import display
from unseen.errors import Refused, UsageError

__all__ = ["Item", "Sniffer", "inputs_below", "refuse_overlap", "refuse_records", "walk"]

_ENDINGS = frozenset(ending for known in (FORMATS, VIDEOS) for endings in known.values() for ending in endings)
#: Endings of sound in containers that hold videos, too.
_SOUND = frozenset({"m4a", "m4b", "m4p", "m4r", "f4a", "f4b", "3ga", "aax", "aaxc", "mka", "wma", "weba"})

#: Tells by a file's first bytes what photo or video it holds, or None.
Sniffer = Callable[[bytes], Held | None]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the input: its path, where it belongs below the output, and what to do with it.

    `fate` is "redact", "skip" (reported, not counted as a failure) or "fail" (something that is or may be a photo and
    cannot be taken); `note` says why.
    """

    path: Path
    relative: Path
    fate: Literal["redact", "skip", "fail"] = "redact"
    note: str = ""


def refuse_overlap(sources: Sequence[Path], output: Path) -> None:
    """Raise Refused if the output lies inside an input folder, UsageError if a source is missing or output a file."""
    for source in sources:
        if not os.path.lexists(source):
            raise UsageError(f"{display(source)}: no such file or folder; check the name")
        if _lies_in(output, source):
            raise Refused(f"{display(output)} lies inside the input {display(source)}; choose an output outside of it")
    if _is_folder(output):
        return
    if os.path.lexists(output):
        raise UsageError(f"{display(output)} is a file; -o names a folder")
    if _has_known_ending(output):
        raise UsageError(f"{display(output)} looks like a file name; -o names a folder, files keep their names in it")


def refuse_records(records: Sequence[Path], read: Sequence[Path], own: Path | None = None) -> None:
    """Raise Refused if a file that a run writes beside its photos would change what it reads.

    `read` are files and folders that must stay as they are. Raises UsageError if a record is a folder, has the name of
    a photo or lies in Unseen's `own` folder, if there is one, or if two of them are one.
    """
    for record in records:
        goal = record.resolve()  # where the file would be written, over links
        known = _has_known_ending(record) or _has_known_ending(goal)
        if _is_folder(record) or known or (own is not None and goal.is_relative_to(own.resolve())):
            raise UsageError(f"{display(record)} is a folder, a photo or Unseen's own; name another file")
        for path in read:
            if _lies_in(record, path) or _same(record, path):
                raise Refused(f"{display(record)} would change the input {display(path)}; choose another place")
    if len({record.resolve() for record in records}) < len(records):
        raise UsageError(f"{display(records[0])} is named twice; give each record a file of its own")


def inputs_below(sources: Sequence[Path], output: Path) -> list[Path]:
    """Return the input folders that lie in the output folder, as paths below it: nothing may be written there."""
    where, folders = output.resolve(), [source.resolve() for source in sources if _is_folder(source)]
    return [folder.relative_to(where) for folder in folders if folder.is_relative_to(where)]


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or lies below it, also where a file system takes two spellings for one name."""
    where = path.resolve()
    if not _is_folder(folder):
        return False
    return where.is_relative_to(folder.resolve()) or any(_same(each, folder) for each in (where, *where.parents))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False also where that cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _has_known_ending(path: Path) -> bool:
    return path.suffix.lstrip(".").lower() in _ENDINGS


def walk(sources: Sequence[Path], kind_of: Sniffer) -> Iterator[Item]:
    """Yield every entry below the sources, folders in the order of their names.

    One folder is mirrored as it is; of several, each keeps its own name. Links are not followed, except a source that
    is one. `kind_of` tells by a file's first bytes what it holds.
    """
    lone = len(sources) == 1
    for source in sources:
        if _is_folder(source):
            yield from _walk_folder(source, Path() if lone else Path(source.resolve().name), kind_of)
        elif _is_file(source):
            yield Item(source, Path(source.name))
        else:
            yield Item(source, Path(source.name), "fail", "not a regular file; name a photo, a video or a folder")


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    relative: Path
    kind: Literal["link", "hidden", "folder", "file", "other"]


def _walk_folder(folder: Path, below: Path, sniff: Sniffer) -> Iterator[Item]:
    """Yield what is in a folder and below it, depth first; by a stack, as folders nest deeper than calls can."""
    ahead = [_Entry(folder, below, "folder")]
    while ahead:
        entry = ahead.pop()
        if entry.kind != "folder":
            yield _judge(entry, sniff)
            continue
        try:
            ahead += reversed(_listed(entry))
        except OSError as error:
            note = f"cannot list the folder ({error.strerror}); give yourself access"
            yield Item(entry.path, entry.relative, "fail", note)


def _listed(folder: _Entry) -> list[_Entry]:
    with os.scandir(folder.path) as entries:
        found = sorted(entries, key=lambda e: e.name)
    return [_Entry(Path(e.path), folder.relative / e.name, _kind(e)) for e in found]


def _kind(entry: os.DirEntry[str]) -> Literal["link", "hidden", "folder", "file", "other"]:
    try:
        if entry.is_symlink():
            return "link"
        if entry.name.startswith("."):
            return "hidden"
        if entry.is_dir(follow_symlinks=False):
            return "folder"
        return "file" if entry.is_file(follow_symlinks=False) else "other"
    except OSError:
        return "other"


def _judge(entry: _Entry, sniff: Sniffer) -> Item:
    """Say what becomes of an entry that is no folder; what may be a photo is a failure, never skipped in silence."""
    path, relative, photo = entry.path, entry.relative, _has_known_ending(entry.path)
    if entry.kind == "hidden":
        return Item(path, relative, "skip", "hidden; rename it to have it redacted")
    if entry.kind == "link":
        if photo or _is_folder(path):
            return Item(path, relative, "fail", "a link, and links are not followed; name its target as a source")
        return Item(path, relative, "skip", "a link; links are not followed")
    if entry.kind == "other":
        return Item(path, relative, "fail" if photo else "skip", "not a regular file; leave it out")
    if path.name.endswith(LABEL_ENDING):
        return Item(path, relative, "skip", "the label of a file, with which it is read")
    return Item(path, relative) if photo else _unknown(path, relative, sniff)


def _unknown(path: Path, relative: Path, sniff: Sniffer) -> Item:
    """Look into a file whose name says nothing."""
    try:
        with path.open("rb") as file:
            held = sniff(file.read(PEEK))
    except OSError as error:
        return Item(path, relative, "fail", f"cannot be read ({error.strerror}); check its permissions")
    if held is None:
        return Item(path, relative, "skip", "neither photo nor video")
    if not held.photo and path.suffix.lstrip(".").lower() in _SOUND:
        return Item(path, relative, "skip", "named as sound; if it is a video, rename it")
    return Item(path, relative, "fail", held.advice())
