"""Who an object is of, keyed: the same patient, study or number becomes the same pseudonym in every file and run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unseen.crypto.keys import Key
from unseen.crypto.pseudonym import pseudonym, pseudonym_uid

__all__ = ["Pseudonyms", "Subject"]

_MAX_SHIFT = 3650
_CODE = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """A patient's pseudonym, and by how many days (negative: into the past) all of its dates move."""

    code: str
    days: int


class Pseudonyms:
    """Makes pseudonyms under a key, and remembers those it made in this process."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._uids: dict[bytes, bytes] = {}
        self._subjects: dict[bytes, Subject] = {}

    def uid(self, value: bytes) -> bytes:
        """Return the new UID of a UID (no padding)."""
        made = self._uids.get(value)
        if made is None:
            made = self._uids[value] = pseudonym_uid(self._key, value).encode()
            if len(self._uids) > 1 << 20:
                self._uids.clear()
        return made

    def code(self, domain: str, value: bytes) -> str:
        """Return 16 digits for a number or name: short enough for every VR that holds one."""
        return pseudonym(self._key, f"dicom-{domain}", value.decode("latin-1"))[:_CODE].upper()

    def subject(self, values: Mapping[int, bytes]) -> Subject:
        """Return the patient that a data set's values (of the tags in `known.WHO`, without padding) name.

        By the patient's ID; without one by name and birth date, else by study: then each study is a patient.
        """
        if values.get(0x00100020):
            identity = b"id:" + values[0x00100020]
        elif values.get(0x00100010):
            identity = b"name:" + values[0x00100010].upper() + b"/" + values.get(0x00100030, b"")
        else:
            identity = b"study:" + values.get(0x0020000D, b"")
        made = self._subjects.get(identity)
        if made is None:
            drawn = int(pseudonym(self._key, "dicom-days", identity.decode("latin-1"))[:12], 16)
            made = self._subjects[identity] = Subject(self.code("patient", identity), -1 - drawn % _MAX_SHIFT)
        return made
