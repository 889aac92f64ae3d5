"""WebSocket frames as RFC 6455 writes them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.live.websocket import CLOSE, TEXT, accept_key, frame, read_frame


def test_handshake_answers_as_in_the_rfc() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "abc", "not base64!", "dGhl"])
def test_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"16 bytes|base64|padding|padded"):
        accept_key(key)


def test_masked_text_is_read_as_in_the_rfc() -> None:
    wire = bytes([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    assert read_frame(io.BytesIO(wire).read) == (TEXT, b"Hello")


def test_frames_are_written_as_in_the_rfc() -> None:
    assert frame(b"Hello", TEXT) == bytes([0x81, 5]) + b"Hello"
    assert frame(bytes(256))[:4] == bytes([0x82, 0x7E, 1, 0])
    assert frame(bytes(65536))[:10] == bytes([0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])
    assert frame(b"\x03\xe9", CLOSE)[:2] == bytes([0x88, 2])


@pytest.mark.parametrize("wire", [b"\x81\x05Hello", bytes([0x82, 0xFF]) + b"\xff" * 8 + bytes(4)])
def test_frame_that_no_client_may_send_is_refused(wire: bytes) -> None:
    with pytest.raises(ValueError, match=r"masks|few words"):
        read_frame(io.BytesIO(wire).read)


@pytest.mark.parametrize("wire", [bytes([0x89, 0xFE, 0, 126]) + bytes(130), bytes([0x09, 0x80]) + bytes(4)])
def test_control_frame_that_is_long_or_a_part_is_refused(wire: bytes) -> None:
    with pytest.raises(ValueError, match="short and whole"):
        read_frame(io.BytesIO(wire).read)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_an_end_or_an_error(wire: bytes) -> None:
    try:
        read = read_frame(io.BytesIO(wire).read)
    except ValueError:
        return
    assert read is None or len(read[1]) <= 4096
