"""Large things encrypted as streams, in chunks that can be neither swapped, dropped, cut nor moved to another stream.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015) with AES-256-GCM (NIST SP 800-38D): the nonce of a chunk is a random
prefix of 7 bytes, the chunk's number (4 bytes), and 1 for the last chunk, 0 for the others.

    header   magic "UNSEEN1\\0" (8 bytes, with the version), chunk size (4), nonce prefix (7), salt (32), check (32)
    chunks   each of `chunk size` bytes, the last one shorter or as long, each followed by its tag of 16 bytes

Key and check come from the data key by HKDF-SHA256 (RFC 5869) with the salt and the context, which says what the
stream is; the header is authenticated with each chunk. The check commits to the key: no stream opens under two keys,
which GCM alone does not promise (Albertini et al., "How to Abuse and Fix Authenticated Encryption Without Key
Commitment", USENIX Security 2022).
"""

from __future__ import annotations

import hmac
import io
import struct
from collections.abc import Callable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from unseen.errors import DamagedInput

__all__ = ["CHUNK_BYTES", "HEADER_BYTES", "KEY_BYTES", "SealedReader", "seal", "sealed_size"]

KEY_BYTES = 32
CHUNK_BYTES = 1 << 20
_TAG = 16
_MAGIC = b"UNSEEN1\0"
_HEADER = struct.Struct(">8sI7s32s32s")
HEADER_BYTES = _HEADER.size
_LARGEST_CHUNK = 1 << 26
_MOST_CHUNKS = 1 << 32


def seal(
    key: bytes, context: bytes, source: IO[bytes], random: Callable[[int], bytes], *, chunk: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield the header and the encrypted chunks of what `source` holds.

    `key` is 32 random bytes that seal nothing else; `context` must be the same on opening. Memory is that of a few
    chunks. Raises ValueError above 2^32 chunks: 4 PiB.
    """
    salt, prefix = random(32), random(7)
    cipher, check = _derived(key, salt, context)
    header = _HEADER.pack(_MAGIC, chunk, prefix, salt, check)
    yield header
    data = _filled(source, chunk)
    number, last = 0, False
    while not last:
        following = _filled(source, chunk) if len(data) == chunk else b""
        last = not following
        if number >= _MOST_CHUNKS:
            raise ValueError("a stream of more than 2^32 chunks cannot be sealed")
        yield cipher.encrypt(_nonce(prefix, number, last), data, header)
        data, number = following, number + 1


def sealed_size(size: int, *, chunk: int = CHUNK_BYTES) -> int:
    """Return how many bytes a stream of `size` bytes has when it is sealed."""
    return HEADER_BYTES + size + _TAG * max(1, -(-size // chunk))


class SealedReader(io.RawIOBase):
    """Reads a sealed stream from anywhere in it: a file object, for `source`, which can seek.

    The last chunk is checked at once, so that a stream that was cut is refused before a byte of it is given out; each
    other chunk is when it is read. `name` is for messages. Raises DamagedInput when anything is not as it was sealed:
    another key, another context, bytes that were changed, swapped, added or dropped.
    """

    def __init__(self, key: bytes, context: bytes, source: IO[bytes], name: str) -> None:
        super().__init__()
        self._source, self._name = source, name
        self._at, self._held = 0, (-1, b"")
        head = _filled(source, HEADER_BYTES)
        try:
            magic, self._chunk, self._prefix, salt, check = _HEADER.unpack(head)
        except struct.error as error:
            raise self._damaged() from error
        if magic != _MAGIC or not 0 < self._chunk <= _LARGEST_CHUNK:
            raise self._damaged()
        self._cipher, own = _derived(key, salt, context)
        if not hmac.compare_digest(own, check):
            raise self._damaged()
        self._header = head
        body = source.seek(0, io.SEEK_END) - HEADER_BYTES
        self._count = -(-body // (self._chunk + _TAG))
        self._size = body - _TAG * self._count
        if self._count < 1 or self._size < 0 or self._count > _MOST_CHUNKS:
            raise self._damaged()
        self._fetch(self._count - 1)

    def _damaged(self) -> DamagedInput:
        return DamagedInput(f"{self._name}: is not what was sealed; restore it from a backup")

    def _fetch(self, number: int) -> bytes:
        """Return a chunk, decrypted."""
        if self._held[0] != number:
            self._source.seek(HEADER_BYTES + number * (self._chunk + _TAG))
            data = _filled(self._source, self._chunk + _TAG)
            nonce = _nonce(self._prefix, number, number == self._count - 1)
            try:
                self._held = number, self._cipher.decrypt(nonce, data, self._header)
            except InvalidTag as error:
                raise self._damaged() from error
        return self._held[1]

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, in bytes of what was sealed."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a view is what every reader hands in
        """Fill a buffer as far as the current chunk goes; 0 at the end."""
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, self._chunk)
        data = memoryview(self._fetch(number))[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it from the start."""
        for number in range(self._count):
            yield self._fetch(number)

    def close(self) -> None:
        """Close the source too, and forget the chunk."""
        if not self.closed:
            self._held = (-1, b"")
            self._source.close()
        super().close()


def _derived(key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, bytes]:
    """Return the cipher of a stream, and the check that commits to its key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes")
    made = HKDF(SHA256(), 64, salt, b"unseen seal 1" + context).derive(key)
    return AESGCM(made[:32]), made[32:]


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _filled(source: IO[bytes], size: int) -> bytes:
    """Read `size` bytes, fewer only at the end: pipes and decoders give out less than was asked for."""
    data = source.read(size)
    if len(data) == size or not data:
        return data
    parts, have = [data], len(data)
    while have < size and (data := source.read(size - have)):
        parts.append(data)
        have += len(data)
    return b"".join(parts)
