"""The vault: items encrypted in a store of files, their keys wrapped per purpose in a database apart from it."""

from __future__ import annotations

import io
import re
import secrets
import threading
from collections.abc import Callable, Collection, Iterator
from typing import IO, Any

from unseen.adapters.databases import Database
from unseen.adapters.file_lock import FileLock
from unseen.adapters.vault_keys import VaultKeys
from unseen.core.names import display
from unseen.core.ports import BlobStore
from unseen.crypto.keys import Key
from unseen.crypto.seal import CHUNK_BYTES, KEY_BYTES, SealedReader, seal
from unseen.crypto.wrap import unwrap, wrap
from unseen.errors import OutputTaken, Refused, UnreadableInput, UsageError

__all__ = ["Vault"]

_VERSION = 1
_BATCH = 1_000
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS unseen_vault "
    "(version INTEGER PRIMARY KEY, vault TEXT NOT NULL, generation TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS unseen_item (item TEXT PRIMARY KEY, blob TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS unseen_wrap (item TEXT NOT NULL REFERENCES unseen_item (item), purpose TEXT NOT NULL, "
    "generation TEXT NOT NULL, wrapped {bytes} NOT NULL, PRIMARY KEY (item, purpose))",
)
_OURS = re.compile(r"[0-9a-f]{32}|[0-9a-f]{2}/\.[0-9a-f]+\.part")
_FROM_BACKUP = "the wraps are of another time than the key file, as in a backup from before an erasure"


