"""Sealed streams: they come back from anywhere in them, and not if a byte, chunk or end was touched."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.crypto.seal import HEADER_BYTES, SealedReader, seal, sealed_size
from unseen.errors import DamagedInput

_KEY, _CONTEXT, _CHUNK = bytes(range(32)), b"item", 16
_STEP = _CHUNK + 16


def _sealed(data: bytes, key: bytes = _KEY, context: bytes = _CONTEXT) -> bytes:
    return b"".join(seal(key, context, io.BytesIO(data), os.urandom, chunk=_CHUNK))


def _opened(sealed: bytes, key: bytes = _KEY, context: bytes = _CONTEXT) -> SealedReader:
    return SealedReader(key, context, io.BytesIO(sealed), "item")


def _read(sealed: bytes, key: bytes = _KEY, context: bytes = _CONTEXT) -> bytes:
    return b"".join(_opened(sealed, key, context).chunks())


@given(st.binary(max_size=70))
def test_a_stream_comes_back(data: bytes) -> None:
    sealed = _sealed(data)
    assert len(sealed) == sealed_size(len(data), chunk=_CHUNK)
    assert _read(sealed) == data
    assert io.BufferedReader(_opened(sealed)).read() == data


@given(st.binary(max_size=70), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=6))
def test_it_is_read_from_anywhere_as_a_file_is(data: bytes, reads: list[tuple[int, int]]) -> None:
    file, sealed = io.BytesIO(data), io.BufferedReader(_opened(_sealed(data)), 8)
    for place, size in reads:
        assert sealed.seek(place) == file.seek(place)
        assert sealed.read(size) == file.read(size)
    assert sealed.seek(0, io.SEEK_END) == len(data)


@given(st.binary(max_size=50), st.data())
@examples(2)
def test_no_byte_can_be_changed(data: bytes, draw: st.DataObject) -> None:
    sealed = bytearray(_sealed(data))
    sealed[draw.draw(st.integers(0, len(sealed) - 1))] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(DamagedInput, match="item: is not what was sealed"):
        _read(bytes(sealed))


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 33, 64])
def test_it_cannot_be_cut_and_nothing_is_given_out_first(size: int) -> None:
    sealed = _sealed(os.urandom(size))
    for length in range(len(sealed)):
        with pytest.raises(DamagedInput):
            _opened(sealed[:length])


def test_nothing_can_be_added() -> None:
    sealed = _sealed(bytes(40))
    for more in (b"x", bytes(16), sealed[-24:], sealed[HEADER_BYTES:]):
        with pytest.raises(DamagedInput):
            _opened(sealed + more)


def test_chunks_cannot_be_swapped_dropped_repeated_or_taken_from_another_stream() -> None:
    data = os.urandom(80)
    sealed, other = _sealed(data), _sealed(data)
    head = sealed[:HEADER_BYTES]
    chunks = [sealed[i : i + _STEP] for i in range(HEADER_BYTES, len(sealed), _STEP)]
    foreign = other[HEADER_BYTES : HEADER_BYTES + _STEP]
    for order in ([1, 0, 2, 3, 4], [0, 2, 3, 4], [0, 0, 1, 2, 3, 4], [0, 1, 2, 3], [4]):
        with pytest.raises(DamagedInput):
            _read(head + b"".join(chunks[i] for i in order))
    with pytest.raises(DamagedInput):
        _read(head + foreign + b"".join(chunks[1:]))
    with pytest.raises(DamagedInput):
        _read(other[:HEADER_BYTES] + b"".join(chunks))


def test_another_key_or_context_opens_nothing() -> None:
    sealed = _sealed(b"data")
    for key, context in ((bytes(32), _CONTEXT), (_KEY, b"other"), (_KEY, b"")):
        with pytest.raises(DamagedInput):
            _opened(sealed, key, context)


@pytest.mark.parametrize("chunk", [0, 1 << 27, (1 << 32) - 1])
def test_a_header_cannot_ask_for_any_amount_of_memory(chunk: int) -> None:
    sealed = _sealed(b"data")
    with pytest.raises(DamagedInput):
        _opened(sealed[:8] + chunk.to_bytes(4, "big") + sealed[12:])


def test_two_streams_of_the_same_share_nothing() -> None:
    one, two = _sealed(bytes(64)), _sealed(bytes(64))
    assert not {one[i : i + 16] for i in range(12, len(one), 16)} & {two[i : i + 16] for i in range(12, len(two), 16)}


class _Drips(io.BytesIO):
    """Gives out a few bytes at a time, as pipes do."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3 if size is None or size < 0 else min(3, size))


def test_a_source_that_gives_out_little_at_a_time_is_read_to_its_end() -> None:
    data = os.urandom(50)
    sealed = b"".join(seal(_KEY, _CONTEXT, _Drips(data), os.urandom, chunk=_CHUNK))
    assert _read(sealed) == data
    assert len(sealed) == sealed_size(50, chunk=_CHUNK)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a data key has 32 bytes"):
        next(seal(b"short", b"", io.BytesIO(), os.urandom))
