"""What ties files together: that one patient stays one patient, and one UID one other, over all files of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from unseen.verify.containers.findings import Finding
from unseen.verify.dicom.leaves import where
from unseen.verify.dicom.pairs import Pairs, shifted_days

__all__ = ["Consistency", "Link", "links"]

_PATIENT = ((), 0x00100020)
_PATIENT_NAME = ((), 0x00100010)
_DATES = (0x00080020, 0x00080021, 0x00080022, 0x00080023)


class Link(NamedTuple):
    """What a value became: the kind ("uid", "patient", "shift"), a salted digest of what it was, and of what it is."""

    kind: str
    before: bytes
    after: bytes


def links(pairs: Pairs, kept: Collection[str], salt: bytes) -> Iterator[Link]:
    """Yield what ties a file to others; nobody without the salt can tell of what."""
    if "retain-uids" not in kept:
        yield from {Link("uid", _digest(a, salt), _digest(b, salt)) for a, b, _ in pairs.uids}
    patient = pairs.before(_PATIENT)
    if not patient:
        return
    who = _digest(patient + b"\0" + pairs.before(_PATIENT_NAME), salt)
    yield Link("patient", who, _digest(pairs.after(_PATIENT), salt))
    if "retain-modified-dates" not in kept:
        return
    for tag in _DATES:
        days = shifted_days(pairs.before(((), tag)), pairs.after(((), tag)))
        if days is not None:
            yield Link("shift", who, str(days).encode())


@lru_cache(maxsize=4096)
def _digest(value: bytes, salt: bytes) -> bytes:
    return blake2b(value, digest_size=16, key=salt).digest()


_WRONG = {"uid": "uid-consistent", "patient": "patient-consistent", "shift": "interval"}
_PLACES = {"uid": "files", "patient": where(*_PATIENT), "shift": "dates"}


class Consistency:
    """Remembers the links of every file of a run, as digests, and says where one contradicts those before."""

    def __init__(self) -> None:
        self._new: dict[tuple[str, bytes], bytes] = {}
        self._old: dict[tuple[str, bytes], bytes] = {}

    def add(self, found: Iterable[tuple[str, bytes, bytes]]) -> tuple[Finding, ...]:
        """Take in the links of a file (see Link); two patients or UIDs that became one are a contradiction too."""
        wrong = []
        for link in map(Link._make, found):
            if self._new.setdefault((link.kind, link.before), link.after) != link.after:
                wrong.append(
                    Finding(_WRONG[link.kind], _PLACES[link.kind], "differs from what it became in another file")
                )
            elif link.kind == "uid" and self._old.setdefault((link.kind, link.after), link.before) != link.before:
                wrong.append(
                    Finding(_WRONG[link.kind], _PLACES[link.kind], "is what another one became in another file")
                )
        return tuple(wrong)
