"""Fetch a model file from an https address."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from typing import IO, Protocol

from unseen.core.models import ModelEntry, UrlSource
from unseen.errors import ModelCorrupt, ModelUnavailable

__all__ = ["HttpsOnly", "UrlFetcher"]

_MAX_BYTES = 1 << 30
_TIMEOUT_SECONDS = 60.0


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https addresses only; raises URLError for others."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise urllib.error.URLError("redirected to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open_https(url: str) -> _Readable:
    opener = urllib.request.build_opener(HttpsOnly)
    stream: _Readable = opener.open(url, timeout=_TIMEOUT_SECONDS)
    return stream


class UrlFetcher:
    """Downloads over https; `open_url` returns a stream of an address's bytes (default: urllib, https only)."""

    def __init__(self, open_url: Callable[[str], _Readable] = _open_https) -> None:
        self._open_url = open_url

    def __call__(self, entry: ModelEntry, source: UrlSource) -> bytes:
        """Return the bytes; the caller compares them with the pinned hash.

        Raises ModelUnavailable when they cannot be had, ModelCorrupt when there are more than the catalogue says.
        """
        if not source.url.startswith("https://"):
            raise ModelUnavailable(f"{entry.name}: only https addresses are fetched; {entry.how_to_get}")
        limit = _MAX_BYTES if entry.size_bytes is None else entry.size_bytes
        try:
            data = self._read(source.url, limit)
        except (OSError, HTTPException) as error:
            raise ModelUnavailable(f"{entry.name}: the download failed; {entry.how_to_get}") from error
        if len(data) > limit:
            raise ModelCorrupt(f"{entry.name}: more than {limit} bytes were served; nothing was kept")
        return data

    def _read(self, url: str, limit: int) -> bytes:
        stream = self._open_url(url)
        try:
            parts: list[bytes] = []
            length = 0
            while length <= limit and (part := stream.read(min(1 << 20, limit + 1 - length))):
                parts.append(part)
                length += len(part)
            return b"".join(parts)
        finally:
            stream.close()
