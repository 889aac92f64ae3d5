"""The vault: an encrypted file that maps pseudonyms back, for those who hold the key and are allowed to.

`unseen-vault-1` and a line feed; then records, each a length (4 bytes, big-endian), a nonce (12) and a ciphertext:
AES-256-GCM (NIST SP 800-38D) over a JSON list of [kind, original, new], bound to its place by the associated data (the
first line and the record's number). Records are only ever added, so a killed run leaves whole ones; a torn last one is
cut off.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from unseen.core.names import display
from unseen.crypto.keys import Key
from unseen.errors import KeyUnusable, OutputFailed, UsageError

__all__ = ["Pair", "Vault", "reveal"]

#: Kind ("patient", "name", "days", "accession", "study", "series", "object"), original and new value.
Pair = tuple[str, str, str]

_MAGIC = b"unseen-vault-1\n"
_NONCE = 12


class Vault:
    """Adds to a vault file, making it if need be; a context manager.

    Raises OutputFailed where it cannot be written, UsageError for a file that is none, KeyUnusable for another key's.
    """

    def __init__(self, path: Path, key: Key) -> None:
        self._path, self._cipher = path, _cipher(key)
        self._told: set[Pair] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
            with ExitStack() as stack:
                stack.callback(self._file.close)
                self._count = self._opened()
                stack.pop_all()
        except OSError as error:
            raise OutputFailed(
                f"{display(path)}: cannot write the vault ({error.strerror}); check the place"
            ) from error

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _opened(self) -> int:
        """Return how many records there are; cut off a torn last one."""
        if self._file.seek(0, os.SEEK_END) == 0:
            self._file.write(_MAGIC)
            return 0
        count, end = 0, len(_MAGIC)
        for number, (sealed, end) in enumerate(_records(self._file, self._path)):  # noqa: B007
            self._told.update(_opened(self._cipher, sealed, number, self._path))
            count = number + 1
        self._file.truncate(end)
        self._file.seek(end)
        return count

    def add(self, pairs: Iterable[Pair]) -> None:
        """Add the pairs that are not there yet, and force them to disk."""
        fresh = sorted(set(pairs) - self._told)
        if not fresh:
            return
        sealed = _sealed(self._cipher, fresh, self._count)
        try:
            self._file.write(len(sealed).to_bytes(4, "big") + sealed)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputFailed(f"{display(self._path)}: cannot write the vault ({error.strerror})") from error
        self._count += 1
        self._told.update(fresh)


def reveal(path: Path, key: Key, value: str) -> list[Pair]:
    """Return the pairs whose new value is `value`; raises UsageError or KeyUnusable."""
    cipher = _cipher(key)
    try:
        with path.open("rb") as file:
            records = list(_records(file, path))
    except OSError as error:
        raise UsageError(f"{display(path)}: cannot read the vault ({error.strerror}); check the name") from error
    opened = (_opened(cipher, sealed, number, path) for number, (sealed, _) in enumerate(records))
    return sorted({pair for pairs in opened for pair in pairs if pair[2] == value})


def _cipher(key: Key) -> object:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(bytes.fromhex(key.tag("vault", b"")))


def _bound(number: int) -> bytes:
    return _MAGIC + number.to_bytes(8, "big")


def _sealed(cipher: object, pairs: list[Pair], number: int) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not isinstance(cipher, AESGCM):
        raise TypeError("no cipher")
    nonce = secrets.token_bytes(_NONCE)
    return nonce + cipher.encrypt(nonce, json.dumps(pairs, ensure_ascii=False).encode(), _bound(number))


def _opened(cipher: object, sealed: bytes, number: int, path: Path) -> list[Pair]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not isinstance(cipher, AESGCM):
        raise TypeError("no cipher")
    try:
        text = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(number))
    except InvalidTag as error:
        raise KeyUnusable(
            f"{display(path)}: was made with another key, or was changed; name the key it is from"
        ) from error
    return [(kind, original, new) for kind, original, new in json.loads(text)]


def _records(file: IO[bytes], path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield each whole record with where it ends; raises UsageError if the file is no vault."""
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise UsageError(f"{display(path)} is no vault of Unseen; name another file")
    end = len(_MAGIC)
    while len(head := file.read(4)) == 4:
        sealed = file.read(int.from_bytes(head, "big"))
        if len(sealed) < int.from_bytes(head, "big"):
            return
        end += 4 + len(sealed)
        yield sealed, end
