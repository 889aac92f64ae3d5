"""Where DICOM objects come from: files, folders, zip archives, and the index of a medium (DICOMDIR)."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.adapters.files_output import OWN
from unseen.dicom.part10 import looks_like_dicom, read_instance
from unseen.dicom.stream import Element
from unseen.dicom.table import load_table
from unseen.errors import DamagedInput, FileError, TooLarge, UnreadableInput, UnsupportedInput

__all__ = ["DicomSource", "NotDicom", "dicom_sources", "is_volume", "read_source"]

_INDEX = "DICOMDIR"
_INDEX_CLASS = "1.2.840.10008.1.3.10"
_RECORDS, _FILE = 0x00041220, 0x00041500
_MAX_INDEX = 256 << 20


class NotDicom(UnsupportedInput):
    """The file is something else, as media hold: it is passed over, and told."""


@dataclass(frozen=True, slots=True)
class DicomSource:
    """One file to read: its number in this run, its path, its name in an archive, and its place below what was named.

    `fate` and `note` tell of entries that are not read, and why; neither holds a name.
    """

    number: int
    path: Path
    below: str
    member: str = ""
    fate: str = "read"
    note: str = ""


def dicom_sources(sources: Sequence[Path]) -> Iterator[DicomSource]:
    """Yield every file below the sources, in the order of their names; of links only a source that is one is followed.

    A zip archive stands for its members, an index for the files that it lists.
    """
    for number, (path, below, member, fate, note) in enumerate(_entries(sources), start=1):
        yield DicomSource(number, path, below, member, fate, note)


def _entries(sources: Sequence[Path]) -> Iterator[tuple[Path, str, str, str, str]]:
    for position, source in enumerate(sources):
        top = f"{position}" if len(sources) > 1 else ""
        if source.is_dir():
            yield from _folder(source, top)
        elif source.name.upper() == _INDEX:
            yield from _indexed(source, top)
        else:
            yield from _file(source, _below(top, source.name))


def _below(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def _folder(folder: Path, below: str) -> Iterator[tuple[Path, str, str, str, str]]:
    ahead = [(folder, below)]
    while ahead:
        here, place = ahead.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError:
            yield here, place, "", "fail", "a folder that cannot be listed; give yourself access"
            continue
        folders = []
        for entry in entries:
            path, where = Path(entry.path), _below(place, entry.name)
            if entry.is_symlink():
                yield path, where, "", "skip", "a link; links are not followed"
            elif entry.is_dir(follow_symlinks=False):
                if entry.name != OWN:
                    folders.append((path, where))
            else:
                yield from _file(path, where)
        ahead += reversed(folders)


def _file(path: Path, below: str) -> Iterator[tuple[Path, str, str, str, str]]:
    if path.name.upper() == _INDEX:
        yield path, below, "", "skip", "an index (DICOMDIR), which names people; make a new one of the results"
    elif path.suffix.lower() == ".zip":
        yield from _archive(path, below)
    else:
        yield path, below, "", "read", ""


def _archive(path: Path, below: str) -> Iterator[tuple[Path, str, str, str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        yield path, below, "", "fail", "an archive that cannot be read; unpack it first"
        return
    for info in sorted(members, key=lambda m: m.filename):
        where, last = _below(below, info.filename), info.filename.rpartition("/")[2]
        if last.upper() == _INDEX:
            yield path, where, info.filename, "skip", "an index (DICOMDIR), which names people"
        elif last.lower().endswith(".zip"):
            yield path, where, info.filename, "fail", "an archive within an archive; unpack it first"
        elif info.flag_bits & 1:
            yield path, where, info.filename, "fail", "encrypted; unpack it first"
        else:
            yield path, where, info.filename, "read", ""


def _indexed(index: Path, below: str) -> Iterator[tuple[Path, str, str, str, str]]:
    """Yield the files that an index lists; those that are missing, or elsewhere than below it, are failures."""
    try:
        data = _read(index, _MAX_INDEX)
        instance = read_instance(data, load_table(), _MAX_INDEX)
    except FileError:
        yield index, below, "", "fail", "an index (DICOMDIR) that cannot be read; name the folder instead"
        return
    for parts in _listed(instance.elements, instance.data):
        path = index.parent.joinpath(*parts)
        where = _below(below, *parts)
        if any(part in ("", ".", "..") or "/" in part for part in parts) or not path.is_file() or path.is_symlink():
            yield path, where, "", "fail", "listed in the index, and not there"
        else:
            yield path, where, "", "read", ""


def _listed(elements: Sequence[Element], data: bytes) -> Iterator[list[str]]:
    for element in elements:
        for record in element.items or () if element.tag == _RECORDS else ():
            for each in record:
                if each.tag == _FILE and each.stop > each.value:
                    yield data[each.value : each.stop].decode("latin-1").strip(" \0").split("\\")


def read_source(source: DicomSource, max_bytes: int) -> bytes:
    """Return a file's bytes; raises NotDicom for something else, and FileErrors whose text names nothing."""
    data = _read_member(source, max_bytes) if source.member else _read(source.path, max_bytes)
    if not data:
        raise UnreadableInput("is empty; leave it out")
    if not looks_like_dicom(data[:512]) and not is_volume(source, data):
        raise NotDicom("is no DICOM file")
    return data


def is_volume(source: DicomSource, data: bytes) -> bool:
    """Whether a file holds a NIfTI volume, by its name and its first bytes."""
    name = source.member or source.path.name
    if not name.lower().endswith((".nii", ".nii.gz")):
        return False
    # Here, because what it needs takes long to load, and most runs have no volumes.
    from unseen.dicom.heads.nifti import looks_like_nifti

    return looks_like_nifti(data, name)


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise NotDicom("is not a regular file")
            if facts.st_size > max_bytes:
                raise TooLarge("is larger than the limit; leave it out")
            return file.read(facts.st_size)
    except OSError as error:
        raise UnreadableInput(f"cannot be read ({error.strerror}); check its permissions") from error


def _read_member(source: DicomSource, max_bytes: int) -> bytes:
    try:
        with zipfile.ZipFile(source.path) as archive, archive.open(source.member) as file:
            data = file.read(max_bytes + 1)
    except (OSError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DamagedInput("cannot be read from its archive; unpack it first") from error
    if len(data) > max_bytes:
        raise TooLarge("is larger than the limit; leave it out")
    return data


def is_index(sop_class: str) -> bool:
    """Whether a SOP class is that of an index, whatever the file is called."""
    return sop_class == _INDEX_CLASS
