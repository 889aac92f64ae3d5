"""Addresses of live cameras and targets as words: what may be shown of them, and what only looks like one."""

from __future__ import annotations

import re
from pathlib import PurePath
from urllib.parse import urlsplit

__all__ = ["CAMERA_NAME", "SCHEME", "looks_like_address", "mask_name", "mask_url"]

#: What a camera may be called: it is part of addresses, of folders and of metrics.
CAMERA_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

_MASK = "***"
#: What begins like an address: a word that is known with a sign behind it, or any word with a colon and a stroke.
_MISTYPED = re.compile(r"\s*(?:(?:rt[ms]ps?|rtp|srt|udp|tcp|ftp|https?)\s*[:;/\\]|[A-Za-z][A-Za-z0-9+.-]+:[/\\])", re.I)
_USER = re.compile(r":.*@", re.S)
#: A host and a port: localhost:8080, mjpeg:127.0.0.1:8080.
_PORT = re.compile(r":\d{1,5}[/\s]*$")
#: A camera's address whose beginning was left out: 10.0.0.2/user=admin&password=...
_WORDS = re.compile(r"(?:^|[/?&;_])(?:pass|passwd|password|pwd|token|secret)=", re.I)
#: Where the words of a path begin, as in /user=admin&password=...; what divides them may be part of a password.
_PAIR = re.compile(r"=|%3D", re.I)


def looks_like_address(text: str) -> bool:
    """Whether a word that is no address was probably meant to be one, and may hold a password."""
    if SCHEME.match(text):
        return False
    return bool(
        "://" in text or _MISTYPED.match(text) or _USER.search(text) or _PORT.search(text) or _WORDS.search(text)
    )


def mask_url(url: str) -> str:
    """Return an address as it may be shown: user, password, query and what follows "=" in the path become stars."""
    if not SCHEME.match(url):
        return _MASK if looks_like_address(url) else url
    try:
        parts = urlsplit(url)
        _ = parts.port  # what is no number may be a password that has lost its host
    except ValueError:
        return f"{url.partition('://')[0]}://{_MASK}"
    # What looks like a query or a fragment may be the rest of a password that was not escaped.
    place = parts.netloc.rpartition("@")[2]
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return f"{parts.scheme}://{_MASK}"
    user = f"{_MASK}@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{user}{place}{_without_values(parts.path)}" + (f"?{_MASK}" if parts.query else "")


def mask_name(path: str) -> str:
    """Return the name of a file that is not there as it may be shown: it may have been meant as an address."""
    if looks_like_address(path):
        return _MASK
    user, sign, name = path.rpartition("@")
    name = PurePath(name if sign else path).name.partition("?")[0]
    return (f"{_MASK}@" if user else "") + _without_values(name)


def _without_values(path: str) -> str:
    pair = _PAIR.search(path)
    return path if pair is None else f"{path[: pair.end()]}{_MASK}"
