"""Walks the sources of a job and says of every entry what is to become of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unseen.core.names import display
from unseen.core.photos import FORMATS
from unseen.errors import Refused, UsageError

__all__ = ["Item", "Sniffer", "refuse_overlap", "walk"]

_ENDINGS = frozenset(ending for endings in FORMATS.values() for ending in endings)
_PEEK = 64

#: Tells by a file's first bytes which photo format it holds, or None.
Sniffer = Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the input: its path, where it belongs below the output, and what to do with it.

    `fate` is "redact", "skip" (reported, not counted as a failure) or "fail" (something that looks like a photo and
    cannot be taken); `note` says why.
    """

    path: Path
    relative: Path
    fate: Literal["redact", "skip", "fail"] = "redact"
    note: str = ""


def refuse_overlap(sources: Sequence[Path], output: Path) -> None:
    """Raise Refused if the output lies inside an input folder, UsageError if a source is missing or output a file."""
    where = output.resolve()
    for source in sources:
        if not os.path.lexists(source):
            raise UsageError(f"{display(source)}: no such file or folder; check the name")
        if source.is_dir() and where.is_relative_to(source.resolve()):
            raise Refused(f"{display(output)} lies inside the input {display(source)}; choose an output outside of it")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{display(output)} is a file; -o names a folder")
    if not output.exists() and output.suffix.lstrip(".").lower() in _ENDINGS:
        raise UsageError(f"{display(output)} looks like a file name; -o names a folder, the photo keeps its name in it")


def walk(sources: Sequence[Path], looks_like_photo: Sniffer) -> Iterator[Item]:
    """Yield every entry below the sources, folders in the order of their names.

    One folder is mirrored as it is; of several, each keeps its own name. Links are not followed, except a source that
    is one. `looks_like_photo` tells by a file's first bytes.
    """
    lone = len(sources) == 1
    for source in sources:
        if source.is_dir():
            yield from _walk_folder(source, Path() if lone else Path(source.resolve().name), looks_like_photo)
        elif source.is_file():
            yield Item(source, Path(source.name))
        else:
            yield Item(source, Path(source.name), "fail", "not a regular file; name a photo or a folder")


def _walk_folder(folder: Path, below: Path, sniff: Sniffer) -> Iterator[Item]:
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except OSError as error:
        yield Item(folder, below, "fail", f"cannot list the folder ({error.strerror}); give yourself access")
        return
    for entry in entries:
        path, relative = Path(entry.path), below / entry.name
        if entry.is_symlink():
            yield _link(path, relative)
        elif entry.name.startswith("."):
            yield Item(path, relative, "skip", "hidden; rename it to have it redacted")
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk_folder(path, relative, sniff)
        elif entry.is_file(follow_symlinks=False):
            yield _file(path, relative, sniff)
        else:
            yield Item(path, relative, "skip", "not a regular file")


def _link(path: Path, relative: Path) -> Item:
    if path.suffix.lstrip(".").lower() in _ENDINGS or path.is_dir():
        return Item(path, relative, "fail", "a link, and links are not followed; name its target as a source")
    return Item(path, relative, "skip", "a link; links are not followed")


def _file(path: Path, relative: Path, sniff: Sniffer) -> Item:
    if path.suffix.lstrip(".").lower() in _ENDINGS:
        return Item(path, relative)
    try:
        with path.open("rb") as file:
            kind = sniff(file.read(_PEEK))
    except OSError as error:
        return Item(path, relative, "skip", f"unknown file, and unreadable ({error.strerror})")
    if kind is not None:
        ending = FORMATS[kind][0]
        return Item(path, relative, "fail", f"holds {kind.upper()} data; rename it to end in .{ending}")
    return Item(path, relative, "skip", "no photo")
