"""Objects that wait on disk: they are there when `put` returns, until they are done, over crashes, and once each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unseen.adapters.spool_file import Spool
from unseen.errors import OutputFailed, UsageError


def test_what_is_put_waits_until_it_is_done(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool") as spool:
        for number in (3, 1, 2):
            spool.put(f"2.25.{number}", bytes([number]))
            os.utime(spool.waiting(9)[-1], ns=(number, number))
        assert len(spool) == 3
        waiting = spool.waiting(2)
        assert [path.read_bytes() for path in waiting] == [b"\1", b"\2"]
        spool.done(waiting[0])
        spool.refused(waiting[1])
        assert len(spool) == 1
        assert [path.name for path in spool.waiting(9)] == ["2.25.3.dcm"]
    assert (tmp_path / "spool" / "refused" / "2.25.2.dcm").read_bytes() == b"\2"


def test_same_object_sent_twice_waits_once(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.put("2.25.7", b"first")
        spool.put("2.25.7", b"second")
        assert len(spool) == 1
        assert spool.waiting(9)[0].read_bytes() == b"second"


def test_next_node_finds_what_waited_and_drops_what_was_torn(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.put("2.25.7", b"whole")
    (tmp_path / "waiting" / "0123.part").write_bytes(b"torn")
    with Spool(tmp_path) as spool:
        assert len(spool) == 1
        assert [path.name for path in (tmp_path / "waiting").iterdir()] == ["2.25.7.dcm"]


def test_nobody_else_may_read_or_hold_it(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.put("2.25.7", b"x")
        assert spool.waiting(1)[0].stat().st_mode & 0o077 == 0
        with pytest.raises(UsageError, match="another node"), Spool(tmp_path):
            pass
    with Spool(tmp_path):
        pass


@pytest.mark.parametrize("uid", ["", "../7", "2.25.7/..", "x", "1" * 65])
def test_name_that_is_no_uid_is_refused(tmp_path: Path, uid: str) -> None:
    with Spool(tmp_path) as spool, pytest.raises(ValueError, match="UID"):
        spool.put(uid, b"x")


def test_disk_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        (tmp_path / "waiting").rmdir()
        (tmp_path / "waiting").write_bytes(b"in the way")
        with pytest.raises(OSError, match="irectory"):
            spool.put("2.25.7", b"x")
        assert len(spool) == 0
    with pytest.raises(OutputFailed, match="--spool"), Spool(tmp_path):
        pass
