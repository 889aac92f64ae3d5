"""Labels, consents and lineage in one SQLite file: what was made from what, with whom in it, under which consent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.rights_sql import TABLES as RIGHTS
from unseen.adapters.rights_sql import SqlRights
from unseen.core.consents import ConsentRecord, consent_from
from unseen.core.labels import SignedLabel, signed_label_from
from unseen.core.lineage import Made, Override
from unseen.core.names import display
from unseen.crypto.keys import Key
from unseen.errors import LabelInvalid, OutputFailed, UsageError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SqlRecords"]

_VERSION = 2
_TABLES = """
CREATE TABLE item (item TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE subject (subject TEXT, item TEXT, PRIMARY KEY (subject, item)) WITHOUT ROWID;
CREATE TABLE edge (child TEXT, parent TEXT, made_by TEXT NOT NULL, at REAL NOT NULL,
                   PRIMARY KEY (child, parent)) WITHOUT ROWID;
CREATE INDEX edge_by_parent ON edge (parent);
CREATE TABLE tool (item TEXT, tool TEXT, PRIMARY KEY (item, tool)) WITHOUT ROWID;
CREATE TABLE consent (subject TEXT, purpose TEXT, record TEXT NOT NULL UNIQUE, body TEXT NOT NULL, tag TEXT NOT NULL,
                      PRIMARY KEY (subject, purpose)) WITHOUT ROWID;
CREATE TABLE override (item TEXT, state TEXT, proposed_by TEXT NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL,
                       PRIMARY KEY (item, state)) WITHOUT ROWID;
"""
#: How far lineage is followed; what is longer is no graph of this program's making.
_DEEPEST = 1000
_DESCENDANTS = """
WITH RECURSIVE below (item, depth) AS (
  SELECT child, 1 FROM edge WHERE parent = ?
  UNION SELECT edge.child, below.depth + 1 FROM edge JOIN below ON edge.parent = below.item WHERE below.depth < ?
)
SELECT item.item, item.kind, MIN(below.depth), item.label, item.at
FROM below JOIN item ON item.item = below.item GROUP BY item.item ORDER BY 3, item.at, item.item
"""


class SqlRecords:
    """The records of a charter's folder; an instance of `core.ports.Records`.

    Consents are kept with HMAC-SHA256 tags under `key`, so that a row that was changed is found, and answers
    LabelInvalid. Labels are returned as they were stored; the gate checks them. Writes are durable when a call returns.
    Raises UsageError if the file is none of this program's, OutputFailed if it cannot be written.
    """

    def __init__(self, path: Path, key: Key) -> None:
        import sqlite3

        self._path, self._key, self._error = path, key, sqlite3.Error
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"{display(path)}: cannot open the records ({error}); check the file's rights") from error
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise
        #: Holds, restrictions and flags, in the same file.
        self.rights = SqlRights(self._rows, self._writing, key)

    def _prepare(self) -> None:
        self._rows("PRAGMA journal_mode = WAL")
        self._rows("PRAGMA synchronous = FULL")
        # What is deleted, as who is in what, is overwritten in the file.
        self._rows("PRAGMA secure_delete = ON")
        with self._writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version < _VERSION:
                # Version 1 knew no restrictions; a program of that time must not read on and pass over them.
                for statement in filter(str.strip, f"{RIGHTS if version else _TABLES + RIGHTS}".split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise UsageError(f"{display(self._path)}: records of another version of Unseen; use that version")
            db.execute("CREATE TABLE IF NOT EXISTS policy (name TEXT NOT NULL)")

    def policy(self) -> str:
        """Return the name of the policy file that these records are of, "" while they are of none."""
        rows = self._rows("SELECT name FROM policy")
        return str(rows[0][0]) if rows else ""

    def belong_to(self, policy: str) -> None:
        """Write down the name of the policy file that these records are of."""
        with self._writing() as db:
            db.execute("DELETE FROM policy")
            db.execute("INSERT INTO policy VALUES (?)", (policy,))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make all writes of the block durable at once, or none of them."""
        with self._writing():
            yield

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction, all or nothing; inside another one, as a part of it."""
        if self._db.in_transaction:
            yield self._db
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        except self._error as error:
            raise OutputFailed(f"{display(self._path)}: cannot write the records ({error}); free some space") from error

    def forget_deleted(self) -> None:
        """Write what was deleted over in the log beside the file too."""
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            with closing(self._db.execute(query, values)) as found:
                return found.fetchall()
        except self._error as error:
            raise UsageError(f"{display(self._path)}: cannot read the records ({error}); check the file") from error

    # Labels and lineage.

    def label(self, item: str) -> SignedLabel | None:
        """Return the label of an item as it was stored, None if there is none; raises LabelInvalid."""
        rows = self._rows("SELECT label FROM item WHERE item = ?", item)
        return _label(rows[0][0]) if rows else None

    def labels(self) -> Iterator[SignedLabel]:
        """Yield every label, by item."""
        for (text,) in self._rows("SELECT label FROM item ORDER BY item"):
            yield _label(text)

    def add(self, signed: SignedLabel, kind: str, at: float, *, made_by: str = "", tools: Iterable[str] = ()) -> None:
        """Store an item's label and its edges; an item that is there already gets the new label."""
        label = signed.label
        text = json.dumps(signed.as_dict(), sort_keys=True, separators=(",", ":"))
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", (label.item, kind, text, at))
            db.executemany("INSERT OR IGNORE INTO subject VALUES (?, ?)", [(s, label.item) for s in label.subjects])
            rows = [(label.item, parent, made_by, at) for parent in sorted(label.parents)]
            db.executemany("INSERT OR REPLACE INTO edge VALUES (?, ?, ?, ?)", rows)
            db.executemany("INSERT OR IGNORE INTO tool VALUES (?, ?)", [(label.item, tool) for tool in tools])

    def items(self) -> list[tuple[SignedLabel, str, float]]:
        """Return every item's label, unchecked, its kind, and when it was written down."""
        return [
            (_label(text), kind, at) for text, kind, at in self._rows("SELECT label, kind, at FROM item ORDER BY item")
        ]

    def edges(self) -> list[tuple[str, str]]:
        """Return what was made from what, as pairs of item and source."""
        return [(child, parent) for child, parent in self._rows("SELECT child, parent FROM edge")]

    def relabel(self, signed: SignedLabel) -> None:
        """Store another label for an item that is known; people whom it does not name are no longer found by it."""
        label = signed.label
        text = json.dumps(signed.as_dict(), sort_keys=True, separators=(",", ":"))
        with self._writing() as db:
            db.execute("UPDATE item SET label = ? WHERE item = ?", (text, label.item))
            db.execute("DELETE FROM subject WHERE item = ?", (label.item,))
            db.executemany("INSERT INTO subject VALUES (?, ?)", [(s, label.item) for s in sorted(label.subjects)])

    def made_from(self, item: str) -> list[Made]:
        """Return what was made from an item, nearest first."""
        rows = self._rows(_DESCENDANTS, item, _DEEPEST)
        return [Made(each, kind, depth, _label(text).label.state, at) for each, kind, depth, text, at in rows]

    def items_of(self, subject: str) -> list[Made]:
        """Return the items that a person is in."""
        rows = self._rows(
            "SELECT item.item, kind, label, at FROM subject JOIN item USING (item) WHERE subject = ? ORDER BY at, 1",
            subject,
        )
        return [Made(each, kind, 0, _label(text).label.state, at) for each, kind, text, at in rows]

    def tools_of(self, items: Sequence[str]) -> list[str]:
        """Return the names of the programs, as detectors, that looked at these items to make others from them."""
        found: set[str] = set()
        for item in items:
            query = "SELECT tool FROM tool JOIN edge ON edge.child = tool.item WHERE edge.parent = ?"
            found.update(tool for (tool,) in self._rows(query, item))
        return sorted(found)

    # Consents.

    def consents(self, subjects: Iterable[str]) -> tuple[ConsentRecord, ...]:
        """Return the records of these people; raises LabelInvalid if one was changed."""
        found: list[ConsentRecord] = []
        for subject in sorted(subjects):
            rows = self._rows("SELECT body, tag FROM consent WHERE subject = ? ORDER BY purpose", subject)
            found += [self._consent(*row) for row in rows]
        return tuple(found)

    def consents_by_record(self, records: Iterable[str]) -> tuple[ConsentRecord, ...]:
        """Return records by their identifiers; those that are not there are left out."""
        rows = [row for each in sorted(records) for row in self._rows(_BY_RECORD, each)]
        return tuple(self._consent(*row) for row in rows)

    def all_consents(self) -> Iterator[ConsentRecord]:
        """Yield every record, by person and purpose."""
        for row in self._rows("SELECT body, tag FROM consent ORDER BY subject, purpose"):
            yield self._consent(*row)

    def put_consents(self, records: Iterable[ConsentRecord]) -> None:
        """Store records, each in place of the one for the same person and purpose; all or none.

        Raises OutputFailed if a record's identifier is that of another person or purpose.
        """
        rows = []
        for each in records:
            body = json.dumps(each.as_dict(0.0)["events"], sort_keys=True, separators=(",", ":"))
            text = json.dumps([each.record, each.subject, each.purpose, body])
            rows.append((each.subject, each.purpose, each.record, text, self._key.tag("consent", text.encode())))
        with self._writing() as db:
            db.executemany(_PUT_CONSENT, rows)

    def _consent(self, text: str, tag: str) -> ConsentRecord:
        if not self._key.fits("consent", str(text).encode(), str(tag)):
            raise LabelInvalid("a consent record was changed since it was written; restore the records from a backup")
        record, subject, purpose, events = json.loads(text)
        return consent_from(
            {"record_id": record, "pii_principal_id": subject, "purpose": purpose, "events": json.loads(events)}
        )

    def restricted(self, subjects: Iterable[str]) -> frozenset[str]:
        """Return those of these people whose data may be stored and nothing else; raises LabelInvalid."""
        return self.rights.restricted(subjects)

    # Overrides.

    def override(self, item: str, state: str) -> Override | None:
        """Return the override that one person proposed for an item, None if nobody did."""
        query = "SELECT proposed_by, reason, at FROM override WHERE item = ? AND state = ?"
        rows = self._rows(query, item, state)
        return Override(item, state, *rows[0]) if rows else None

    def propose(self, override: Override) -> None:
        """Store what one person proposes."""
        row = (override.item, override.state, override.proposed_by, override.reason, override.at)
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO override VALUES (?, ?, ?, ?, ?)", row)

    def settle(self, override: Override) -> None:
        """Forget a proposal that was carried out."""
        with self._writing() as db:
            db.execute("DELETE FROM override WHERE item = ? AND state = ?", (override.item, override.state))


# Not OR REPLACE: a record_id that is another person's would delete what that person decided.
_PUT_CONSENT = """
INSERT INTO consent VALUES (?, ?, ?, ?, ?)
ON CONFLICT (subject, purpose) DO UPDATE SET record = excluded.record, body = excluded.body, tag = excluded.tag
"""
_BY_RECORD = "SELECT body, tag FROM consent WHERE record = ?"


def _label(text: str) -> SignedLabel:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise LabelInvalid("a stored label was changed; restore the records from a backup") from error
    return signed_label_from(values)
