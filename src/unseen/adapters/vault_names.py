"""The names under which people know the items of a vault, as keyed tags, beside the vault's wraps."""

from __future__ import annotations

from collections.abc import Collection

from unseen.adapters.databases import Database
from unseen.crypto.keys import Key

__all__ = ["VaultNames"]


class VaultNames:
    """Leads from a name to the commitment that its item has in labels; holds no name itself.

    A row that somebody changed leads to another item, which opens by its own label and wraps only.
    """

    def __init__(self, database: Database, key: Key) -> None:
        self._database, self._key = database, key
        try:
            with database.transaction():
                database.run("CREATE TABLE IF NOT EXISTS unseen_name (name TEXT PRIMARY KEY, item TEXT NOT NULL)")
        except BaseException:
            database.close()
            raise

    def item(self, name: str) -> str | None:
        """Return the item of a name, None if there is none."""
        rows = self._database.run("SELECT item FROM unseen_name WHERE name = ?", self._tag(name))
        return str(rows[0][0]) if rows else None

    def give(self, name: str, item: str) -> None:
        """Let a name lead to an item, and to no other."""
        with self._database.transaction():
            self._database.run("INSERT OR REPLACE INTO unseen_name VALUES (?, ?)", self._tag(name), item)

    def forget(self, items: Collection[str]) -> None:
        """Delete all names of items."""
        with self._database.transaction():
            self._database.run_many("DELETE FROM unseen_name WHERE item = ?", [(item,) for item in items])
        self._database.forget_deleted()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _tag(self, name: str) -> str:
        return self._key.tag("vault name", name.encode("utf-8", "surrogatepass"))
