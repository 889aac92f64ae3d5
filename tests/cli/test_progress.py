"""Progress: plain lines now and then where nobody watches, a bar with rate and time left on a terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.engine_fakes import ROOT, SLOW, command, make_photo
from unseen.cli.progress import Progress
from unseen.core.receipts import FileReceipt, Status


def _receipt(status: Status = "released", error: str | None = None) -> FileReceipt:
    return FileReceipt("a.jpg", status, error=error)


def _clock(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


def _told(receipts: list[FileReceipt], *, step: float, quiet: bool = False) -> list[str]:
    """What is printed where each receipt takes `step` seconds."""
    stream, ticks = io.StringIO(), _clock(step)
    with Progress(quiet=quiet, stream=stream, clock=lambda: next(ticks)) as progress:
        progress(len(receipts))
        for receipt in receipts:
            progress(receipt)
    return stream.getvalue().splitlines()


def test_quick_run_says_nothing() -> None:
    assert _told([_receipt()] * 50, step=0.1) == []


def test_long_run_says_rate_and_time_left_every_ten_seconds() -> None:
    assert _told([_receipt()] * 30, step=4.0) == [
        f"{done}/30 files, 0.2 a second, {(30 - done) * 4} s left" for done in range(3, 31, 3)
    ]


def test_problems_are_told_as_they_come() -> None:
    receipts = [_receipt("failed", "a.jpg: is damaged"), _receipt(), _receipt("skipped", "b: no photo")]
    assert _told(receipts, step=0.1) == ["failed: a.jpg: is damaged", "skipped: b: no photo"]


def test_quiet_tells_failures_only() -> None:
    receipts = [_receipt("failed", "a.jpg: is damaged"), _receipt("skipped", "b: no photo"), *[_receipt()] * 20]
    assert _told(receipts, step=30.0, quiet=True) == ["failed: a.jpg: is damaged"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals of that kind")
@pytest.mark.parametrize("quiet", [False, True])
def test_terminal_gets_a_bar_and_the_errors_above_it(tmp_path: Path, quiet: bool) -> None:
    for i in range(3):
        make_photo(tmp_path / "in" / f"{i}.png", act=SLOW, seed=i)
    (tmp_path / "in" / "bad.png").write_bytes(b"no photo")
    import termios

    words = command("redact", tmp_path / "in", "-o", tmp_path / "out", *(["--quiet"] if quiet else []))
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=slave, text=True)
    os.close(slave)
    shown = _drained(master)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "failed: bad.png: " in shown
    assert ("4/4" in shown) != quiet
    assert bool(re.search(r"\d+/4 \[\d\d:\d\d<.*file", shown)) != quiet
    assert len(out.splitlines()) == (1 if quiet else 5)


def _drained(master: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(master)
    return b"".join(parts).decode()
