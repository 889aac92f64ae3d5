"""The words of `unseen live`: what they mean, what is refused in one line, and how the command ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live_fakes import bright_shares, write_clip
from unseen.adapters.models_store import FileModelStore
from unseen.cli.live import job_from, run
from unseen.cli.main import build_parser, main
from unseen.core.live import LiveJob


def _job(*words: str) -> LiveJob:
    return job_from(build_parser().parse_args(["live", *words]))


def test_words_become_a_job(tmp_path: Path) -> None:
    job = _job(
        "door=rtsp://u:p@cam/1", "b.mp4", "--publish", "http://127.0.0.1:8080", "--publish", str(tmp_path),
        "--classes", "face,person", "--hide", "face=solid", "--look-ahead", "600", "--looks", "5", "--side", "480",
        "--segment", "30", "--keep", "2", "--keep-mb", "5", "--loop", "--stop-after", "9",
    )  # fmt: skip
    assert [source.name for source in job.sources] == ["door", "camera2"]
    assert [target.kind for target in job.targets] == ["http", "segments"]
    assert {"face", "person"} <= job.recipe.hidden
    assert job.recipe.looks["face"].method == "solid"
    assert (job.look_ahead, job.looks, job.side, job.loop, job.stop_after) == (0.6, 5, 480, True, 9)
    assert (job.segments.seconds, job.segments.keep_seconds, job.segments.keep_bytes) == (30, 7200, 5_000_000)
    assert (job.recipe.recall, job.recipe.verify) == ("fast", "skip")


def test_addresses_and_token_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "cam").write_text("rtsp://user:secret@cam/1\n")
    (tmp_path / "token").write_text("0123456789abcdef\n")
    job = _job(
        f"@{tmp_path / 'cam'}", f"yard=@{tmp_path / 'cam'}", "--publish", "http://127.0.0.1:0", "--token-file",
        str(tmp_path / "token"),
    )  # fmt: skip
    assert [source.url for source in job.sources] == ["rtsp://user:secret@cam/1"] * 2
    assert job.listening.token == "0123456789abcdef"
    assert set(job.read) == {tmp_path / "cam", tmp_path / "token"}


@pytest.mark.parametrize("named", ["", "door="])
@pytest.mark.parametrize("url", ["rtsp://admin:Zq7xSecret=@127.0.0.1:9/x", "rtsp://admin:a=@b=@127.0.0.1:9/x"])
def test_password_may_end_like_a_name(named: str, url: str) -> None:
    (source,) = _job(f"{named}{url}", "--publish", "http://127.0.0.1:0").sources
    assert (source.kind, source.url) == ("rtsp", url)
    (target,) = _job("a.mp4", "--publish", url).targets
    assert (target.kind, target.url) == ("rtsp", url)


def test_file_of_an_address_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "me@home=1"
    path.write_text("rtsp://cam/1")
    assert _job(f"door=@{path}", "--publish", "out").sources[0].url == "rtsp://cam/1"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a.mp4", "--publish", "http://0.0.0.0:8080"], 3, "needs TLS and a token"),
        (["a.mp4", "--publish", "https://0.0.0.0:8080"], 3, "needs TLS and a token"),
        (["a.mp4", "--publish", "ftp://x/"], 2, "nothing is published by ftp"),
        (["gopher://u:Zq7xSecret@x/", "--publish", "out"], 2, "no camera is read by gopher"),
        (
            ["a.mp4", "--publish", "out", "--look-ahead", "50"],
            2,
            "look-ahead must be from 100 to 10000 milliseconds, got 50",
        ),
        (["a.mp4", "--publish", "out", "--keep", "-1"], 2, "--keep must be a number above 0, got -1"),
        (["a.mp4", "--publish", "out", "--keep", "nan"], 2, "--keep must be a number above 0, got nan"),
        (["", "--publish", "out"], 2, "a source is empty; name rtsp://"),
        (["a.mp4", "--publish", ""], 2, "a target to --publish to is empty; name http://"),
        (["a.mp4", "--publish", "out", "--classes", "elephant"], 2, "unknown class"),
        (["gate.1=rtsp://admin:Zq7xSecret@127.0.0.1:9", "--publish", "out"], 2, "gate.1: a camera cannot be called so"),
        (["rtsp:/admin:Zq7xSecret@127.0.0.1:9", "--publish", "out"], 2, "write rtsp://"),
        (["a.mp4", "--publish", "rtsp//u:Zq7xSecret@127.0.0.1/x"], 2, "write http://HOST:PORT or rtsp://"),
        (["Zq7xSecret@127.0.0.1/x", "--publish", "out"], 1, "no such file"),
        (["a" * 300, "--publish", "out"], 1, "no such file"),
        ([".", "--publish", "out"], 1, "camera1: the source: is no regular file; name a video"),
        (["a.mp4", "--publish", "127.0.0.1:8080"], 2, "write http://HOST:PORT"),
        (["a.mp4", "--publish", "out", "--keep-mb", "inf"], 2, "--keep-mb must be a number above 0, got inf"),
        (["a.mp4", "--publish", "out", "--keep-mb", "nan"], 2, "--keep-mb must be a number above 0, got nan"),
        (["a.mp4", "--publish", "out", "--keep-mb", "-1"], 2, "--keep-mb must be a number above 0, got -1"),
        (["@admin:Zq7xSecret@127.0.0.1", "--publish", "out"], 2, "write rtsp://"),
        (["@", "--publish", "out"], 2, "cannot read the address"),
        (["a.mp4", "--publish", "out", "--report", "a.mp4"], 2, "a.mp4 is a folder, a photo or"),
        (["@gone.txt", "--publish", "out"], 2, "cannot read the address"),
        (["a.mp4", "b.mp4", "--publish", "rtsp://x/y"], 2, "several cameras"),
        (["a.mp4", "--publish", "out", "--hide", "face=mosaic:99"], 3, "floor"),
        (["a.mp4", "--publish", "out", "--classes", "face,head"], 2, "name person instead"),
        (["a.mp4", "--publish", "out", "--hide", "head=solid"], 2, "name person instead"),
    ],
)
def test_wrong_words_are_refused_in_one_line(words: list[str], code: int, said: str, capsys: Any) -> None:
    assert main(["live", *words]) == code
    told = capsys.readouterr().err
    assert told.startswith("unseen: error: ")
    assert told.count("\n") == 1
    assert said in told
    assert "Zq7xSecret" not in told


class _Gone(io.StringIO):
    """An error output that nobody reads any more, or whose disk is full."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def _ends(engine: Callable[..., dict[str, Any]], *, quiet: bool = True) -> int:
    words = ["live", "door=a.mp4", "--publish", "out", *(["--quiet"] if quiet else [])]
    return run(build_parser().parse_args(words), engine)