class Vault:
    """Items that open for a purpose while a wrap for it lives; see `core.ports.KeyRing`.

    Each item has a data key of its own. The database holds it once per purpose, encrypted under a key for that
    purpose, and names items by keyed tags only. An erasure deletes wraps, wraps all others under a new secret, and
    destroys the old secret, which is in the key file and nowhere else. `lock` is shared by those who add, and held
    alone to rotate.
    """

    def __init__(
        self,
        blobs: BlobStore,
        database: Database,
        keys: VaultKeys,
        lock: FileLock,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._blobs, self._database, self._keys, self._lock, self._random = blobs, database, keys, lock, random
        self._turn = threading.RLock()
        try:
            with self._lock.held():
                self._start()
                self._keys.reload()
                self._settle()
        except BaseException:
            database.close()
            raise

    def _start(self) -> None:
        with self._database.transaction():
            for statement in _SCHEMA:
                self._database.run(statement.format(bytes=self._database.binary))
            self._database.run(
                "INSERT INTO unseen_vault VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                *(_VERSION, self._keys.vault, self._keys.current),
            )
            rows = self._database.run("SELECT version, vault FROM unseen_vault")
        if rows != [(_VERSION, self._keys.vault)]:
            raise UsageError(f"{self._database.name}: belongs to another vault than the key file; name the right one")

    def seal(self, item: str, purposes: Collection[str], stream: IO[bytes]) -> None:
        """Encrypt a new item; nothing of it is there until all of it is."""
        if not purposes or not all(purposes):
            raise UsageError("an item is sealed for at least one purpose; name it")
        tag, blob, key = self._tag(item), secrets.token_hex(16), self._random(KEY_BYTES)
        with self._lock.held(shared=True):
            generation, secret = self._generation()
            self._refuse_taken(tag, item)
            self._blobs.write(blob, _readable(seal(key, tag.encode(), stream, self._random), item))
            try:
                with self._turn, self._database.transaction():
                    self._refuse_taken(tag, item)
                    self._database.run("INSERT INTO unseen_item VALUES (?, ?)", tag, blob)
                    for purpose in sorted(set(purposes)):
                        wrapped = wrap(secret, key, purpose, tag, generation, self._random)
                        self._database.run(
                            "INSERT INTO unseen_wrap VALUES (?, ?, ?, ?)", tag, purpose, generation, wrapped
                        )
            except BaseException:
                self._blobs.delete(blob)
                raise

    def open(self, item: str, purpose: str) -> IO[bytes]:
        """Unwrap the item's key and return its plaintext."""
        tag = self._tag(item)
        blob, key = self._unwrapped(tag, item, purpose)
        source = self._blobs.open(blob)
        try:
            return io.BufferedReader(SealedReader(key, tag.encode(), source, display(item)), CHUNK_BYTES)
        except BaseException:
            source.close()
            raise

    def _unwrapped(self, tag: str, item: str, purpose: str) -> tuple[str, bytes]:
        """Return an item's file and data key; raises Refused."""
        blob, generation, wrapped = self._wrap(tag, item, purpose)
        secret = self._keys.secret(generation)
        if secret is None:
            # Another process may have rotated since.
            self._keys.reload()
            blob, generation, wrapped = self._wrap(tag, item, purpose)
            secret = self._keys.secret(generation)
        if secret is None:
            raise Refused(f"{display(item)}: cannot be opened: {_FROM_BACKUP}, and the old key was destroyed")
        key = unwrap(secret, wrapped, purpose, tag, generation)
        if key is None:
            what = f"its wrap for {display(purpose)} was made for something else, or is damaged"
            raise Refused(f"{display(item)}: {what}")
        return blob, key

    def _wrap(self, tag: str, item: str, purpose: str) -> tuple[str, str, bytes]:
        """Return an item's file, and its wrap with its generation; raises Refused."""
        with self._turn:
            rows = self._database.run(
                "SELECT blob, generation, wrapped FROM unseen_wrap JOIN unseen_item USING (item) "
                "WHERE item = ? AND purpose = ?",
                *(tag, purpose),
            )
        if not rows:
            raise Refused(f"{display(item)}: nothing opens it for {display(purpose)}")
        blob, generation, wrapped = rows[0]
        return str(blob), str(generation), bytes(wrapped)

    def purposes(self, item: str) -> frozenset[str]:
        """Return what it opens for."""
        with self._turn:
            rows = self._database.run("SELECT purpose FROM unseen_wrap WHERE item = ?", self._tag(item))
        return frozenset(str(row[0]) for row in rows)

    def holds(self, item: str) -> bool:
        """Whether an item is there, even if nothing opens it."""
        with self._turn:
            return bool(self._database.run("SELECT 1 FROM unseen_item WHERE item = ?", self._tag(item)))

    def withdraw(self, item: str, purpose: str) -> bool:
        """Delete one wrap; the data stays, even if it was the last."""
        with self._lock.held(shared=True), self._turn:
            with self._database.transaction():
                rows = self._database.run(
                    "DELETE FROM unseen_wrap WHERE item = ? AND purpose = ? RETURNING item", self._tag(item), purpose
                )
            self._database.forget_deleted()
        return bool(rows)

    def erase(self, items: Collection[str]) -> int:
        """Delete items' wraps and data, and rotate, in one go for all of them."""
        return self._rotate([self._tag(item) for item in items])[0]

    def rotate(self) -> int:
        """Wrap all keys anew."""
        return self._rotate([])[1]

    def _rotate(self, tags: Collection[str]) -> tuple[int, int]:
        """Erase, and rotate; return how many items are gone and how many wraps were made.

        The key file gets the next secret first and loses the old one last. Whatever is killed in between is finished by
        whoever opens the vault next.
        """
        with self._lock.held(), self._turn:
            self._keys.reload()
            self._settle()
            self._keys.begin()
            gone: list[tuple[Any, ...]] = []
            with self._database.transaction():
                for tag in tags:
                    self._database.run("DELETE FROM unseen_wrap WHERE item = ?", tag)
                    gone += self._database.run("DELETE FROM unseen_item WHERE item = ? RETURNING blob", tag)
                count = self._rewrap()
            self._database.forget_deleted()
            self._keys.finish()
            self._sweep()
        return len(gone), count

    def _settle(self) -> None:
        """Finish a rotation that was cut short."""
        if self._keys.following is not None:
            with self._database.transaction():
                self._rewrap()
            self._database.forget_deleted()
            self._keys.finish()
            self._sweep()

    def _rewrap(self) -> int:
        """Wrap each key that the current secret opens under the next one; a wrap that is damaged stays, and is dead."""
        (old, secret), (new, following) = self._keys.both()
        count = 0
        for item, purpose, wrapped in self._wraps(old):
            key = unwrap(secret, wrapped, purpose, item, old)
            if key is not None:
                again = wrap(following, key, purpose, item, new, self._random)
                self._database.run(
                    "UPDATE unseen_wrap SET generation = ?, wrapped = ? WHERE item = ? AND purpose = ?",
                    *(new, again, item, purpose),
                )
                count += 1
        self._database.run("UPDATE unseen_vault SET generation = ?", new)
        return count

    def _wraps(self, generation: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield the wraps of a generation, some at a time."""
        item, purpose = "", ""
        while True:
            rows = self._database.run(
                "SELECT item, purpose, wrapped FROM unseen_wrap WHERE generation = ? AND (item, purpose) > (?, ?) "
                "ORDER BY item, purpose LIMIT ?",
                *(generation, item, purpose, _BATCH),
            )
            if not rows:
                return
            for item, purpose, wrapped in rows:
                yield item, purpose, bytes(wrapped)

    def _sweep(self) -> None:
        """Delete files that no item has: those of erased ones, and what killed writers left; others are not ours."""
        kept = {str(row[0]) for row in self._database.run("SELECT blob FROM unseen_item")}
        for name in list(self._blobs.names()):
            if name not in kept and _OURS.fullmatch(name):
                self._blobs.delete(name)

    def _generation(self) -> tuple[str, bytes]:
        """Return the generation to wrap with, and its secret; needs the shared lock."""
        with self._turn:
            noted = str(self._database.run("SELECT generation FROM unseen_vault")[0][0])
        if noted != self._keys.current:
            self._keys.reload()
        secret = self._keys.secret(noted)
        if noted != self._keys.current or secret is None:
            raise Refused(f"{self._database.name}: {_FROM_BACKUP}; say: unseen vault rotate")
        return noted, secret

    def _tag(self, item: str) -> str:
        if not item:
            raise UsageError("an item has a name; it is empty")
        return Key(self._keys.index).tag("vault item", item.encode("utf-8", "surrogatepass"))

    def _refuse_taken(self, tag: str, item: str) -> None:
        with self._turn:
            if self._database.run("SELECT 1 FROM unseen_item WHERE item = ?", tag):
                raise OutputTaken(f"{display(item)}: is in the vault already; erase it first, or choose another name")

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _readable(parts: Iterator[bytes], item: str) -> Iterator[bytes]:
    """Tell a source that cannot be read from a store that cannot be written."""
    try:
        yield from parts
    except OSError as error:
        raise UnreadableInput(f"{display(item)}: cannot be read ({error.strerror}); check the file") from error
