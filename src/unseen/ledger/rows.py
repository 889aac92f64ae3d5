"""Rows of a ledger as they are signed, and as lines of an export."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from unseen.core.ledger import Head, Row, canonical
from unseen.ledger.merkle import Frontier, leaf_hash
from unseen.ledger.notes import PublicKey, signed_head

__all__ = ["FORMAT", "export_lines", "header", "next_row", "row_from", "row_line", "row_message", "seal_message"]

FORMAT = "unseen ledger export 1"
#: Hexadecimal digits, and no JSON parser: there is one way only to write a row, so that no change goes unseen.
_ROW = re.compile(
    rb'\{"event":(\{.*\}),"index":(0|[1-9][0-9]{0,15}),"root":"([0-9a-f]{64})","signature":"([0-9a-f]{128})"\}\n',
)


def row_message(origin: str, index: int, leaf: bytes, root: bytes) -> bytes:
    """Return what a row's signature is over; its first line is no ledger's name, so it is never taken for a head."""
    return f"unseen ledger row 1\n{origin}\n{index}\n{leaf.hex()}\n{root.hex()}\n".encode()


def next_row(frontier: Frontier, event: bytes, origin: str, sign: Callable[[bytes], bytes]) -> Row:
    """Add an event to a tree and return its row."""
    index, leaf = frontier.size, leaf_hash(event)
    frontier.add(leaf)
    root = frontier.root()
    return Row(index, event, root, sign(row_message(origin, index, leaf, root)))


def header(public: PublicKey) -> bytes:
    """Return the first line of an export."""
    return canonical({"format": FORMAT, "key": str(public)}) + b"\n"


def row_line(row: Row) -> bytes:
    """Return a row as a line of an export: JSON with sorted keys, hashes in hexadecimal."""
    return b'{"event":%b,"index":%d,"root":"%b","signature":"%b"}\n' % (
        row.event,
        row.index,
        row.root.hex().encode(),
        row.signature.hex().encode(),
    )


def row_from(line: bytes) -> Row | None:
    """Return the row of a line, None if it is none."""
    found = _ROW.fullmatch(line)
    if found is None:
        return None
    event, index, root, signature = found.groups()
    return Row(int(index), event, bytes.fromhex(root.decode()), bytes.fromhex(signature.decode()))


def seal_message(origin: str, size: int, digest: bytes) -> bytes:
    """Return what the signature in an export's last line is over: the hash of all bytes before that line."""
    return f"{FORMAT}\n{origin}\n{size}\n{digest.hex()}\n".encode()


def export_lines(rows: Iterable[Row], public: PublicKey, sign: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Yield the lines of an export: header, rows, and a seal with the signed head and the hash of all before it."""
    digest, frontier = sha256(), Frontier()
    first = header(public)
    digest.update(first)
    yield first
    for row in rows:
        frontier.add(leaf_hash(row.event))
        line = row_line(row)
        digest.update(line)
        yield line
    note = signed_head(Head(public.origin, frontier.size, frontier.root()), public, sign)
    seal = sign(seal_message(public.origin, frontier.size, digest.digest()))
    yield canonical({"head": note, "seal": seal.hex(), "sha256": digest.hexdigest()}) + b"\n"
