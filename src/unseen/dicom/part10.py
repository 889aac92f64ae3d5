"""DICOM files (PS3.10): what is read of one, and how a new one is put together; nothing of the old head is copied."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from unseen.dicom.encode import element
from unseen.dicom.stream import Element, Parser, Syntax
from unseen.dicom.table import Table
from unseen.errors import DamagedInput, TooLarge, UnsupportedInput

__all__ = ["Instance", "file_bytes", "looks_like_dicom", "read_instance"]

_META = Syntax()
_IMPLICIT_LE, _EXPLICIT_LE, _DEFLATED, _EXPLICIT_BE = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".1.99", ".2"))
_SYNTAXES = {_IMPLICIT_LE: Syntax(explicit=False), _EXPLICIT_BE: Syntax(big=True)}
#: Transfer syntaxes (JPIP) whose pixels lie elsewhere, behind an address.
_ELSEWHERE = frozenset(("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204"))
_CLASS, _SYNTAX = 0x00020002, 0x00020010
_VERSION = 0x00020001
#: This implementation's UID (made of a random UUID, once) and name.
_IMPLEMENTATION_UID = b"2.25.43160769992029517227323120500038978164"
_IMPLEMENTATION_NAME = b"UNSEEN_0"
#: How explicit data sets begin: character set, image type or SOP class; and how far into a file that is looked for.
_FIRST = (b"\x08\x00\x05\x00CS", b"\x08\x00\x08\x00CS", b"\x08\x00\x16\x00UI")
_NEAR = 256
_OBJECT_CLASS = 0x00080016
_SIZE, _PICTURES = (0x00280010, 0x00280011), (0x7FE00010, 0x7FE00008, 0x7FE00009, 0x00287FE0)
#: What a deflated data set may unfold to, as a multiple of its size, and at least.
_RATIO, _LEAST = 1032, 1 << 20


@dataclass(frozen=True, slots=True)
class Instance:
    """A data set as it lies in `data`, its encoding, the SOP class that the file's head tells, how many bytes follow
    the data set, and how many come before it in a file without a head."""

    data: bytes
    elements: list[Element]
    syntax: Syntax
    transfer_syntax: str
    sop_class: str
    trailing: int
    leading: int = 0


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file's first bytes may be DICOM: by its mark, or by a data set that begins at once."""
    return head[128:132] == b"DICM" or _bare(head) is not None or _stray(head) > 0


def _stray(data: bytes) -> int:
    """Return how many bytes come before a data set without a head, 0 where none begins soon."""
    return max(0, min((at for first in _FIRST if (at := data.find(first, 0, _NEAR)) > 0), default=0))


def read_instance(data: bytes, table: Table, max_bytes: int) -> Instance:
    """Return the data set in a file, with or without a head; raises DamagedInput, UnsupportedInput or TooLarge."""
    headed = data[128:132] == b"DICM"
    leading = 0 if headed or _bare(data[:8]) else _stray(data)
    parser = Parser(data, table.vr_of)
    meta, start = _meta(data, 132 if headed else leading)
    syntax_uid = meta.get(_SYNTAX, "")
    if syntax_uid in _ELSEWHERE:
        raise UnsupportedInput("tells only where its pixels lie; fetch them first")
    if syntax_uid == _DEFLATED:
        data = _inflated(data[start:], max_bytes)
        parser, start = Parser(data, table.vr_of), 0
    guessed = _bare(data[start : start + 8])
    if not syntax_uid:
        if guessed is None and headed:
            raise DamagedInput("is cut within its head; send it again")
        if guessed is None:
            raise UnsupportedInput("is no DICOM file; leave it out")
        syntax_uid = {(False, False): _IMPLICIT_LE, (True, True): _EXPLICIT_BE}.get(guessed, _EXPLICIT_LE)
    syntax = _SYNTAXES.get(syntax_uid, Syntax())
    if guessed is not None and guessed[0] != syntax.explicit and not syntax.big:
        syntax = Syntax(explicit=guessed[0])  # some writers tell one encoding and use the other
    elements, end = parser.root(start, syntax)
    if not elements:
        raise DamagedInput("holds no data set; leave it out")
    tags = {each.tag for each in elements}
    if headed and elements[-1].tag < _OBJECT_CLASS:
        raise DamagedInput("ends before it says what it is; send it again")
    if tags.issuperset(_SIZE) and tags.isdisjoint(_PICTURES):
        raise DamagedInput("tells the size of a picture that it does not have; send it again")
    return Instance(data, elements, syntax, syntax_uid, meta.get(_CLASS, ""), len(data) - end, leading)


