"""The ledger as commands and the gate use it: where it is, recording, checking, proving, exporting."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from unseen.adapters.databases import is_url
from unseen.adapters.file_lock import FileLock
from unseen.adapters.files_output import write_private
from unseen.adapters.ledger_key import load_ledger_key, make_ledger_key
from unseen.adapters.ledger_sql import SqlEventLedger, open_event_ledger
from unseen.adapters.openings_sql import open_openings
from unseen.core.ledger import MAXIMUM_BYTES, Entry, Event, Head, Json, event_from
from unseen.core.names import display
from unseen.core.ports import EventLedger, Openings
from unseen.crypto.signing import verify
from unseen.errors import LedgerBroken, UnreadableInput, UsageError
from unseen.ledger.check import Checked, check_rows
from unseen.ledger.merkle import leaf_hash, root_of
from unseen.ledger.notes import PublicKey, open_head, public_key_from, signed_head
from unseen.ledger.offline import GROWTH, check_export, check_growth, check_proof, growth_of, proof_of
from unseen.ledger.rows import export_lines

__all__ = [
    "LedgerPlaces",
    "Recorder",
    "check_file",
    "check_ledger",
    "events",
    "export_ledger",
    "ledger_places",
    "open_ledger",
    "open_recorder",
    "opened_names",
    "read_head",
    "read_public_key",
    "signed_head_of",
    "write_growth",
    "write_proof",
]

#: Longer lines are no rows: hashes and signature add less than this to an event.
_LINE_BYTES = MAXIMUM_BYTES + 1024


@dataclass(frozen=True, slots=True)
class LedgerPlaces:
    """Where a ledger is (a file or a postgresql:// URL), its key file, and what opens its commitments."""

    ledger: str
    key: Path
    openings: str


def ledger_places(
    ledger: str | None = None, key: Path | None = None, environ: Mapping[str, str] = os.environ
) -> LedgerPlaces:
    """Return where the ledger is: as named, as UNSEEN_LEDGER says, or in the user's own data folder.

    @FILE is a file that holds the URL. The key file is beside a ledger that is a file. UNSEEN_OPENINGS names another
    place for what opens commitments. Raises UsageError.
    """
    home = platformdirs.user_data_path("unseen", appauthor=False)
    where = _read_url(ledger or environ.get("UNSEEN_LEDGER") or str(home / "ledger.db"))
    url = is_url(where)
    beside = Path(home / "ledger.key") if url else Path(where).with_suffix(".key")
    openings = _read_url(environ.get("UNSEEN_OPENINGS", "")) or (
        where if url else f"{Path(where).with_suffix('')}-openings.db"
    )
    return LedgerPlaces(where, key or beside, openings)


def _read_url(where: str) -> str:
    if not where.startswith("@"):
        return where
    try:
        return Path(where[1:]).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{display(where[1:])}: cannot be read; it must hold the URL of the ledger") from error


def open_ledger(places: LedgerPlaces, *, new: bool = False) -> SqlEventLedger:
    """Open a ledger; `new` makes one where there is neither ledger nor key. Raises UnseenError."""
    if not new:
        if not places.key.exists() and not _is_there(places.ledger):
            raise UsageError(f"there is no ledger at {_shown(places.ledger)}; name one with --ledger")
        return open_event_ledger(places.ledger, load_ledger_key(places.key))
    places.key.parent.mkdir(parents=True, exist_ok=True)
    # Who comes while another makes the ledger must not find the key alone.
    with FileLock(places.key.with_name(f".{places.key.name}-lock")).held():
        if places.key.exists() or _is_there(places.ledger):
            return open_event_ledger(places.ledger, load_ledger_key(places.key))
        return open_event_ledger(places.ledger, make_ledger_key(places.key), new=True)


def _is_there(where: str) -> bool:
    return not is_url(where) and Path(where).exists()


def _shown(where: str) -> str:
    """Return a ledger's place without a password."""
    parts = urlsplit(where)
    return display(f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if is_url(where) else where)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes events whose personal words are commitments; `clock` gives the time in UTC."""

    ledger: EventLedger
    openings: Openings
    clock: Callable[[], datetime]
    actor: str = ""

    def record(
        self,
        kind: str,
        *,
        purpose: str = "",
        items: Sequence[str] = (),
        subjects: Sequence[str] = (),
        details: Mapping[str, Json] | None = None,
    ) -> Entry:
        """Append an event, durably, by the names of items and subjects; raises UnseenError."""
        words = [("item", item) for item in items] + [("subject", subject) for subject in subjects]
        words += [("actor", self.actor)] if self.actor else []
        made = self.openings.commit(words) if words else []
        first, last = len(items), len(items) + len(subjects)
        return self.ledger.append(
            Event(
                kind=kind,
                time=self.clock(),
                actor=made[last] if self.actor else "",
                purpose=purpose,
                subjects=tuple(made[first:last]),
                items=tuple(made[:first]),
                details=details or {},
            )
        )


@contextmanager
def open_recorder(places: LedgerPlaces, clock: Callable[[], datetime], actor: str) -> Iterator[Recorder]:
    """Open what writes to a ledger, which is made if there is none, and close it; raises UnseenError."""
    with (
        closing(open_ledger(places, new=True)) as ledger,
        closing(open_openings(places.openings, secrets.token_bytes)) as openings,
    ):
        yield Recorder(ledger, openings, clock, actor)


@contextmanager
def opened_names(places: LedgerPlaces) -> Iterator[Callable[[str], str | None]]:
    """Give what opens commitments, for people who may see names: the value, or None if it was forgotten."""
    with closing(open_openings(places.openings, secrets.token_bytes)) as openings:

        def name(commitment: str) -> str | None:
            found = openings.opened(commitment)
            return found[1] if found else None

        yield name


def check_ledger(ledger: SqlEventLedger, *, kept: Head | None = None, every_signature: bool = False) -> Checked:
    """Check the rows of a ledger."""
    head = ledger.head()
    checked = check_rows(
        ledger.raw_rows, ledger.key.public, verify, kept=kept, size=head.size, every_signature=every_signature
    )
    if not checked.findings and checked.head.size == head.size and checked.head != head:
        return Checked(checked.head, ("the tree that is kept: is not that of the rows",))
    return checked


def check_file(
    path: Path, public: PublicKey, *, kept: Head | None = None, every_signature: bool = False
) -> Checked | tuple[Event, int, Head] | tuple[Head, Head]:
    """Check an export, or a proof; raises LedgerBroken for a proof that proves nothing, UnreadableInput.

    Returns what was found of an export; event, number and head of a proof; the old and the new head of a growth.
    """
    start = next(_lines(path), b"")[:64]
    try:
        if start.startswith(b'{"event":"'):
            return check_proof(path.read_bytes(), public, verify, kept=kept)
        if start.startswith(b'{"format":"%b"' % GROWTH.encode()):
            return check_growth(path.read_bytes(), public, verify)
    except ValueError as error:
        raise LedgerBroken(f"{display(path)}: {error}") from error
    return check_export(lambda: _lines(path), public, verify, kept=kept, every_signature=every_signature)


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; one that is too long comes in pieces, which are no rows."""
    try:
        with path.open("rb") as file:
            yield from iter(lambda: file.readline(_LINE_BYTES), b"")
    except OSError as error:
        raise UnreadableInput(f"{display(path)}: cannot be read ({error.strerror}); check the name") from error


def read_public_key(path: Path) -> PublicKey:
    """Return the public key in a file; raises UsageError."""
    try:
        return public_key_from(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{display(path)}: cannot read the public key ({error.strerror}); check the name") from error
    except ValueError as error:
        raise UsageError(f"{display(path)}: {error}") from error


def read_head(path: Path, public: PublicKey) -> Head:
    """Return the head that was kept in a file; raises UsageError or LedgerBroken."""
    try:
        return open_head(path.read_text("utf-8"), public, verify)
    except OSError as error:
        raise UsageError(f"{display(path)}: cannot read the head ({error.strerror}); check the name") from error
    except ValueError as error:
        raise LedgerBroken(f"{display(path)}: {error}") from error


def signed_head_of(ledger: SqlEventLedger, head: Head | None = None) -> str:
    """Return a head, by default the one now, as a signed note."""
    return signed_head(head or ledger.head(), ledger.key.public, ledger.key.signer.sign)


def export_ledger(ledger: SqlEventLedger, out: Path) -> None:
    """Write an export to a new file; raises OutputTaken or OutputFailed."""
    write_private(out, export_lines(ledger.rows(), ledger.key.public, ledger.key.signer.sign), "the export")


def write_proof(ledger: SqlEventLedger, index: int, out: Path) -> None:
    """Write a proof that an event is in the ledger to a new file; raises UsageError, LedgerBroken, OutputTaken."""
    head = ledger.head()
    if not 0 <= index < head.size:
        raise UsageError(f"there is no event {index}; there are {head.size:,}, from 0 on")
    event, leaves = _read(ledger, head, index)
    write_private(out, [proof_of(event, index, leaves, signed_head_of(ledger, head))], "the proof")


def write_growth(ledger: SqlEventLedger, kept: Path, out: Path) -> None:
    """Write a proof that the ledger grew out of a head that was kept; raises as `write_proof`, and `read_head`."""
    head, old = ledger.head(), read_head(kept, ledger.key.public)
    if old.size > head.size:
        raise LedgerBroken(f"{ledger.name}: has {head.size:,} events, and the head that was kept {old.size:,}")
    _, leaves = _read(ledger, head, -1)
    data = growth_of(old, leaves, kept.read_text("utf-8"), signed_head_of(ledger, head))
    write_private(out, [data], "the proof")


def _read(ledger: SqlEventLedger, head: Head, index: int) -> tuple[bytes, list[bytes]]:
    """Return an event, and all leaves' hashes, of the ledger as it was at a head; raises LedgerBroken."""
    event, leaves = b"", []
    for row in ledger.rows():
        leaves.append(leaf_hash(row.event))
        if row.index == index:
            event = row.event
    # Others may have appended meanwhile.
    del leaves[head.size :]
    if root_of(leaves) != head.root:
        raise LedgerBroken(f"{ledger.name}: its rows are not those of its tree; say: unseen ledger verify")
    return event, leaves


def events(ledger: SqlEventLedger, last: int) -> Iterator[tuple[int, Event]]:
    """Yield the last events with their numbers; raises LedgerBroken for a row that is damaged."""
    for row in ledger.rows(max(0, ledger.head().size - max(0, last))):
        try:
            yield row.index, event_from(row.event)
        except (ValueError, RecursionError) as error:
            raise LedgerBroken(f"row {row.index}: is damaged; say: unseen ledger verify") from error
