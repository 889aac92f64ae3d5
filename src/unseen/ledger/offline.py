"""Checks what left the machine, exports and proofs, with nothing but the public key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from unseen.core.ledger import Event, Head, Json, Row, canonical, event_from
from unseen.ledger.check import Checked, check_rows
from unseen.ledger.merkle import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from unseen.ledger.notes import PublicKey, Verify, open_head
from unseen.ledger.rows import header, row_from, seal_message

__all__ = [
    "GROWTH",
    "PROOF",
    "Lines",
    "check_export",
    "check_growth",
    "check_proof",
    "growth_of",
    "proof_of",
]

PROOF = "unseen ledger proof 1"
GROWTH = "unseen ledger growth 1"
#: Gives the lines of a file from the start, with their ends, each time it is called.
Lines = Callable[[], Iterable[bytes]]


def check_export(
    lines: Lines, public: PublicKey, verify: Verify, *, kept: Head | None = None, every_signature: bool = False
) -> Checked:
    """Check an export: every byte of it is under the seal's signature, every event under a row's.

    `kept` is a head that was kept elsewhere: with it, a tail that was cut off is found too, and a history that the
    owner of the key wrote anew. Memory grows with the number of rows only where something is wrong, or with
    `every_signature`.
    """
    seal = _seal(lines(), public, verify)
    checked = check_rows(
        lambda: _rows(lines()),
        public,
        verify,
        kept=kept,
        size=seal.size,
        every_signature=every_signature or not seal.good,
    )
    findings = [*seal.findings, *checked.findings]
    if not seal.good and not findings:
        findings.append("the export: bytes of it were changed, though no row's")
    return Checked(checked.head, tuple(findings))


@dataclass(frozen=True, slots=True)
class _Seal:
    """What the first and the last line say: whether all bytes are those that were sealed, and of how many rows."""

    good: bool
    size: int
    findings: tuple[str, ...]


def _seal(lines: Iterable[bytes], public: PublicKey, verify: Verify) -> _Seal:
    digest, last, first = sha256(), b"", None
    for line in lines:
        first = line if first is None else first
        digest.update(last)
        last = line
    findings = []
    if first != header(public):
        findings.append("the first line: is not that of an export under this public key")
    try:
        words = json.loads(last)
        head = open_head(words["head"], public, verify)
        signature = bytes.fromhex(words["seal"])
        sealed = bytes.fromhex(words["sha256"])
        if canonical(words) + b"\n" != last or not verify(
            public.key, signature, seal_message(public.origin, head.size, sealed)
        ):
            raise ValueError("the seal is not signed")
    except (ValueError, TypeError, KeyError, RecursionError):
        return _Seal(False, 0, (*findings, "the last line: is no seal of this ledger; the export was cut or changed"))
    return _Seal(not findings and sealed == digest.digest(), head.size, tuple(findings))


def _rows(lines: Iterable[bytes]) -> Iterator[Row | None]:
    """Yield the rows, without the first and the last line."""
    waiting: bytes | None = None
    for number, line in enumerate(lines):
        if number == 0 and line.startswith(b'{"format":'):
            continue
        if waiting is not None:
            yield row_from(waiting)
        waiting = line
    if waiting is not None and not waiting.startswith(b'{"head":'):
        yield row_from(waiting)


def proof_of(event: bytes, index: int, leaves: Sequence[bytes], note: str) -> bytes:
    """Return a proof, as JSON, that an event is in the ledger whose signed head is `note`; `leaves` are its hashes."""
    path: list[Json] = [node.hex() for node in inclusion_proof(leaves, index)]
    words: dict[str, Json] = {"event": event.decode(), "format": PROOF, "head": note, "index": index, "path": path}
    return canonical(words) + b"\n"


def check_proof(data: bytes, public: PublicKey, verify: Verify, *, kept: Head | None = None) -> tuple[Event, int, Head]:
    """Return event, number and head of a proof; raises ValueError if it proves nothing.

    A head that was kept elsewhere must be the proof's own.
    """
    try:
        words = json.loads(data)
        event, index, note = words["event"].encode(), words["index"], words["head"]
        path = [bytes.fromhex(node) for node in words["path"]]
        if words["format"] != PROOF or not isinstance(index, int):
            raise ValueError("this is no proof of a ledger")
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("this is no proof of a ledger") from error
    head = open_head(note, public, verify)
    if kept is not None and kept != head:
        raise ValueError("the proof is for another head than the one that was kept")
    if not check_inclusion(leaf_hash(event), index, head.size, path, head.root):
        raise ValueError("the proof does not lead from this event to the head")
    return event_from(event), index, head


def growth_of(old: Head, leaves: Sequence[bytes], old_note: str, note: str) -> bytes:
    """Return a proof, as JSON, that the ledger whose signed head is `note` began as the one with the head `old`."""
    path: list[Json] = [node.hex() for node in consistency_proof(leaves, old.size)]
    return canonical({"format": GROWTH, "head": note, "old": old_note, "path": path}) + b"\n"


def check_growth(data: bytes, public: PublicKey, verify: Verify) -> tuple[Head, Head]:
    """Return the old and the new head of a proof that one grew out of the other; raises ValueError if it does not."""
    try:
        words = json.loads(data)
        old_note, note = words["old"], words["head"]
        path = [bytes.fromhex(node) for node in words["path"]]
        if words["format"] != GROWTH or not isinstance(old_note, str) or not isinstance(note, str):
            raise ValueError("this is no proof of a ledger")
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError("this is no proof of a ledger") from error
    old, head = open_head(old_note, public, verify), open_head(note, public, verify)
    if not check_consistency(old.size, head.size, path, old.root, head.root):
        raise ValueError("the new head did not grow out of the old one: history was rewritten")
    return old, head
