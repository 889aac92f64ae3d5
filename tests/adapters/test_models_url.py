"""Downloads over https: bounds, redirects and failures; streams are made up, no network."""

from __future__ import annotations

import dataclasses
import io
import urllib.error
import urllib.request
from http.client import HTTPMessage, IncompleteRead

import pytest

from unseen.adapters.models_url import HttpsOnly, UrlFetcher
from unseen.core.catalogue import CATALOGUE
from unseen.core.models import UrlSource
from unseen.errors import ModelCorrupt, ModelUnavailable

DATA = b"weights" * 500_000
ENTRY = dataclasses.replace(CATALOGUE["centerface"], size_bytes=len(DATA))
SOURCE = UrlSource("https://models.example/face.onnx")


def test_all_bytes_are_returned() -> None:
    assert UrlFetcher(lambda url: io.BytesIO(DATA))(ENTRY, SOURCE) == DATA


def test_more_bytes_than_the_catalogue_says_are_refused_and_not_read() -> None:
    stream = io.BytesIO(DATA * 3)
    kept = _Open(stream)
    with pytest.raises(ModelCorrupt, match="nothing was kept"):
        UrlFetcher(lambda url: kept)(ENTRY, SOURCE)
    assert stream.tell() == len(DATA) + 1
    assert kept.closed


@pytest.mark.parametrize("url", ["http://models.example/x", "file:///etc/hosts", "ftp://models.example/x", "HTTPS://x"])
def test_other_addresses_than_https_are_refused_before_anything_is_opened(url: str) -> None:
    def opened(url: str) -> io.BytesIO:
        raise AssertionError("opened")

    with pytest.raises(ModelUnavailable, match="only https"):
        UrlFetcher(opened)(ENTRY, UrlSource(url))


@pytest.mark.parametrize("error", [urllib.error.URLError("offline"), TimeoutError(), IncompleteRead(b"")])
def test_a_failed_download_says_how_to_get_the_file(error: Exception) -> None:
    def fails(url: str) -> io.BytesIO:
        raise error

    with pytest.raises(ModelUnavailable, match="the download failed; run `unseen models pull centerface`"):
        UrlFetcher(fails)(ENTRY, SOURCE)


@pytest.mark.parametrize(("target", "follows"), [("https://b.example/x", True), ("http://b.example/x", False)])
def test_redirects_stay_on_https(target: str, follows: bool) -> None:
    request = urllib.request.Request(SOURCE.url)
    headers = HTTPMessage()
    if follows:
        found = HttpsOnly().redirect_request(request, io.BytesIO(), 302, "Found", headers, target)
        assert found is not None
        assert found.full_url == target
    else:
        with pytest.raises(urllib.error.URLError):
            HttpsOnly().redirect_request(request, io.BytesIO(), 302, "Found", headers, target)


class _Open:
    """A stream that remembers being closed, with its buffer still to be asked."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream
        self.closed = False

    def read(self, size: int, /) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        self.closed = True
