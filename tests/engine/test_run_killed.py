"""Runs that are killed, interrupted, out of disk or not alone: what they leave, and how the next one goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.engine.engine_fakes import (
    KILL,
    ROOT,
    SLOW,
    STALL,
    Command,
    bare_environment,
    command,
    make_photo,
    shows_face,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked at in /proc")
workers = pytest.mark.parametrize("jobs", ["1", "2"])
_PATIENCE = 180.0


@contextlib.contextmanager
def _started(*words: str | Path, max_file: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start the command as the leader of a session of its own, as a terminal does."""
    process = subprocess.Popen(
        command(*words, "--quiet", max_file=max_file),
        cwd=ROOT,
        env=bare_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _run(*words: str | Path, max_file: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words, "--quiet", max_file=max_file),
        cwd=ROOT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _until(what: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _released(output: Path) -> list[str]:
    """Names of the files that have their final name."""
    if not output.exists():
        return []
    return sorted(p.name for p in output.iterdir() if p.is_file())


def _descendants(session: int) -> list[int]:
    """Processes of a session that are alive."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # pid (name) state parent group session ...; the name may hold anything, even brackets.
            state, _, _, sid = stat.read_text().rpartition(")")[2].split()[:4]
            if int(sid) == session and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def _gone(session: int) -> bool:
    deadline = time.monotonic() + 60
    while _descendants(session):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _all_whole_and_hidden(output: Path) -> bool:
    for name in _released(output):
        with Image.open(output / name) as image:
            image.load()
        if shows_face(output / name):
            return False
    return True


@workers
def test_killed_run_leaves_no_partial_file_and_goes_on_where_it_was(
    unseen: Command, tmp_path: Path, key: Path, jobs: str
) -> None:
    for i in range(8):
        make_photo(tmp_path / "in" / f"{i}.png", act=SLOW, seed=i)
    output = tmp_path / "out"
    words = (tmp_path / "in", "-o", output, "--key", key, "--jobs", jobs)
    with _started("redact", *words) as process:
        _until(lambda: len(_released(output)) >= 3, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert _gone(process.pid), "workers outlive the run by their current photo at most"
    finished = _released(output)
    assert 3 <= len(finished) < 8
    assert _all_whole_and_hidden(output)
    # As if it had been killed while it wrote.
    staging = output / ".unseen" / "staging"
    staging.mkdir(exist_ok=True)
    (staging / "0123456789abcdef.part").write_bytes(b"half a photo")
    times = {name: (output / name).stat().st_mtime_ns for name in finished}
    done = unseen(*words)
    assert done.code == 0
    assert sorted(name for name in done.files if done.status(name) == "resumed") == finished
    assert done.report["totals"]["files"] == {
        "released": 8 - len(finished),
        "resumed": len(finished),
        "failed": 0,
        "skipped": 0,
    }
    assert {name: (output / name).stat().st_mtime_ns for name in finished} == times
    assert _all_whole_and_hidden(output)
    assert not staging.exists()


def test_killed_run_without_a_key_is_done_again(unseen: Command, tmp_path: Path) -> None:
    for i in range(5):
        make_photo(tmp_path / "in" / f"{i}.png", act=SLOW, seed=i)
    output = tmp_path / "out"
    with _started("redact", tmp_path / "in", "-o", output, "--jobs", "1") as process:
        _until(lambda: len(_released(output)) >= 2, process)
        process.kill()
        process.wait()
    done = unseen(tmp_path / "in", "-o", output, "--jobs", "1")
    assert done.code == 0
    assert done.report["totals"]["files"]["released"] == 5
    assert "note: earlier results" in done.out


@workers
def test_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path: Path, jobs: str) -> None:
    make_photo(tmp_path / "in" / "0.png")
    for i in range(1, 6):
        make_photo(tmp_path / "in" / f"{i}.png", act=STALL, seed=i)
    output = tmp_path / "out"
    with _started("redact", tmp_path / "in", "-o", output, "--jobs", jobs) as process:
        _until(lambda: _released(output), process)
        time.sleep(0.3)
        start = time.monotonic()
        # A terminal sends Ctrl-C to the workers as well.
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=_PATIENCE)
        assert time.monotonic() - start < 45
        assert process.returncode == 130
        assert _gone(process.pid)
    assert out == ""
    assert err == "unseen: interrupted; what was released stays, run the same command again to go on\n"
    assert _released(output) == ["0.png"]
    assert sorted(p.name for p in (output / ".unseen").iterdir()) == ["journal.jsonl", "lock"]


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_ctrl_c_while_workers_start_tells_nothing_but_that(tmp_path: Path, processes: int) -> None:
    for i in range(6):
        make_photo(tmp_path / "in" / f"{i}.png", act=STALL, seed=i)
    output = tmp_path / "out"
    with _started("redact", tmp_path / "in", "-o", output, "--jobs", "2") as process:
        # The run, the helper of the standard library, and the workers one by one.
        _until(lambda: len(_descendants(process.pid)) >= processes, process)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=_PATIENCE)
        assert process.returncode == 130
        assert _gone(process.pid)
    assert err.splitlines() == ["unseen: interrupted; what was released stays, run the same command again to go on"]


def test_photo_that_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    for i in range(6):
        make_photo(tmp_path / "in" / f"{i}.png", act=KILL if i == 2 else None, seed=i)
    report = tmp_path / "r.json"
    done = _run("redact", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "2", "--report", report)
    assert done.returncode == 1
    assert _released(tmp_path / "out") == ["0.png", "1.png", "3.png", "4.png", "5.png"]
    (failed,) = (each for each in json.loads(report.read_text())["files"] if each["status"] == "failed")
    assert failed["error"].startswith("2.png: the process that worked on it died")
    assert done.stderr.splitlines() == [f"failed: {failed['error']}"]
    assert not (tmp_path / "out" / ".unseen" / "staging").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_full_disk_fails_what_does_not_fit_and_leaves_nothing_of_it(tmp_path: Path, jobs: str) -> None:
    for i in range(4):
        make_photo(tmp_path / "in" / f"{i}.png", seed=i)
    make_photo(tmp_path / "in" / "large.bmp", seed=9)
    limit = 14_000
    assert (tmp_path / "in" / "0.png").stat().st_size < limit < (tmp_path / "in" / "large.bmp").stat().st_size
    done = _run("redact", tmp_path / "in", "-o", tmp_path / "out", "--jobs", jobs, max_file=limit)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("failed: large.bmp: cannot be written (")
    assert line.endswith("free some space or choose another -o")
    assert _released(tmp_path / "out") == [f"{i}.png" for i in range(4)]
    assert _all_whole_and_hidden(tmp_path / "out")


def test_journal_on_a_full_disk_releases_nothing_that_it_cannot_record(tmp_path: Path, key: Path) -> None:
    for i in range(6):
        path = tmp_path / "in" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (64, 64), (i, 0, 0)).save(path)
    output = tmp_path / "out"
    words = ("redact", tmp_path / "in", "-o", output, "--key", key, "--jobs", "1")
    done = _run(*words, max_file=2200)
    assert done.returncode == 1
    released = _released(output)
    assert 0 < len(released) < 6
    failed = done.stderr.splitlines()
    assert len(failed) == 6 - len(released)
    assert all("cannot write the journal" in line for line in failed)
    journal = (output / ".unseen" / "journal.jsonl").read_text()
    assert journal.endswith("\n")
    assert [json.loads(line)["event"] for line in journal.splitlines()] == ["run", *["file"] * len(released)]
    again = _run(*words)
    assert again.returncode == 0
    assert f"{6 - len(released)} released, {len(released)} resumed" in again.stdout


def test_disk_too_full_for_the_journal_ends_the_run_before_it_starts(tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    done = _run("redact", tmp_path / "in", "-o", tmp_path / "out", max_file=100)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("unseen: error: ")
    assert "cannot write the journal" in line
    assert _released(tmp_path / "out") == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_receipt_on_a_full_disk_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("redact", tmp_path / "in", "-o", tmp_path / "out"),
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("unseen: error: cannot print the receipt (")
    assert len(done.stderr.splitlines()) == 1
    assert _released(tmp_path / "out") == ["a.png"]


def test_second_run_on_one_output_is_turned_away(tmp_path: Path) -> None:
    for i in range(2):
        make_photo(tmp_path / "in" / f"{i}.png", act=STALL if i else None, seed=i)
    output = tmp_path / "out"
    with _started("redact", tmp_path / "in", "-o", output, "--jobs", "1") as process:
        _until(lambda: _released(output), process)
        second = _run("redact", tmp_path / "in", "-o", output)
        assert second.returncode == 2
        assert second.stderr.splitlines() == [
            f"unseen: error: {output}: another run is writing there; wait for it or choose another -o"
        ]
        assert process.poll() is None
        process.kill()
        process.wait()
    # The lock went with the process.
    (tmp_path / "in" / "1.png").unlink()
    assert _run("redact", tmp_path / "in", "-o", output).returncode == 0


@workers
def test_reader_of_the_receipt_that_went_away_does_not_change_the_outcome(tmp_path: Path, jobs: str) -> None:
    make_photo(tmp_path / "in" / "a.png")
    with _started("redact", tmp_path / "in", "-o", tmp_path / "out", "--jobs", jobs) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=_PATIENCE)
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) == (0, "")
        process.stdout = None
    assert _released(tmp_path / "out") == ["a.png"]


def test_reader_of_the_errors_that_went_away_ends_the_run(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{i}.png").write_bytes(b"no photo")
    with _started("redact", tmp_path / "in", "-o", tmp_path / "out") as process:
        assert process.stderr is not None
        process.stderr.close()
        process.wait(timeout=_PATIENCE)
        assert process.returncode == 1
        process.stderr = None


def test_same_receipts_from_one_process_and_from_two(unseen: Command, tmp_path: Path, key: Path) -> None:
    for i in range(5):
        make_photo(tmp_path / "in" / f"{i}.png", face=i % 2 == 0, seed=i)
    (tmp_path / "in" / "cut.png").write_bytes((tmp_path / "in" / "0.png").read_bytes()[:100])
    (tmp_path / "in" / "readme").write_text("no photo")
    seen = []
    for jobs in ("1", "2"):
        done = unseen(tmp_path / "in", "-o", tmp_path / f"out{jobs}", "--jobs", jobs, "--key", key)
        assert done.code == 1
        # Times differ, and so does the noise that is laid over what is hidden.
        dropped = ("seconds", "output_hash")
        seen.append({name: {k: v for k, v in each.items() if k not in dropped} for name, each in done.files.items()})
    assert seen[0] == seen[1]


def test_output_streams_are_in_any_encoding(tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "ž.png")
    (tmp_path / "in" / "č.png").write_bytes(b"no photo")
    done = subprocess.run(
        command("redact", tmp_path / "in", "-o", tmp_path / "ö 👪"),
        cwd=ROOT,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 1
    assert b"failed: \\u010d.png: " in done.stderr
    assert done.stdout.splitlines()[-1].endswith(b"-> " + os.fsencode(tmp_path) + b"/\\xf6 \\U0001f46a")
    assert sys.getdefaultencoding() == "utf-8"