def _status(out: int = 0, error: str | None = None, *, problems: Sequence[str] = ()) -> dict[str, Any]:
    return {"problems": [*problems], "cameras": {"door": {"frames": {"out": out}, "error": error}}}


def test_run_goes_on_where_nobody_reads_its_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(_: LiveJob, *, tell: Callable[[str], None], **__: Any) -> dict[str, Any]:
        tell("door: does not answer")
        return _status(5, problems=["door: still does not"])

    monkeypatch.setattr(sys, "stderr", _Gone())
    assert _ends(engine) == 1


def test_end_is_the_same_where_the_terminal_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = {"in": 5, "out": 5, "dropped": 0, "hidden_whole": 0}
    status = {"problems": [], "cameras": {"door": {"frames": frames, "error": None, "latency_s": {"p95": None}}}}
    monkeypatch.setattr(sys, "stdout", _Gone())
    assert _ends(lambda _, **__: status, quiet=False) == 0


@pytest.mark.parametrize(
    ("out", "error", "code"),
    [(0, "door: x does not answer", 1), (0, "x holds no video", 1), (9, "door: x does not answer", 0), (0, None, 0)],
    ids=["never-there", "unreadable", "away-at-the-end", "at-once-ended"],
)
def test_run_without_any_picture_is_a_failure(out: int, error: str | None, code: int, capsys: Any) -> None:
    assert _ends(lambda _, **__: _status(out, error)) == code
    told = capsys.readouterr().err
    assert told == (f"failed: door: {(error or '').removeprefix('door: ')}\n" if code else "")


#: A run of its own process, since a signal that nobody hears ends the process: what is heard, told and left afterwards.
_TERMINAL = """
import signal, sys
from unseen.cli.live import run
from unseen.cli.main import build_parser

heard = []
def hear(number, frame):
    heard.append(number)
before, names = sys.argv[1], sys.argv[2:]
first = hear if before == "heard" else getattr(signal, before)
signal.signal(signal.SIGHUP, first)

def engine(job, *, stop, **rest):
    for name in names:
        signal.raise_signal(getattr(signal, name))
    print("told to end" if stop.is_set() else "goes on")
    camera = {"frames": {"out": 1}, "error": None}
    return {"problems": [], "cameras": {"door": camera}}

code = run(build_parser().parse_args(["live", "door=a.mp4", "--publish", "out", "--quiet"]), engine)
print(code, heard, signal.getsignal(signal.SIGHUP) == first)
"""


def _told(before: str, *names: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", _TERMINAL, before, *names]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no terminals that close")
@pytest.mark.parametrize("times", [1, 2], ids=["system", "system-and-shell"])
@pytest.mark.parametrize(
    ("before", "said"),
    [("SIG_DFL", "told to end"), ("SIG_IGN", "goes on"), ("heard", "told to end")],
    ids=["terminal", "nohup", "handler"],
)
def test_closed_terminal_ends_the_run_cleanly_unless_told_otherwise(before: str, said: str, times: int) -> None:
    done = _told(before, *["SIGHUP"] * times)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{said}\n0 [] True\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no process is sent SIGTERM")
def test_who_asks_a_second_time_waits_no_longer() -> None:
    done = _told("SIG_DFL", "SIGTERM", "SIGTERM")
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")


def test_file_with_the_signs_of_an_address_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "at 12:30 me@home=1.mp4").touch()
    (source,) = _job("at 12:30 me@home=1.mp4", "--publish", "out").sources
    assert (source.kind, source.url) == ("file", "at 12:30 me@home=1.mp4")


def test_short_token_is_refused(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "token").write_text("short")
    assert main(["live", "a.mp4", "--publish", "out", "--token-file", str(tmp_path / "token")]) == 2
    assert "16 characters" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_command_runs_until_it_is_told_to_end(number: int, tmp_path: Path, models: FileModelStore) -> None:
    models.require("centerface")
    clip = write_clip(tmp_path / "clip.mp4")
    words = [f"door={clip}", "--loop", "--publish", "http://127.0.0.1:0", "--publish", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, "-m", "unseen", "live", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ},
    )  # fmt: skip
    assert process.stdout is not None
    address = next(line for line in process.stdout if line.startswith("watch at ")).split()[-1]
    assert "end with Ctrl-C" in process.stdout.readline() + process.stdout.readline()
    frames = 0
    while frames < 20:
        with urllib.request.urlopen(f"{address}status", timeout=20) as answer:
            frames = json.load(answer)["cameras"]["door"]["frames"]["out"]
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err == ""
    assert "frames in" in out
    files = list((tmp_path / "out" / "door").iterdir())
    assert [path.suffix for path in files] == [".mp4"]
    assert not files[0].name.startswith(".")
    assert len(bright_shares(files[0])) >= 10
