"""Stores of encrypted files: one contract, in a folder and behind fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.vault_scenes import begin, keep, read, reopen
from unseen.adapters.blobs_folder import FolderBlobs
from unseen.adapters.blobs_fsspec import FsspecBlobs
from unseen.core.ports import BlobStore
from unseen.errors import OutputFailed, Refused, UnreadableInput, UsageError

_NAME = "0123456789abcdef0123456789abcdef"


@pytest.fixture(params=["folder", "file", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "items")
    pytest.importorskip("fsspec")
    return FsspecBlobs(f"file://{tmp_path}/items" if request.param == "file" else f"memory://{tmp_path}")


def _parts(*parts: bytes | Exception) -> Iterator[bytes]:
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


def test_what_was_written_is_read_from_anywhere(blobs: BlobStore) -> None:
    assert list(blobs.names()) == []
    blobs.write(_NAME, _parts(b"abc", b"", b"def"))
    with blobs.open(_NAME) as file:
        assert file.read() == b"abcdef"
        assert file.seek(-2, 2) == 4
        assert file.read(1) == b"e"
    assert list(blobs.names()) == [_NAME]


def test_what_breaks_off_leaves_nothing(blobs: BlobStore) -> None:
    with pytest.raises(Refused):
        blobs.write(_NAME, _parts(b"abc", Refused("no")))
    assert list(blobs.names()) == []
    with pytest.raises(UnreadableInput):
        blobs.open(_NAME)


def test_what_was_deleted_is_gone_and_may_be_deleted_again(blobs: BlobStore) -> None:
    blobs.write(_NAME, _parts(b"abc"))
    blobs.delete(_NAME)
    blobs.delete(_NAME)
    assert list(blobs.names()) == []


def test_a_vault_keeps_its_items_there(blobs: BlobStore, tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    with closing(begin(tmp_path, blobs)) as vault:
        keep(vault, "a", "research", data=data)
        keep(vault, "b", "research")
        vault.erase(["b"])
    assert len(list(blobs.names())) == 1
    with closing(reopen(tmp_path, blobs)) as vault:
        assert read(vault, "a", "research") == data
        with vault.open("a", "research") as stream:
            stream.seek(2_000_000)
            assert stream.read(5) == data[2_000_000:2_000_005]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "items").write_text("a file")
    with pytest.raises(OutputFailed, match="cannot write there"):
        FolderBlobs(tmp_path / "items").write(_NAME, _parts(b"x"))


def test_a_store_that_is_not_known_is_refused() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(UsageError, match="nosuch: cannot be used as a store of files"):
        FsspecBlobs("nosuch://x")
