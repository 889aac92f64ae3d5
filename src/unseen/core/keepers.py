"""The seams of ledger and vault, one Protocol each; import them from `core.ports`, with all others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import IO, Protocol

from unseen.core.ledger import Entry, Event

__all__ = ["BlobStore", "EventLedger", "KeyRing", "Openings", "Signer"]


class Signer(Protocol):
    """Holds a private key and signs with it."""

    @property
    def public(self) -> bytes:
        """The public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        ...


class EventLedger(Protocol):
    """An append-only record of events, each a leaf of one Merkle tree; threads and processes share it."""

    def append(self, event: Event) -> Entry:
        """Add an event and return where it stands; it is on disk, and survives kill -9, when this returns.

        Raises UnseenError when it cannot be written; whether it was is then not known.
        """
        ...


class Openings(Protocol):
    """Keeps, apart from the ledger, what opens the commitments in it; what is forgotten here is gone."""

    def commit(self, words: Sequence[tuple[str, str]]) -> list[str]:
        """Return a fresh commitment for each (field, value), kept on disk before it returns."""
        ...

    def opened(self, commitment: str) -> tuple[str, str] | None:
        """Return field and value of a commitment, None if they were forgotten."""
        ...

    def commitments(self, field: str, value: str) -> list[str]:
        """Return all commitments made for a value, in no order."""
        ...

    def forget(self, field: str, value: str) -> int:
        """Delete the salts of all commitments for a value and return how many there were."""
        ...


class BlobStore(Protocol):
    """Keeps encrypted files by name, in a folder or a bucket."""

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Store a new blob, whole or not at all, durably; raises OutputFailed."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Return a blob for reading from anywhere in it; raises UnreadableInput."""
        ...

    def delete(self, name: str) -> None:
        """Delete a blob; one that is gone already is fine. Raises OutputFailed if it stays."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all blobs, and of what killed writers left."""
        ...


class KeyRing(Protocol):
    """A vault of encrypted items: without a wrap of an item's key for a purpose, there is no opening it for that.

    Nothing here asks who may do what: that is the gate's to decide before it calls.
    """

    def seal(self, item: str, purposes: Collection[str], stream: IO[bytes]) -> None:
        """Encrypt what a stream holds as a new item that opens for these purposes; raises OutputTaken, OutputFailed."""
        ...

    def open(self, item: str, purpose: str) -> IO[bytes]:
        """Return an item's plaintext, to be read from anywhere in it.

        Raises Refused without a live wrap for this purpose, and, when opened or read, DamagedInput if a byte differs.
        """
        ...

    def purposes(self, item: str) -> frozenset[str]:
        """Return the purposes an item opens for."""
        ...

    def withdraw(self, item: str, purpose: str) -> bool:
        """Delete the wrap for one purpose; False if there was none."""
        ...

    def erase(self, items: Collection[str]) -> int:
        """Delete items for good, change the key-encryption keys and destroy the old ones; return how many there were.

        A backup of the wraps from before opens nothing any more.
        """
        ...

    def rotate(self) -> int:
        """Change the key-encryption keys without encrypting data again; return how many wraps were made anew."""
        ...
