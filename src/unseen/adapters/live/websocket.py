"""The server's side of WebSocket: handshake and frames (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "accept_key", "frame", "read_frame"]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: Viewers have nothing to say but closing, pings and pongs: more than this from one is not read.
_MOST = 4096
#: From here on kinds are of control frames, which are whole and no longer than this (RFC 6455, 5.5).
_CONTROL, _MOST_CONTROL = 8, 125


def accept_key(key: str) -> str:
    """Return what answers a handshake's Sec-WebSocket-Key (RFC 6455, 4.2.2); raises ValueError if it is none."""
    if len(base64.b64decode(key, validate=True)) != 16:
        raise ValueError("a WebSocket key has 16 bytes")
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def frame(data: bytes, kind: int = BINARY) -> bytes:
    """Return a whole message as one frame, not masked, as servers send them (RFC 6455, 5.2)."""
    first = bytes([0x80 | kind])
    if len(data) < 126:
        return first + bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return first + b"\x7e" + struct.pack(">H", len(data)) + data
    return first + b"\x7f" + struct.pack(">Q", len(data)) + data


def read_frame(read: Callable[[int], bytes]) -> tuple[int, bytes] | None:
    """Read one frame of a client by `read`, which returns so many bytes or fewer at the end; None at the end.

    Raises ValueError for a frame that no client may send: not masked, too long, or a part of a control frame.
    """
    head = read(2)
    if len(head) < 2:
        return None
    length = head[1] & 127
    if not head[1] & 128:
        raise ValueError("a client masks its frames")
    if head[0] & 15 >= _CONTROL and (length > _MOST_CONTROL or not head[0] & 128):
        raise ValueError("a control frame is short and whole")
    if length >= 126:
        size = 2 if length == 126 else 8
        length = int.from_bytes(read(size), "big")
    if length > _MOST:
        raise ValueError("a viewer says no more than a few words")
    mask = read(4)
    data = read(length)
    if len(mask) < 4 or len(data) < length:
        return None
    return head[0] & 15, bytes(byte ^ mask[i & 3] for i, byte in enumerate(data))