def _bare(head: bytes) -> Syntax | None:
    """Return the encoding of a data set that begins with these 8 bytes, None if they are no element."""
    if len(head) < 8:
        return None
    little, big = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
    if head[4:6].isalpha() and head[4:6].isupper():
        return Syntax() if little in range(2, 0x51) else Syntax(big=True) if big in range(2, 0x51) else None
    plausible = little in range(2, 0x51) and int.from_bytes(head[4:8], "little") < 1 << 16
    return Syntax(explicit=False) if plausible else None


def _meta(data: bytes, pos: int) -> tuple[dict[int, str], int]:
    """Return the values of the file's head (group 2, always explicit and little-endian), and where it ends."""
    found = {}
    while data[pos : pos + 2] == b"\x02\x00" and pos + 8 <= len(data):
        number, vr = int.from_bytes(data[pos + 2 : pos + 4], "little"), data[pos + 4 : pos + 6]
        long = vr in (b"OB", b"OW", b"UN", b"UT", b"SQ", b"UC", b"UR")
        head = 12 if long else 8
        length = int.from_bytes(data[pos + 8 : pos + 12] if long else data[pos + 6 : pos + 8], "little")
        if pos + head + length > len(data) or not vr.isalpha():
            raise DamagedInput("has a damaged head; send it again")
        if length <= 64:
            value = data[pos + head : pos + head + length]
            found[0x00020000 | number] = value.decode("latin-1").strip(" \0")
        pos += head + length
    return found, pos


def _inflated(data: bytes, max_bytes: int) -> bytes:
    most = min(max_bytes, max(_LEAST, len(data) * _RATIO))
    unfolder = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unfolded = unfolder.decompress(data, most)
    except zlib.error as error:
        raise DamagedInput("has compressed data that is damaged; send it again") from error
    if unfolder.unconsumed_tail:
        raise TooLarge("unfolds to more bytes than the limit allows; leave it out")
    if not unfolder.eof:
        raise DamagedInput("has compressed data that is cut; send it again")
    return unfolded


def file_bytes(parts: Iterable[bytes | memoryview], transfer_syntax: str, sop_class: str, sop_uid: bytes) -> bytes:
    """Return a whole file: an empty preamble, a fresh head, and the encoded elements of a data set."""
    before, after = _head(transfer_syntax, sop_class)
    instance = element(0x00020003, "UI", sop_uid, _META)
    length = len(before) + len(instance) + len(after)
    size = element(0x00020000, "UL", length.to_bytes(4, "little"), _META)
    if transfer_syntax == _DEFLATED:
        folder = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = folder.compress(b"".join(parts)) + folder.flush()
        parts = (body, b"\0" * (len(body) % 2))
    return b"".join((bytes(128), b"DICM", size, before, instance, after, *parts))


@lru_cache(maxsize=256)
def _head(transfer_syntax: str, sop_class: str) -> tuple[bytes, bytes]:
    """Return what comes before and after the instance's UID in the file's head."""
    before = element(_VERSION, "OB", b"\0\1", _META)
    if sop_class:
        before += element(_CLASS, "UI", sop_class.encode(), _META)
    after = b"".join(
        (
            element(_SYNTAX, "UI", transfer_syntax.encode(), _META),
            element(0x00020012, "UI", _IMPLEMENTATION_UID, _META),
            element(0x00020013, "SH", _IMPLEMENTATION_NAME, _META),
        )
    )
    return before, after
