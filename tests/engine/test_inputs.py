"""What a job names is read whole or refused: photos, keys, policies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unseen.engine.inputs import read_key, read_photo
from unseen.errors import KeyUnusable, UnreadableInput


def test_photo_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    assert read_photo(tmp_path / "a", "a", 1000) == b"x" * 1000


def test_no_more_is_read_than_is_needed_to_see_that_a_photo_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    assert len(read_photo(tmp_path / "a", "a", 10)) == 11


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system has no endless files")
def test_file_that_says_it_is_empty_is_read_as_empty() -> None:
    assert read_photo(Path("/proc/self/maps"), "maps", 1000) == b""


@pytest.mark.parametrize("name", ["gone", "folder", "loop", "x" * 300])
def test_what_cannot_be_read_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UnreadableInput, match=r"^the name: ") as told:
        read_photo(tmp_path / name, "the name", 1000)
    assert str(tmp_path) not in str(told.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableInput, match="not a regular file"):
        read_photo(tmp_path / "pipe", "pipe", 1000)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are those of POSIX")
def test_photo_without_permission_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.geteuid() == 0:
        assert read_photo(path, "a", 10) == b"x", "root may read everything"
        return
    with pytest.raises(UnreadableInput, match="check its permissions"):
        read_photo(path, "a", 10)


def test_without_a_key_a_fresh_one_is_made() -> None:
    one, two = read_key(None), read_key(None)
    assert one.secret != two.secret
    assert not one.kept


def test_key_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(32))
    path.chmod(0o600)
    assert read_key(path).kept
    assert read_key(path).secret == bytes(32)


@pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o601])
def test_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "my\nkey"
    path.write_bytes(bytes(32))
    path.chmod(mode)
    with pytest.raises(KeyUnusable, match=r"chmod 600 .*my\\nkey"):
        read_key(path)
