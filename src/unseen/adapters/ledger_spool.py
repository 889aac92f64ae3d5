"""Where processes lay down the events they wait to append, so that whoever's turn it is appends them all at once."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import struct
from collections.abc import Sequence
from pathlib import Path

from unseen.adapters.file_lock import FileLock

__all__ = ["TICKET_BYTES", "Spool"]

TICKET_BYTES = 16
_LENGTH = struct.Struct(">I")
_MAC_BYTES = 32


class Spool:
    """A file of waiting batches, each with a random ticket; losing it loses nothing.

    Its writers keep what they wrote until they have seen it in the ledger, so it need not be forced to disk, and a
    torn or foreign end is passed over. Each batch is authenticated by `key` (HMAC-SHA256), which those have who may
    sign: writing to the file alone gets nothing into the ledger.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key
        self._lock = FileLock(path)

    def submit(self, events: Sequence[bytes]) -> bytes:
        """Lay down a batch and return its ticket."""
        ticket = secrets.token_bytes(TICKET_BYTES)
        body = ticket + b"".join(_LENGTH.pack(len(event)) + event for event in events)
        record = _LENGTH.pack(len(body)) + self._mac(body) + body
        with self._lock.held(), contextlib.suppress(OSError), self._path.open("ab", buffering=0) as file:
            # A disk that is full is told by the ledger itself, which writes the batch then.
            file.write(record)
        return ticket

    def take(self) -> list[tuple[bytes, list[bytes]]]:
        """Remove all batches and return them with their tickets."""
        try:
            if self._path.stat().st_size == 0:
                return []
        except OSError:
            return []
        with self._lock.held():
            data = self._path.read_bytes()
            os.truncate(self._path, 0)
        return self._parsed(data)

    def _parsed(self, data: bytes) -> list[tuple[bytes, list[bytes]]]:
        found, at = [], 0
        head = _LENGTH.size + _MAC_BYTES
        while at + head <= len(data):
            size = _LENGTH.unpack_from(data, at)[0]
            mac, body = data[at + _LENGTH.size : at + head], data[at + head : at + head + size]
            if not hmac.compare_digest(mac, self._mac(body)):
                break
            found.append((body[:TICKET_BYTES], _split(body[TICKET_BYTES:])))
            at += head + size
        return found

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def _split(body: bytes) -> list[bytes]:
    events, at = [], 0
    while at < len(body):
        size = _LENGTH.unpack_from(body, at)[0]
        at += _LENGTH.size
        events.append(body[at : at + size])
        at += size
    return events
